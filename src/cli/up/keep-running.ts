import { once } from 'node:events'
import type { CliContext } from '../context.ts'
import { watchLog } from './log-watch.ts'
import type { Platform } from './platform.ts'

export interface Until extends Pick<CliContext, 'print'> {
  /** Aborts when a person or a supervisor wants this to end. */
  stop: AbortSignal
  /** Aborts when they want it to end at once. */
  hurry: AbortSignal
}

/**
 * Has a platform run until it is told to stop: whatever dies is started again, and warnings of the services are shown. Closes it at the
 * end, also when it did not begin well.
 * @param begin looks whether it serves, and tells so
 * @throws what `begin` throws, unless it was told to stop meanwhile
 */
export async function keepRunning(
  { print, stop, hurry }: Until,
  platform: Platform,
  begin: () => Promise<void>,
): Promise<void> {
  hurry.addEventListener('abort', () => platform.hurry())
  try {
    await begin()
    await serve(platform, print, stop)
  } catch (error) {
    if (!stop.aborted) throw error
  } finally {
    print('\nStopping after the running jobs (press Ctrl-C again to stop them too).')
    await platform.close()
    print('Stopped.')
  }
}

async function serve(platform: Platform, print: (text: string) => void, stop: AbortSignal): Promise<void> {
  platform.keepAlive(print)
  const watched = platform.parts.map(({ child }) => child).filter(({ name }) => name === 'api' || name === 'worker')
  const watches = await Promise.all(watched.map((child) => watchLog(child.name, child.logFile, print)))
  try {
    if (!stop.aborted) await once(stop, 'abort')
  } finally {
    for (const watch of watches) watch.stop()
  }
}
