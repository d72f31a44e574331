import type { Logger } from 'pino'

/** Runs a task again and again, never twice at a time; a failure goes to the log and the next turn comes all the same. */
export function startTimer(
  name: string,
  intervalMs: number,
  task: () => Promise<unknown>,
  log: Logger,
): { stop(): void } {
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    task()
      .catch((err: unknown) => log.error({ err }, `${name} failed`))
      .finally(() => (busy = false))
  }, intervalMs)
  return { stop: () => clearInterval(timer) }
}
