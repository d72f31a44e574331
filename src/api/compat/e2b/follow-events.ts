import { MAX_TIMER_MS, SECOND } from '../../../shared/limits.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import type { SessionNeeds } from '../../sessions/needs.ts'
import { sandboxOf } from './interpreter.ts'
import { RpcFault, type RpcRequest } from './rpc.ts'

const KEEPALIVE_SECONDS = 50

/**
 * Sends what becomes of the events of a sandbox from now on, with keepalives between, until there is no more to send or the client has gone.
 * @param endsAtTimeout whether the time of the request ends it, and not only what it started
 * @param use sends it; the events end when the client is gone
 * @param keepalive the message of one
 * @throws RpcFault `deadline_exceeded`; what `use` throws
 */
export async function followEvents(
  sessions: Pick<SessionNeeds, 'feed' | 'open'>,
  { req, res, timeoutMs }: RpcRequest,
  send: (message: unknown) => Promise<void>,
  endsAtTimeout: boolean,
  use: (events: AsyncIterable<StoredEvent>) => Promise<void>,
  keepalive: object = { event: { keepalive: {} } },
): Promise<void> {
  const { id: sessionId } = sandboxOf(res)
  const { feed, open } = sessions
  const signal = open.admit(res)
  const ends = new AbortController()
  const end = () => ends.abort()
  signal.addEventListener('abort', end)
  const every = Number(req.get('keepalive-ping-interval'))
  const everyMs = (every >= 1 && every <= 3600 ? every : KEEPALIVE_SECONDS) * SECOND
  // One who does not read gets no more of them: each would wait for room.
  const timer = setInterval(() => {
    if (!res.writableNeedDrain) void send(keepalive)
  }, everyMs)
  let isLate = false
  const late =
    endsAtTimeout && timeoutMs !== undefined
      ? setTimeout(() => ((isLate = true), end()), Math.min(timeoutMs, MAX_TIMER_MS))
      : undefined
  try {
    await use(await feed.read(sessionId, await feed.last(sessionId), ends.signal))
    if (isLate) throw new RpcFault('deadline_exceeded', 'the time of the stream is over')
  } finally {
    clearInterval(timer)
    clearTimeout(late)
    signal.removeEventListener('abort', end)
    end()
  }
}
