import { useState } from 'preact/hooks'
import { Badge } from '../design/badge.tsx'
import { formatBytes } from '../design/format.ts'
import { shown } from '../playground/output/odd-characters.ts'
import type { Api } from './api.ts'
import type { SessionRow } from './api-types.ts'
import type { Question } from './confirm.tsx'
import { ListPage } from './list-page.tsx'
import { Link } from './router.tsx'
import { questionToEnd, SESSION_TONES } from './session.tsx'
import { usePaged } from './paged.tsx'
import type { Column } from './table.tsx'
import { TenantFilter } from './tenant-filter.tsx'
import { Ago, At } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 5_000

/** The sessions of all tenants that live: whose, since when, how much memory. */
export function SessionsPage({ api }: { api: Api }) {
  const [tenant, setTenant] = useState('')
  const [question, setQuestion] = useState<Question>()
  const wanted = tenant.trim() || undefined
  const { polled, items, older } = usePaged(
    (cursor?: string) => api.sessions({ tenant: wanted, limit: '50', cursor }),
    EVERY_MS,
    tenant,
  )
  const use = usePolled(() => api.sessionUse(wanted), EVERY_MS, [api, tenant])
  const end = (session: SessionRow) =>
    setQuestion(
      questionToEnd(api, session, () => {
        polled.refresh()
        use.refresh()
      }),
    )
  const actions = (session: SessionRow) => (
    <button type="button" class="button quiet" onClick={() => end(session)}>
      End<span class="unseen"> session {session.id}</span>
    </button>
  )
  return (
    <ListPage
      title="Sessions"
      summary={
        use.value && (
          <>
            {use.value.count} with {formatBytes(use.value.memoryBytes)} of memory
          </>
        )
      }
      filter={<TenantFilter label="Sessions" tenant={tenant} onInput={setTenant} />}
      polled={polled}
      rows={items}
      keyOf={({ id }) => id}
      columns={COLUMNS}
      actions={actions}
      empty="No session is running."
      older={older}
      question={question}
      onAnswered={() => setQuestion(undefined)}
    />
  )
}

const COLUMNS: Column<SessionRow>[] = [
  {
    title: 'Session',
    cell: ({ id, language, version }) => (
      <>
        {language} {version}{' '}
        <Link to={`/admin/sessions/${id}`} class="mono">
          {id}
        </Link>
      </>
    ),
  },
  { title: 'State', cell: ({ state }) => <Badge tone={SESSION_TONES[state]} words={state} /> },
  {
    title: 'Tenant',
    cell: ({ tenant, endUser }) => (
      <>
        {tenant} {endUser !== undefined && <span class="faint">{shown(endUser)}</span>}
      </>
    ),
  },
  { title: 'Memory', class: 'numeric', cell: ({ limits }) => formatBytes(limits.memoryBytes) },
  { title: 'Started', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { title: 'Last used', cell: ({ lastActiveAt }) => (lastActiveAt === null ? '–' : <Ago at={lastActiveAt} />) },
  { title: 'Ends', cell: ({ endsAt }) => (endsAt === null ? '–' : <At at={endsAt} />) },
]
