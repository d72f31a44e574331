import { SESSION_QUEUE_NAME } from '../../shared/redis/keys.ts'
import type { SessionSpec } from '../../shared/sessions/session.ts'
import type { SentRequest } from '../../shared/sessions/session-requests.ts'
import { messagingAttributes } from '../../shared/tracing/messaging.ts'
import type { Tracing } from '../../shared/tracing/tracing.ts'

type Place<T> = (spec: SessionSpec) => Promise<T>

/** Each time a session is taken from the queue is a span that follows from what sent it. */
export function tracePlacing<T>(tracing: Tracing | undefined, place: Place<T>): Place<T> {
  if (!tracing) return place
  return (spec) =>
    tracing.run(
      `process ${SESSION_QUEUE_NAME}`,
      {
        kind: 'consumer',
        parent: spec.trace,
        attributes: {
          ...messagingAttributes(SESSION_QUEUE_NAME, 'process', spec.head.id),
          'runyard.session.id': spec.head.id,
          'runyard.session.language': spec.head.language,
        },
      },
      () => place(spec),
    )
}

/** What a traced request asks of a session is a span until it is answered. */
export function traceOperation<T>(
  tracing: Tracing | undefined,
  session: string,
  { operation, trace }: Pick<SentRequest, 'operation' | 'trace'>,
  perform: () => Promise<T>,
): Promise<T> {
  if (!tracing || !trace) return perform()
  const attributes = { 'runyard.session.id': session, 'runyard.session.operation': operation }
  return tracing.run(`session ${operation}`, { kind: 'consumer', parent: trace, attributes }, perform)
}
