import { useState } from 'preact/hooks'
import { formatBytes } from '../design/format.ts'
import { shown } from '../playground/output/odd-characters.ts'
import type { Api } from './api.ts'
import type { FileRow } from './api-types.ts'
import type { Question } from './confirm.tsx'
import { ListPage } from './list-page.tsx'
import { usePaged } from './paged.tsx'
import { Link } from './router.tsx'
import type { Column } from './table.tsx'
import { TenantFilter } from './tenant-filter.tsx'
import { At } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 10_000

/** The files of all tenants: how large, whose, until when. */
export function FilesPage({ api }: { api: Api }) {
  const [tenant, setTenant] = useState('')
  const [question, setQuestion] = useState<Question>()
  const wanted = tenant.trim() || undefined
  const { polled, items, older } = usePaged(
    (cursor?: string) => api.files({ tenant: wanted, limit: '50', cursor }),
    EVERY_MS,
    tenant,
  )
  const store = usePolled(() => api.fileStore(wanted), EVERY_MS, [api, tenant])
  const remove = ({ id, name, tenant: owner }: FileRow) =>
    setQuestion({
      title: 'Delete this file?',
      text: `“${shown(name)}” of the tenant ${owner} is deleted. Jobs that were submitted with it still get it. This cannot be undone.`,
      verb: 'Delete it',
      work: async () => {
        await api.deleteFile(id)
        polled.refresh()
        return `The file ${shown(name)} is deleted.`
      },
    })
  const actions = (file: FileRow) => (
    <button type="button" class="button quiet" onClick={() => remove(file)}>
      Delete<span class="unseen"> {shown(file.name)}</span>
    </button>
  )
  return (
    <ListPage
      title="Files"
      summary={
        store.value && (
          <>
            {formatBytes(store.value.storedBytes)} of {formatBytes(store.value.maxBytes)} used
          </>
        )
      }
      filter={<TenantFilter label="Files" tenant={tenant} onInput={setTenant} />}
      polled={polled}
      rows={items}
      keyOf={({ id }) => id}
      columns={COLUMNS}
      actions={actions}
      empty="No files match."
      older={older}
      question={question}
      onAnswered={() => setQuestion(undefined)}
    />
  )
}

const COLUMNS: Column<FileRow>[] = [
  {
    title: 'Name',
    cell: ({ id, name }) => (
      <>
        {shown(name)} <span class="faint mono">{id}</span>
      </>
    ),
  },
  { title: 'Tenant', cell: ({ tenant }) => tenant },
  { title: 'Size', class: 'numeric', cell: ({ bytes }) => formatBytes(bytes) },
  {
    title: 'Made by',
    cell: ({ jobId }) =>
      jobId === undefined ? <span class="faint">upload</span> : <Link to={`/admin/jobs/${jobId}`}>a job</Link>,
  },
  { title: 'Created', cell: ({ createdAt }) => <At at={createdAt} /> },
  { title: 'Expires', cell: ({ expiresAt }) => <At at={expiresAt} /> },
]
