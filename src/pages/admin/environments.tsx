import { useState } from 'preact/hooks'
import { type EnvironmentStanding, standingOf } from '../../client/environment-standing.ts'
import { packageKindOf } from '../client/package-kinds.ts'
import { Badge, type Tone } from '../design/badge.tsx'
import { Dialog } from '../design/dialog.tsx'
import { formatBytes } from '../design/format.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import { useAction } from './act.ts'
import type { Api } from './api.ts'
import type { EnvironmentRow, NewPackageBan, PackageBan } from './api-types.ts'
import type { Question } from './confirm.tsx'
import { ListPage } from './list-page.tsx'
import { Live } from './live.tsx'
import { type Column, Table } from './table.tsx'
import { TenantFilter } from './tenant-filter.tsx'
import { At, Took } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 5_000

const STATES: Record<EnvironmentStanding, { tone: Tone; words: string }> = {
  queued: { tone: 'neutral', words: 'Queued' },
  building: { tone: 'busy', words: 'Installing' },
  ready: { tone: 'good', words: 'Ready' },
  failed: { tone: 'bad', words: 'Failed' },
  evicted: { tone: 'neutral', words: 'Evicted' },
  banned: { tone: 'bad', words: 'Banned' },
}

const INDEXES: Record<PackageBan['ecosystem'], string> = {
  pypi: 'PyPI',
  npm: 'npm',
  go: 'Go',
  crates: 'crates',
  maven: 'Maven',
  rubygems: 'RubyGems',
}

/** What is known of the one package that a ban is about. */
type Asked = Pick<NewPackageBan, 'ecosystem' | 'name' | 'version'>

