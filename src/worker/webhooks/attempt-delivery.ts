import type { Logger } from 'pino'
import type { Config } from '../../shared/config/config.ts'
import { SECOND } from '../../shared/limits.ts'
import { checkWebhookUrl, originOf } from '../../shared/webhooks/check-webhook-url.ts'
import type { AttemptOutcome, Deliveries } from '../../shared/webhooks/deliveries.ts'
import type { Attempt, AttemptError } from '../../shared/webhooks/delivery.ts'
import { REACH_HINTS } from '../../shared/webhooks/reach.ts'
import { webhookHeaders } from '../../shared/webhooks/sign.ts'
import type { StoredDelivery } from '../../shared/webhooks/stored-delivery.ts'
import type { Attributes, Tracing } from '../../shared/tracing/tracing.ts'
import type { WebhookSecrets } from '../../shared/webhooks/webhook-secrets.ts'
import type { Resolve } from './guarded-agent.ts'
import { retryAfterMs, retryDelayMs } from './retry-schedule.ts'
import { sendWebhook } from './send-webhook.ts'

/** An endpoint that fails again and again, for the operator. */
export interface EndpointAlert {
  tenant: string
  /** Scheme, host and port; the rest of a URL may hold secrets. */
  origin: string
  /** Attempts that failed in a row. */
  failures: number
  deliveryId: string
  /** What came of the last one: a status, or the word for an error. */
  last: string
}

export interface AttemptContext {
  deliveries: Deliveries
  secrets: WebhookSecrets
  settings: Pick<Config['webhooks'], 'allow' | 'timeoutMs'> & Partial<Pick<Config['webhooks'], 'deny' | 'ports'>>
  scheduleMs: readonly number[]
  resolve: Resolve | undefined
  alert: (alert: EndpointAlert) => void
  /** Told of every attempt, for metrics. Must not throw. */
  attempted: (outcome: AttemptOutcome) => void
  tracing?: Tracing | undefined
  log: Logger
}

const GONE = 410

/**
 * Makes one attempt of a pending delivery and records it.
 * @returns in how many ms the next is due; undefined when the delivery has ended
 * @throws when Redis refuses; never because of the receiver
 */
export async function attemptDelivery(context: AttemptContext, delivery: StoredDelivery): Promise<number | undefined> {
  const { deliveries, alert, attempted, log } = context
  const { id, tenant, jobId, url } = delivery
  const isDisabled = await deliveries.isDisabled(tenant, url)
  const outcome =
    isDisabled && !delivery.byHand ? untried('endpoint-disabled') : await send(context, delivery, isDisabled)
  const failures = await deliveries.record(delivery, outcome)
  attempted(outcome)
  const { attempt, state, nextAttemptAtMs } = outcome
  const last = attempt.error ?? String(attempt.status)
  const fields = { deliveryId: id, jobId, tenant, origin: originOf(url), last }
  log.debug({ ...fields, state, durationMs: attempt.durationMs }, 'webhook attempted')
  if (failures > 0) {
    log.warn({ ...fields, failures }, 'webhook endpoint fails again and again')
    alert({ tenant, origin: fields.origin, failures, deliveryId: id, last })
  }
  return state === 'pending' ? Math.max(0, nextAttemptAtMs - Date.now()) : undefined
}

async function send(context: AttemptContext, delivery: StoredDelivery, isDisabled: boolean): Promise<AttemptOutcome> {
  const { secrets, settings, scheduleMs, resolve, tracing } = context
  const { id, tenant, url, body, tries } = delivery
  // What is allowed may have changed since it was submitted.
  const { allow, deny, ports, timeoutMs } = settings
  const reach = { allow, deny, ports }
  if (checkWebhookUrl(url, { ...reach, ports: undefined }) !== undefined) return untried('address-not-allowed')
  if (checkWebhookUrl(url, reach) !== undefined) return untried('port-not-allowed')
  const { secret, previous } = await secrets.read(tenant)
  const begunMs = Date.now()
  const signing = [secret, ...previous.map((one) => one.secret)]
  const span = tracing?.start('POST', { kind: 'client', attributes: requestAttributes(url) })
  const headers = {
    ...webhookHeaders(id, Math.floor(begunMs / SECOND), body, signing),
    ...(span && { traceparent: span.context.traceparent }),
  }
  const { status, error, durationMs, answer, retryAfter } = await sendWebhook(url, headers, body, {
    ...reach,
    timeoutMs,
    resolve,
  })
  span?.set({ 'http.response.status_code': status ?? undefined })
  if (error !== null || (status ?? 0) >= 400) span?.fail(error ?? String(status))
  span?.end()
  const attempt: Attempt = { at: new Date(begunMs).toISOString(), status, error, durationMs, answer, ...hintOf(error) }
  if (error === null && status !== null && status >= 200 && status < 300) {
    return { attempt, state: 'succeeded', nextAttemptAtMs: 0, endpoint: 'worked' }
  }
  const isGone = status === GONE
  const nowMs = Date.now()
  const asked = status === null ? null : retryAfterMs(status, retryAfter, nowMs)
  const delayMs = isGone || isDisabled ? undefined : retryDelayMs(scheduleMs, tries, asked, Math.random())
  const endpoint = isGone ? 'gone' : 'failed'
  if (delayMs === undefined) return { attempt, state: 'failed', nextAttemptAtMs: 0, endpoint }
  return { attempt, state: 'pending', nextAttemptAtMs: nowMs + delayMs, endpoint }
}

/** Of where it goes no more than the host: the rest of a URL may hold secrets. */
function requestAttributes(url: string): Attributes {
  const { hostname, port, protocol } = new URL(url)
  const standard = protocol === 'https:' ? 443 : 80
  return {
    'http.request.method': 'POST',
    'url.scheme': protocol.slice(0, -1),
    'server.address': hostname,
    'server.port': Number(port) || standard,
  }
}

/** What opens what was refused. */
const hintOf = (error: AttemptError | null): { hint?: string } =>
  error === 'address-not-allowed' || error === 'port-not-allowed' ? { hint: REACH_HINTS[error] } : {}

/** The end of a delivery for which nothing is sent. */
function untried(error: AttemptError): AttemptOutcome {
  const attempt: Attempt = {
    at: new Date().toISOString(),
    status: null,
    error,
    durationMs: 0,
    answer: '',
    ...hintOf(error),
  }
  return { attempt, state: 'failed', nextAttemptAtMs: 0, endpoint: 'untried' }
}
