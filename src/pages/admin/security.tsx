import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { subjectOfEvent } from '../../shared/security/event-subject.ts'
import type { SecurityEventKind } from '../../shared/security/security-event.ts'
import { Badge, type Tone } from '../design/badge.tsx'
import { Dialog } from '../design/dialog.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import { useAction } from './act.ts'
import type { Api } from './api.ts'
import type { Allowed, Block, SecurityEvent } from './api-types.ts'
import { Confirm, type Question } from './confirm.tsx'
import { Live } from './live.tsx'
import { usePaged } from './paged.tsx'
import { Link } from './router.tsx'
import { type Column, Table } from './table.tsx'
import { At } from './times.tsx'
import { usePolled } from './use-polled.ts'

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
}

type Asked = { what: 'block' | 'allow'; subject: string }

export function SecurityPage({ api }: { api: Api }) {
  const blocks = usePolled(api.blocks, EVERY_MS, [api])
  const allowed = usePolled(api.allowed, EVERY_MS, [api])
  const [asked, setAsked] = useState<Asked>()
  const [question, setQuestion] = useState<Question>()
  const refresh = () => {
    blocks.refresh()
    allowed.refresh()
  }
  const lift = ({ subject }: Block) =>
    setQuestion({
      title: 'Lift this block?',
      text: `${subject} may call again at once. Its score and earlier blocks are reset.`,
      verb: 'Lift it',
      work: async () => {
        await api.unblock(subject)
        refresh()
        return `${subject} is no longer blocked.`
      },
    })
  const disallow = ({ subject }: Allowed) =>
    setQuestion({
      title: 'Remove this exemption?',
      text: `${subject} can be blocked again.`,
      verb: 'Remove it',
      work: async () => {
        await api.disallow(subject)
        refresh()
        return `${subject} can be blocked again.`
      },
    })
  return (
    <div class="page">
      <header class="head">
        <h1>Security</h1>
        <div class="actions">
          <button type="button" class="button" onClick={() => setAsked({ what: 'allow', subject: '' })}>
            Never block …
          </button>
          <button type="button" class="button primary" onClick={() => setAsked({ what: 'block', subject: '' })}>
            Block …
          </button>
        </div>
      </header>
      <Live of={[blocks, allowed]}>
        <div class="columns two">
          {blocks.value && <Blocks blocks={blocks.value} onLift={lift} />}
          {allowed.value && <Exempt allowed={allowed.value} onEnd={disallow} />}
        </div>
      </Live>
      <Events api={api} onBlock={(subject) => setAsked({ what: 'block', subject })} />
      {asked && <SubjectDialog api={api} asked={asked} onDone={refresh} onClose={() => setAsked(undefined)} />}
      {question && <Confirm question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}

function Blocks({ blocks, onLift }: { blocks: readonly Block[]; onLift: (block: Block) => void }) {
  const end = ({ until }: Block) =>
    until === null ? (
      'until it is lifted'
    ) : (
      <>
        until <At at={until} />
      </>
    )
  return (
    <Subjects id="blocks" title="Blocked" empty="Nobody is blocked." subjects={blocks} when={end} onEnd={onLift}>
      {({ subject }) => (
        <>
          Lift<span class="unseen"> the block of {subject}</span>
        </>
      )}
    </Subjects>
  )
}

function Exempt({ allowed, onEnd }: { allowed: readonly Allowed[]; onEnd: (one: Allowed) => void }) {
  const since = (one: Allowed) => (
    <>
      since <At at={one.since} />
    </>
  )
  return (
    <Subjects
      id="allowed"
      title="Never blocked"
      empty="Nobody is exempt."
      subjects={allowed}
      when={since}
      onEnd={onEnd}
    >
      {({ subject }) => (
        <>
          End<span class="unseen"> the exemption of {subject}</span>
        </>
      )}
    </Subjects>
  )
}

/** Callers about whom something was decided, and a button that ends it. */
function Subjects<Decision extends Pick<Block, 'subject' | 'reason' | 'by'>>({
  id,
  title,
  empty,
  subjects,
  when,
  onEnd,
  children: words,
}: {
  id: string
  title: string
  empty: string
  subjects: readonly Decision[]
  when: (one: Decision) => ComponentChildren
  onEnd: (one: Decision) => void
  children: (one: Decision) => ComponentChildren
}) {
  return (
    <section class="card listed" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {subjects.length === 0 ? (
        <p class="empty">{empty}</p>
      ) : (
        <ul class="subjects">
          {subjects.map((one) => (
            <li key={one.subject}>
              <div>
                <strong class="mono">{one.subject}</strong>
                <p class="faint">
                  {when(one)}
                  {one.reason !== '' && `, ${shown(one.reason)}`} <span>by {one.by}</span>
                </p>
              </div>
              <button type="button" class="button" onClick={() => onEnd(one)}>
                {words(one)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Events({ api, onBlock }: { api: Api; onBlock: (subject: string) => void }) {
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

const HOUR = 3600
const LENGTHS = [
  { words: 'An hour', seconds: HOUR },
  { words: 'A day', seconds: 24 * HOUR },
  { words: 'A week', seconds: 7 * 24 * HOUR },
  { words: 'Until somebody lifts it', seconds: undefined },
]

function SubjectDialog({
  api,
  asked: { what, subject: given },
  onDone,
  onClose,
}: {
  api: Api
  asked: Asked
  onDone: () => void
  onClose: () => void
}) {
  const { busy, problem, run } = useAction('here')
  const [subject, setSubject] = useState(given)
  const [length, setLength] = useState(0)
  const [reason, setReason] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    // An address alone is the usual thing to have at hand.
    const whole = /^(address|key|end-user):/.test(subject.trim()) ? subject.trim() : `address:${subject.trim()}`
    const seconds = LENGTHS[length]?.seconds
    const given = reason.trim() === '' ? {} : { reason: reason.trim() }
    const work = async () => {
      if (what === 'allow') await api.allow(whole, given)
      else await api.block(whole, { ...given, ...(seconds !== undefined && { seconds }) })
      onDone()
      return what === 'allow' ? `${whole} is never blocked from now on.` : `${whole} is blocked.`
    }
    void run(work).then((done) => done && onClose())
  }
  return (
    <Dialog title={what === 'allow' ? 'Never block a caller' : 'Block a caller'} onClose={onClose}>
      <form class="fields" onSubmit={submit}>
        {problem && <ProblemNotice problem={problem} />}
        <div class="field">
          <label for="subject">Address, key or end user</label>
          <input
            class="input mono"
            id="subject"
            value={subject}
            placeholder="203.0.113.7, key:ID or end-user:TENANT:ID"
            spellcheck={false}
            required
            onInput={(event) => setSubject(event.currentTarget.value)}
          />
          <p class="hint">An IPv6 address stands for its network of 64 bits.</p>
        </div>
        {what === 'block' && (
          <div class="field">
            <label for="length">For</label>
            <select
              class="select"
              id="length"
              value={length}
              onChange={(event) => setLength(Number(event.currentTarget.value))}
            >
              {LENGTHS.map(({ words }, index) => (
                <option key={words} value={index}>
                  {words}
                </option>
              ))}
            </select>
          </div>
        )}
        <div class="field">
          <label for="reason">Reason</label>
          <input
            class="input"
            id="reason"
            value={reason}
            maxLength={200}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </div>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" class={`button ${what === 'allow' ? 'primary' : 'danger'}`} disabled={busy}>
            {what === 'allow' ? 'Never block' : 'Block'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
