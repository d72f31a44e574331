/** Timers, so that tests have their own. */
export interface Clock {
  /** In milliseconds from whenever; that of the machine when absent. */
  now?: () => number
  after(ms: number, task: () => void): () => void
}
