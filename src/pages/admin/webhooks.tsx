import { useState } from 'preact/hooks'
import { Badge, type Tone } from '../design/badge.tsx'
import { formatMs } from '../design/format.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import { useAction } from './act.ts'
import type { Api } from './api.ts'
import type { Delivery } from './api-types.ts'
import { Live } from './live.tsx'
import { usePaged } from './paged.tsx'
import { Link } from './router.tsx'
import { type Column, Table } from './table.tsx'
import { TenantFilter } from './tenant-filter.tsx'
import { At, Due } from './times.tsx'

const EVERY_MS = 3000
const STATES: Record<Delivery['state'], { tone: Tone; words: string }> = {
  pending: { tone: 'busy', words: 'Pending' },
  succeeded: { tone: 'good', words: 'Delivered' },
  failed: { tone: 'bad', words: 'Failed' },
  cancelled: { tone: 'neutral', words: 'Cancelled' },
}

/** Pending too, but tried before: the next attempt is told with it. */
const RETRYING: { tone: Tone; words: string } = { tone: 'warn', words: 'Retrying' }

export function WebhooksPage({ api }: { api: Api }) {
  const [state, setState] = useState('')
  const [tenant, setTenant] = useState('')
  const filter = { state, tenant: tenant.trim(), limit: '50' }
  const key = JSON.stringify(filter)
  const read = (cursor?: string) => api.deliveries({ ...filter, cursor })
  const { polled, items: list, older } = usePaged(read, EVERY_MS, key)
  const { refresh } = polled
  return (
    <div class="page">
      <header class="head">
        <h1>Webhooks</h1>
      </header>
      <TenantFilter label="Deliveries" tenant={tenant} onInput={setTenant}>
        <div class="field">
          <label for="state">State</label>
          <select class="select" id="state" value={state} onChange={(event) => setState(event.currentTarget.value)}>
            <option value="">Any</option>
            {Object.entries(STATES).map(([name, { words }]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </div>
      </TenantFilter>
      <TestEvent api={api} refresh={refresh} />
      <Live of={[polled]}>
        {list && (
          <section class="card listed" aria-label="Deliveries">
            {list.length === 0 ? (
              <p class="empty">No deliveries match.</p>
            ) : (
              <ul class="deliveries">
                {list.map((delivery) => (
                  <DeliveryItem key={delivery.id} api={api} delivery={delivery} refresh={refresh} />
                ))}
              </ul>
            )}
            {older}
          </section>
        )}
      </Live>
    </div>
  )
}

/** A first webhook, without a job. */
function TestEvent({ api, refresh }: { api: Api; refresh: () => void }) {
  const [tenant, setTenant] = useState('local')
  const [url, setUrl] = useState('')
  const { busy, problem, run } = useAction('here')
  const send = async () => {
    await api.testWebhook(tenant.trim(), url.trim())
    refresh()
    return 'The test event was sent to the queue.'
  }
  return (
    <details class="card">
      <summary>Send a test event</summary>
      <form
        class="filters"
        onSubmit={(event) => {
          event.preventDefault()
          void run(send)
        }}
      >
        <div class="field">
          <label for="test-tenant">Tenant whose secret signs it</label>
          <input
            class="input"
            id="test-tenant"
            required
            value={tenant}
            spellcheck={false}
            onInput={(event) => setTenant(event.currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for="test-url">URL of the receiver</label>
          <input
            class="input"
            id="test-url"
            type="url"
            required
            value={url}
            placeholder="https://example.com/hooks"
            spellcheck={false}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </div>
        <button type="submit" class="button" disabled={busy}>
          Send test event
        </button>
      </form>
      {problem && <ProblemNotice problem={problem} />}
    </details>
  )
}

const ATTEMPT_COLUMNS: Column<Delivery['attempts'][number]>[] = [
  { title: 'Attempt', cell: ({ at }) => <At at={at} /> },
  { title: 'Answer', cell: ({ error, status }) => shown(String(error ?? status)) },
  { title: 'Took', class: 'numeric', cell: ({ durationMs }) => formatMs(durationMs) },
  { title: 'Said', class: 'mono detail', cell: ({ hint, answer }) => shown(hint ?? answer) },
]

function DeliveryItem({ api, delivery, refresh }: { api: Api; delivery: Delivery; refresh: () => void }) {
  const { id, event, jobId, sessionId, origin, tenant, state, createdAt, nextAttemptAt, attempts } = delivery
  const { busy, run } = useAction()
  const redeliver = async () => {
    await api.redeliver(id)
    refresh()
    return 'The next free worker delivers it again.'
  }
  const cancel = async () => {
    const { state: now } = await api.cancelDelivery(id)
    refresh()
    return now === 'cancelled' ? 'The delivery is cancelled.' : 'The delivery had already ended.'
  }
  const last = attempts.at(-1)
  return (
    <li>
      <details>
        <summary>
          <Badge {...(state === 'pending' && attempts.length > 0 ? RETRYING : STATES[state])} />
          <span class="what">
            <strong>{event}</strong> to <span class="mono">{origin}</span>
          </span>
          <span class="faint">{tenant}</span>
          <span class="faint">
            {attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`}
            {last && `, ${last.error ?? last.status}`}
          </span>
          <At at={createdAt} />
          {nextAttemptAt !== null && (
            <span class="next">
              Next attempt <Due at={nextAttemptAt} />
            </span>
          )}
        </summary>
        <p>
          {jobId === null ? (
            sessionId === undefined ? (
              'A test event.'
            ) : (
              `Of the session ${sessionId}.`
            )
          ) : (
            <>
              Of <Link to={`/admin/jobs/${jobId}`}>the job {jobId}</Link>.
            </>
          )}
        </p>
        {attempts.length > 0 && <Table rows={attempts.toReversed()} keyOf={({ at }) => at} columns={ATTEMPT_COLUMNS} />}
      </details>
      <button type="button" class="button" disabled={busy} onClick={() => void run(redeliver)}>
        Redeliver<span class="unseen"> {id}</span>
      </button>
      {state === 'pending' && (
        <button type="button" class="button" disabled={busy} onClick={() => void run(cancel)}>
          Cancel<span class="unseen"> {id}</span>
        </button>
      )}
    </li>
  )
}
