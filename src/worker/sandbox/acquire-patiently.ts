import type { Logger } from 'pino'
import { SECOND } from '../../shared/limits.ts'
import { retry } from '../../shared/retry.ts'
import { EngineDown, isAboutOneImage } from './engine-health.ts'
import { type Lease, PoolClosed, type SandboxPool, type SandboxRequest } from './pool.ts'

/** The engine answers, and makes no sandbox. */
export class NoSandbox extends Error {
  override readonly name = 'NoSandbox'
}

/** Between one try and the next; about a minute in all. */
const PAUSES_MS = [1, 2, 5, 10, 10, 10, 10, 10].map((seconds) => seconds * SECOND)

/**
 * Asks the pool for a sandbox, again and again while one cannot be made.
 * @param pausesMs between one try and the next
 * @throws NoSandbox when none could be made in all that time; at once what was thrown when the engine is down, the pool is closed,
 * the image cannot be run, or the signal aborts
 */
export async function acquirePatiently(
  pool: SandboxPool,
  request: SandboxRequest,
  signal: AbortSignal,
  log: Logger,
  pausesMs: readonly number[] = PAUSES_MS,
): Promise<Lease> {
  const mayPass = (err: unknown) =>
    !(err instanceof EngineDown || err instanceof PoolClosed || isAboutOneImage(err) || signal.aborted)
  const acquire = () => unlessAborted(pool.acquire(request), signal)
  return retry(acquire, {
    pauseMs: (tries) => pausesMs[tries - 1],
    when: mayPass,
    failed: (err, pauseMs) => log.warn({ err, pauseMs }, 'no sandbox could be made; trying again'),
    signal,
  }).catch((err: unknown) => {
    throw mayPass(err) ? new NoSandbox('no sandbox could be made for the job', { cause: err }) : err
  })
}

/** @throws the signal's reason when it aborts first; what was acquired is released when it comes */
export async function unlessAborted<Held extends { release(): void }>(
  acquiring: Promise<Held>,
  signal: AbortSignal,
): Promise<Held> {
  let onAbort = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([acquiring, aborted])
  } catch (error) {
    if (signal.aborted) acquiring.then((held) => held.release()).catch(() => undefined)
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
