/**
 * Turns SIGTERM and SIGINT, and the loss of a parent that started this process with a channel to it, into one AbortSignal.
 * A second signal is left to its default, so that an operator can always end the process.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = (reason: string) => controller.abort(new Error(reason))
  process.once('SIGTERM', () => stop('SIGTERM'))
  process.once('SIGINT', () => stop('SIGINT'))
  if (process.channel) {
    process.once('disconnect', () => stop('the parent process is gone'))
    // The channel only tells of the parent's end; it must not keep this process alive.
    process.channel.unref()
  }
  return controller.signal
}
