import type { Logger } from 'pino'

/**
 * Logs when the collector cannot be reached, and when it can again; not every try between.
 * @returns a function that is told of every try
 */
export function createCollectorLog(log: () => Logger): (error: Error | undefined) => void {
  let isLost = false
  return (err) => {
    if (err && !isLost) log().warn({ err }, 'traces cannot be sent')
    if (!err && isLost) log().info('traces can be sent again')
    isLost = err !== undefined
  }
}
