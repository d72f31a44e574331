import type { LiveEvents, StoredEvent } from '../../events/live-events.ts'
import { SECOND } from '../../../shared/limits.ts'

/** A client is told at most so often, and at least so often: some reset their timeout by it. */
const PAUSE_MS = SECOND / 4
const HEARTBEAT_MS = 5 * SECOND
const MOST_CHARACTERS = 200

/**
 * Tells a client what happens, as events come, until that ends.
 * @param id of the job or session
 * @param textOf what an event tells of; undefined: nothing
 * @param progress as in ToolCall; nothing is watched without it
 * @returns ends it
 */
export async function reportProgress(
  live: LiveEvents,
  id: string,
  textOf: (event: StoredEvent) => string | undefined,
  progress: ((message: string) => void) | undefined,
): Promise<() => void> {
  if (!progress) return () => undefined
  let latest = 'waiting'
  let pause: NodeJS.Timeout | undefined
  const send = () => {
    pause = undefined
    progress(latest)
  }
  const heartbeat = setInterval(send, HEARTBEAT_MS)
  const unsubscribe = await live
    .subscribe(id, {
      event(event) {
        latest = textOf(event) ?? latest
        pause ??= setTimeout(send, PAUSE_MS)
      },
      gap: () => undefined,
    })
    .catch(() => () => undefined)
  send()
  return () => {
    clearInterval(heartbeat)
    unsubscribe()
    if (pause === undefined) return
    clearTimeout(pause)
    send()
  }
}

/** The last line that is not empty, shortened. */
export function lastLine(text: string): string | undefined {
  const line = text.split('\n').findLast((one) => one.trim() !== '')
  return line?.trim().slice(0, MOST_CHARACTERS)
}

/** What an event of a job tells of. */
export function jobProgress({ type, data }: StoredEvent): string | undefined {
  const { state, stage, phase, progress, data: output } = JSON.parse(data) as Record<string, unknown>
  if (type === 'state') return String(state)
  if (type === 'packages') return typeof progress === 'string' ? progress : packagesWords(String(state))
  if (type === 'stage' && phase === 'started') return String(stage)
  return type === 'stdout' || type === 'stderr' ? lastLine(String(output)) : undefined
}

function packagesWords(state: string): string {
  if (state === 'ready') return 'its packages are installed'
  return state === 'failed' ? 'its packages cannot be had' : 'waiting for its packages'
}

/** What an event of a session tells of one of its executions or commands. */
export const sessionProgress =
  (id: string) =>
  ({ type, data }: StoredEvent): string | undefined => {
    if (!data.includes(id)) return undefined
    const { state, data: output } = JSON.parse(data) as Record<string, unknown>
    if (type === 'execution' || type === 'command') return String(state)
    return type === 'stdout' || type === 'stderr' ? lastLine(String(output)) : undefined
  }