/** The packages that were installed for jobs, and those that nobody gets. */
export function EnvironmentsPage({ api }: { api: Api }) {
  const [tenant, setTenant] = useState('')
  const [question, setQuestion] = useState<Question>()
  const [asked, setAsked] = useState<Asked>()
  const [open, setOpen] = useState<string>()
  const polled = usePolled(api.environments, EVERY_MS, [api])
  const bans = usePolled(api.packageBans, EVERY_MS, [api])
  const rows = polled.value?.filter(({ firstAsked }) => firstAsked.tenant.includes(tenant.trim()))
  const total = rows?.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
  const lift = (ban: PackageBan) =>
    setQuestion({
      title: 'Lift this ban?',
      text: `${nameOf(ban)} can be installed again.`,
      verb: 'Lift it',
      work: async () => {
        await api.unbanPackage(ban)
        bans.refresh()
        return `${nameOf(ban)} is no longer banned.`
      },
    })
  const evict = ({ id, dependencies }: EnvironmentRow) => {
    const what = dependencies.map(shown).join(', ')
    setOpen(undefined)
    setQuestion({
      title: 'Evict these packages?',
      text: `${what} goes from every host, where a job has it once that has ended. Whoever uses it next has it installed again.`,
      verb: 'Evict them',
      work: async () => {
        await api.evictEnvironment(id)
        polled.refresh()
        return `${what} is being removed.`
      },
    })
  }
  const actions = (row: EnvironmentRow) => (
    <button type="button" class="button quiet" onClick={() => setOpen(row.id)}>
      Details<span class="unseen"> of {row.dependencies.map(shown).join(', ')}</span>
    </button>
  )
  const detailed = rows?.find(({ id }) => id === open)
  const banned = (
    <section class="card listed" aria-labelledby="bans">
      <header>
        <h2 id="bans">Banned packages</h2>
        <button type="button" class="button" onClick={() => setAsked({ ecosystem: 'pypi', name: '' })}>
          Ban a package …
        </button>
      </header>
      <Live of={[bans]}>
        {bans.value?.length === 0 && <p class="empty">No package is banned.</p>}
        {bans.value && bans.value.length > 0 && (
          <Table
            rows={bans.value}
            keyOf={(ban) => `${ban.ecosystem}:${nameOf(ban)}`}
            columns={BAN_COLUMNS}
            actions={(ban) => (
              <button type="button" class="button quiet" onClick={() => lift(ban)}>
                Lift<span class="unseen"> the ban of {nameOf(ban)}</span>
              </button>
            )}
          />
        )}
      </Live>
    </section>
  )
  return (
    <ListPage
      title="Packages"
      summary={rows && `${rows.length} environments, ${formatBytes(total ?? 0)} on the disk of a host`}
      before={banned}
      filter={<TenantFilter label="Packages" tenant={tenant} onInput={setTenant} />}
      polled={polled}
      rows={rows}
      keyOf={({ id }) => id}
      columns={COLUMNS}
      actions={actions}
      empty="No packages were installed for jobs."
      question={question}
      onAnswered={() => setQuestion(undefined)}
    >
      {detailed && !asked && (
        <Details
          api={api}
          environment={detailed}
          onBan={setAsked}
          onEvict={() => evict(detailed)}
          onClose={() => setOpen(undefined)}
        />
      )}
      {asked && (
        <BanDialog
          api={api}
          asked={asked}
          onDone={() => {
            setOpen(undefined)
            bans.refresh()
            polled.refresh()
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </ListPage>
  )
}

const nameOf = ({ name, version }: Pick<PackageBan, 'name' | 'version'>): string =>
  version === null ? name : `${name} ${version}`

const COLUMNS: Column<EnvironmentRow>[] = [
  {
    title: 'Packages',
    cell: ({ dependencies, packages }) => (
      <>
        {dependencies.map(shown).join(', ')}
        {packages.length > 0 && <span class="faint"> {packages.length} installed</span>}
      </>
    ),
  },
  { title: 'Language', cell: ({ language, version }) => `${language} ${version}` },
  {
    title: 'State',
    cell: (row) => (
      <>
        <Badge {...STATES[standingOf(row)]} moving={row.state === 'building'} />{' '}
        <span class="faint">{shown(row.error?.code ?? row.progress ?? '')}</span>
      </>
    ),
  },
  { title: 'Size', class: 'numeric', cell: ({ bytes }) => (bytes === null ? '–' : formatBytes(bytes)) },
  { title: 'First asked by', cell: ({ firstAsked }) => firstAsked.tenant },
  { title: 'Tenants', class: 'numeric', cell: ({ tenants }) => tenants.length },
  { title: 'Last used', cell: ({ usedAt }) => <At at={usedAt} /> },
  { title: 'Created', cell: ({ createdAt }) => <At at={createdAt} /> },
  { title: 'Took', cell: ({ createdAt, finishedAt }) => <Took from={createdAt} to={finishedAt} /> },
]

const BAN_COLUMNS: Column<PackageBan>[] = [
  { title: 'Package', cell: ({ name }) => <span class="mono">{name}</span> },
  { title: 'Version', cell: ({ version }) => version ?? 'every version' },
  { title: 'Index', cell: ({ ecosystem }) => INDEXES[ecosystem] },
  { title: 'Reason', cell: ({ reason }) => shown(reason) },
  { title: 'Since', cell: ({ bannedAt }) => <At at={bannedAt} /> },
]

/** What is installed, or why it is not. */
function Details({
  api,
  environment: { id, language, state, error, packages, lock, files, firstAsked, tenants, ban, evictedAt },
  onBan,
  onEvict,
  onClose,
}: {
  api: Api
  environment: EnvironmentRow
  onBan: (asked: Asked) => void
  onEvict: () => void
  onClose: () => void
}) {
  const details = usePolled(() => api.environment(id), EVERY_MS, [api, id])
  const log = details.value?.log ?? null
  return (
    <Dialog title="Environment" onClose={onClose}>
      <p class="faint mono">{id}</p>
      <p>
        First asked for by {firstAsked.tenant} from <span class="mono">{firstAsked.address}</span>
        {firstAsked.keyId !== null && <> with key {firstAsked.keyId}</>}.{files !== null && ` ${files} files.`}
      </p>
      <p>Asked for by {tenants.map(shown).join(', ')}.</p>
      {ban && <p class="notice bad">{shown(ban)}</p>}
      {evictedAt && (
        <p>
          Evicted <At at={evictedAt} />: it goes from each host once nothing that runs has it. The next use installs it
          again.
        </p>
      )}
      {error && (
        <div class="notice bad">
          <strong>{error.code}</strong>
          <pre class="log">{shown(error.detail)}</pre>
        </div>
      )}
      {packages.length > 0 && (
        <ul class="plain packages">
          {packages.map(({ name, version }) => (
            <li key={`${name}@${version}`}>
              <span class="mono">
                {name} {version}
              </span>
              <button
                type="button"
                class="button quiet"
                onClick={() => onBan({ ecosystem: packageKindOf(language).ecosystem, name, version })}
              >
                Ban …<span class="unseen"> {name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {lock !== null && (
        <details>
          <summary>Lock</summary>
          <pre class="log">{shown(lock)}</pre>
        </details>
      )}
      {log !== null && (
        <details>
          <summary>Log of the build</summary>
          <pre class="log">{shown(log)}</pre>
        </details>
      )}
      {state === 'ready' && (
        <div class="actions">
          <button type="button" class="button danger" onClick={onEvict}>
            Evict …
          </button>
        </div>
      )}
    </Dialog>
  )
}

function BanDialog({
  api,
  asked,
  onDone,
  onClose,
}: {
  api: Api
  asked: Asked
  onDone: () => void
  onClose: () => void
}) {
  const { busy, problem, run } = useAction('here')
  const [ecosystem, setEcosystem] = useState(asked.ecosystem)
  const [name, setName] = useState(asked.name)
  const [version, setVersion] = useState(asked.version ?? '')
  const [reason, setReason] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    const ban: NewPackageBan = {
      ecosystem,
      name: name.trim(),
      ...(version.trim() !== '' && { version: version.trim() }),
      ...(reason.trim() !== '' && { reason: reason.trim() }),
    }
    const work = async () => {
      await api.banPackage(ban)
      onDone()
      return `${ban.name} is banned.`
    }
    void run(work).then((done) => done && onClose())
  }
  const field = (id: string, label: string, value: string, set: (value: string) => void, hint = '') => (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        class="input"
        id={id}
        value={value}
        spellcheck={false}
        autocapitalize="off"
        required={id === 'package'}
        onInput={(event) => set(event.currentTarget.value)}
      />
      {hint && <p class="hint">{hint}</p>}
    </div>
  )
  return (
    <Dialog title="Ban a package" onClose={onClose}>
      <form class="fields" onSubmit={submit}>
        {problem && <ProblemNotice problem={problem} />}
        <p>Nobody can install it from then on, and each host removes environments that have it.</p>
        <div class="field">
          <label for="index">Index</label>
          <select
            class="select"
            id="index"
            value={ecosystem}
            onChange={(event) => setEcosystem(event.currentTarget.value as PackageBan['ecosystem'])}
          >
            {Object.entries(INDEXES).map(([id, words]) => (
              <option key={id} value={id}>
                {words}
              </option>
            ))}
          </select>
        </div>
        {field('package', 'Package', name, setName)}
        {field('version', 'Version', version, setVersion, 'Leave it empty to ban every version.')}
        {field('reason', 'Reason', reason, setReason, 'Shown to whoever asks for the package.')}
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" class="button danger" disabled={busy}>
            Ban
          </button>
        </div>
      </form>
    </Dialog>
  )
}
