import { useEffect, useState } from 'preact/hooks'
import type { State, Status } from '../../shared/job.ts'
import { JobBadge, STATE_WORDS, STATUS_WORDS } from '../design/badge.tsx'
import type { Api } from './api.ts'
import type { JobRow } from './api-types.ts'
import { Live } from './live.tsx'
import { MoreButton, useMore } from './more.tsx'
import { go, Link } from './router.tsx'
import { At, Took } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 3000
const FILTERS = ['id', 'tenant', 'state', 'status', 'language'] as const
type Filter = Partial<Record<(typeof FILTERS)[number], string>>

const filterOf = (search: string): Filter => {
  const given = new URLSearchParams(search)
  return Object.fromEntries(FILTERS.flatMap((name) => (given.get(name) ? [[name, given.get(name) ?? '']] : [])))
}

export function JobsPage({ api }: { api: Api }) {
  const [filter, setFilter] = useState(() => filterOf(location.search))
  const key = JSON.stringify(filter)
  const polled = usePolled(() => api.jobs({ ...filter, limit: '50' }), EVERY_MS, [api, key])
  const first = polled.value
  const more = useMore<JobRow>(key)
  const [languages, setLanguages] = useState<string[]>([])
  useEffect(() => {
    api.runtimes().then(
      (found) => setLanguages(found.map(({ language }) => language)),
      () => undefined,
    )
  }, [api])

  const change = (name: keyof Filter, value: string) => {
    const next = { ...filter, [name]: value.trim() }
    if (next[name] === '') delete next[name]
    setFilter(next)
    const search = new URLSearchParams(next).toString()
    history.replaceState(null, '', `/admin/jobs${search === '' ? '' : `?${search}`}`)
  }
  const select = (name: 'state' | 'status' | 'language', label: string, options: [value: string, words: string][]) => (
    <div class="field">
      <label for={name}>{label}</label>
      <select
        class="select"
        id={name}
        value={filter[name] ?? ''}
        onChange={(event) => change(name, event.currentTarget.value)}
      >
        <option value="">Any</option>
        {options.map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </div>
  )
  const text = (name: 'id' | 'tenant', label: string, placeholder: string) => (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        class={`input${name === 'id' ? ' mono' : ''}`}
        id={name}
        value={filter[name] ?? ''}
        placeholder={placeholder}
        spellcheck={false}
        onInput={(event) => change(name, event.currentTarget.value)}
      />
    </div>
  )
  const jobs = first && [...first.jobs, ...more.items.filter(({ id }) => !first.jobs.some((one) => one.id === id))]
  return (
    <div class="page">
      <header class="head">
        <h1>Jobs</h1>
      </header>
      <form class="filters" role="search" aria-label="Jobs" onSubmit={(event) => openById(event, filter.id)}>
        {text('id', 'Id', 'or how it begins')}
        {text('tenant', 'Tenant', 'anybody')}
        {select(
          'state',
          'State',
          (Object.keys(STATE_WORDS) as State[]).map((name) => [name, STATE_WORDS[name].words]),
        )}
        {select(
          'status',
          'Ended',
          (Object.keys(STATUS_WORDS) as Status[]).map((name) => [name, STATUS_WORDS[name].words]),
        )}
        {select(
          'language',
          'Language',
          languages.map((name) => [name, name]),
        )}
      </form>
      <Live of={[polled]}>
        {jobs && (
          <section class="card listed" aria-label="Jobs">
            {jobs.length === 0 ? <p class="empty">There are no such jobs.</p> : <JobTable jobs={jobs} />}
            <MoreButton
              more={more}
              next={first?.next ?? null}
              read={async (cursor) => {
                const page = await api.jobs({ ...filter, limit: '50', cursor })
                return { items: page.jobs, next: page.next }
              }}
            />
          </section>
        )}
      </Live>
    </div>
  )
}

function openById(event: Event, id = '') {
  event.preventDefault()
  if (/^[0-9a-f-]{36}$/.test(id)) go(`/admin/jobs/${id}`)
}

function JobTable({ jobs }: { jobs: readonly JobRow[] }) {
  return (
    <table class="table stacks">
      <thead>
        <tr>
          <th>Job</th>
          <th>Tenant</th>
          <th>Runs</th>
          <th>State</th>
          <th>Created</th>
          <th class="numeric">Took</th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <tr key={job.id}>
            <td data-label="Job" class="mono">
              <Link to={`/admin/jobs/${job.id}`}>{job.id}</Link>
            </td>
            <td data-label="Tenant">{job.tenant}</td>
            <td data-label="Runs">
              {job.language ?? job.image} <span class="faint">{job.version}</span>
            </td>
            <td data-label="State">
              <JobBadge state={job.state} status={job.status} />
            </td>
            <td data-label="Created">
              <At at={job.createdAt} />
            </td>
            <td data-label="Took" class="numeric">
              <Took from={job.startedAt} to={job.finishedAt} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
