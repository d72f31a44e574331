import type { Response } from 'express'
import { Problem } from '../../shared/problems.ts'
import type { ByteSemaphore } from '../jobs/byte-semaphore.ts'

/**
 * Does what holds a problem with all its tests in memory when no other such task runs here: they go in turn.
 * @param handling of as many bytes as a problem may have
 * @throws what the task throws; Problem `unavailable` when the client goes away first
 */
export async function inTurn<T>(
  { handling, maxProblemBytes }: { handling: ByteSemaphore; maxProblemBytes: number },
  res: Response,
  task: () => Promise<T>,
): Promise<T> {
  const gone = new AbortController()
  const onClose = () => gone.abort(new Problem('unavailable', 'the request ended before it was answered'))
  res.once('close', onClose)
  if (res.destroyed) onClose()
  const leave = await handling.enter(maxProblemBytes, gone.signal)
  try {
    return await task()
  } finally {
    res.off('close', onClose)
    leave()
  }
}
