import { useEffect, useState } from 'preact/hooks'
import type { State, Status } from '../../shared/job.ts'
import { JobBadge, STATE_WORDS, STATUS_WORDS } from '../design/badge.tsx'
import type { Api } from './api.ts'
import type { JobRow } from './api-types.ts'
import { Live } from './live.tsx'
import { usePaged } from './paged.tsx'
import { go, Link } from './router.tsx'
import { type Column, Table } from './table.tsx'
import { At, Took } from './times.tsx'

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
  const read = (cursor?: string) => api.jobs({ ...filter, limit: '50', cursor })
  const { polled, items: jobs, older } = usePaged(read, EVERY_MS, key)
  const [languages, setLanguages] = useState<string[]>([])
  useEffect(() => {
    api.runtimes().then(
      ({ runtimes }) => setLanguages(runtimes.map(({ language }) => language)),
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
  return (
    <div class="page">
      <header class="head">
        <h1>Jobs</h1>
      </header>
      <form class="filters" role="search" aria-label="Jobs" onSubmit={(event) => openById(event, filter.id)}>
        {text('id', 'Id', 'or its beginning')}
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
            {jobs.length === 0 ? (
              <p class="empty">No jobs match.</p>
            ) : (
              <Table rows={jobs} keyOf={({ id }) => id} columns={COLUMNS} />
            )}
            {older}
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

const COLUMNS: Column<JobRow>[] = [
  { title: 'Job', class: 'mono', cell: ({ id }) => <Link to={`/admin/jobs/${id}`}>{id}</Link> },
  { title: 'Tenant', cell: ({ tenant }) => tenant },
  {
    title: 'Runs',
    cell: ({ language, image, version }) => (
      <>
        {language ?? image} <span class="faint">{version}</span>
      </>
    ),
  },
  { title: 'State', cell: ({ state, status }) => <JobBadge state={state} status={status} /> },
  { title: 'Created', cell: ({ createdAt }) => <At at={createdAt} /> },
  { title: 'Took', class: 'numeric', cell: ({ startedAt, finishedAt }) => <Took from={startedAt} to={finishedAt} /> },
]
