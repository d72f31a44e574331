import { useState } from 'preact/hooks'
import { subjectOfEvent } from '../../shared/security/event-subject.ts'
import type { SecurityEventKind } from '../../shared/security/security-event.ts'
import { Badge, type Tone } from '../design/badge.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import type { Api } from './api.ts'
import type { SecurityEvent } from './api-types.ts'
import { Live } from './live.tsx'
import { usePaged } from './paged.tsx'
import { Link } from './router.tsx'
import { type Column, Table } from './table.tsx'
import { At } from './times.tsx'

const EVERY_MS = 4000

const KINDS: Record<SecurityEventKind, { words: string; tone: Tone }> = {
  'escape-attempt': { words: 'Escape attempt', tone: 'bad' },
  'submission-blocked': { words: 'Submission blocked', tone: 'warn' },
  'authentication-failed': { words: 'Authentication failed', tone: 'warn' },
  'scope-refused': { words: 'Scope refused', tone: 'warn' },
  'rate-limited': { words: 'Rate limited', tone: 'warn' },
  'time-limit': { words: 'Time limit', tone: 'neutral' },
  'caller-blocked': { words: 'Blocked', tone: 'bad' },
  'caller-unblocked': { words: 'Unblocked', tone: 'good' },
  'caller-allowed': { words: 'Allowed', tone: 'good' },
  'caller-disallowed': { words: 'No longer allowed', tone: 'neutral' },
  'key-created': { words: 'Key created', tone: 'busy' },
  'key-revoked': { words: 'Key revoked', tone: 'busy' },
  'admin-login': { words: 'Logged in', tone: 'busy' },
  'admin-logout': { words: 'Logged out', tone: 'busy' },
  'job-cancelled': { words: 'Job cancelled', tone: 'busy' },
  'job-run-again': { words: 'Job run again', tone: 'busy' },
  'webhook-redelivered': { words: 'Webhook redelivered', tone: 'busy' },
  'webhook-cancelled': { words: 'Webhook cancelled', tone: 'busy' },
  'webhook-tested': { words: 'Webhook tested', tone: 'busy' },
  'runtime-install': { words: 'Runtime install', tone: 'busy' },
  'runtime-remove': { words: 'Runtime removal', tone: 'busy' },
  'file-deleted': { words: 'File deleted', tone: 'busy' },
  'session-ended': { words: 'Session ended', tone: 'busy' },
  'package-banned': { words: 'Package banned', tone: 'busy' },
  'package-unbanned': { words: 'Package ban lifted', tone: 'busy' },
  'environment-evicted': { words: 'Packages evicted', tone: 'busy' },
  'submissions-compared': { words: 'Submissions compared', tone: 'busy' },
}

export function Events({ api, onBlock }: { api: Api; onBlock: (subject: string) => void }) {
  const [kind, setKind] = useState('')
  const { polled, items: events, older } = usePaged((cursor) => api.events(kind, cursor), EVERY_MS, kind)
  return (
    <section class="card listed" aria-labelledby="events">
      <header>
        <h2 id="events">Events</h2>
        <label class="inline">
          <span>Kind</span>
          <select class="select" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>
            <option value="">Any</option>
            {Object.entries(KINDS).map(([name, { words }]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </header>
      <Live of={[polled]}>
        {events?.length === 0 && <p class="empty">No events match.</p>}
        {events && events.length > 0 && (
          <Table
            rows={events}
            keyOf={({ id }) => id}
            columns={EVENT_COLUMNS}
            actions={(event) => <BlockButton event={event} onBlock={onBlock} />}
          />
        )}
      </Live>
      {older}
    </section>
  )
}

const EVENT_COLUMNS: Column<SecurityEvent>[] = [
  { title: 'When', cell: ({ timestamp }) => <At at={timestamp} /> },
  { title: 'What', cell: ({ kind }) => <Badge {...KINDS[kind]} /> },
  {
    title: 'Who',
    class: 'who',
    cell: ({ address, keyId, endUser, tenant }) => (
      <>
        {address !== null && <span class="mono">{address}</span>}
        {keyId !== null && <span class="mono">key {keyId}</span>}
        {endUser !== undefined && <span class="mono">{shown(endUser)}</span>}
        {tenant !== null && <span class="faint">{tenant}</span>}
      </>
    ),
  },
  {
    title: 'Detail',
    class: 'detail',
    cell: ({ detail, jobId }) => (
      <>
        {shown(detail)} {jobId !== null && <Link to={`/admin/jobs/${jobId}`}>the job</Link>}
      </>
    ),
  },
]

function BlockButton({ event, onBlock }: { event: SecurityEvent; onBlock: (subject: string) => void }) {
  const { tone } = KINDS[event.kind]
  // What an operator did is no reason to block anybody.
  const isCallers = tone === 'bad' || tone === 'warn' || tone === 'neutral'
  const subject = subjectOfEvent(event)
  if (!isCallers || subject === undefined || event.kind === 'caller-blocked') return null
  return (
    <button type="button" class="button quiet" onClick={() => onBlock(subject)}>
      Block …<span class="unseen"> {subject}</span>
    </button>
  )
}
