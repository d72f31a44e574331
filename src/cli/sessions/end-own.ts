import type { SessionHandle } from '../../client/client.ts'
import { SECOND } from '../../shared/limits.ts'

/** What a service that answers needs to end a session. One that does not is not waited for by who hurries. */
const HURRIED_MS = SECOND

/**
 * Ends a session that this command has started.
 * @param hurry aborts at the second Ctrl-C: the end is waited for a moment more, and told how to make up for when it does not come
 * @throws what `end` throws, unless hurried
 */
export async function endOwn(
  session: Pick<SessionHandle, 'id' | 'end'>,
  hurry: AbortSignal,
  note: (text: string) => void,
): Promise<void> {
  const over = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const hasten = () => (timer = setTimeout(() => over.abort(), HURRIED_MS))
  if (hurry.aborted) hasten()
  else hurry.addEventListener('abort', hasten, { once: true })
  try {
    await session.end({ signal: over.signal })
  } catch (error) {
    if (!hurry.aborted) throw error
    note(`session ${session.id} may still run; end it with: runyard session end ${session.id}`)
  } finally {
    hurry.removeEventListener('abort', hasten)
    clearTimeout(timer)
  }
}
