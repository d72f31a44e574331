/** Labels on every container a worker makes. */
export const CONTAINER_LABEL = {
  /** Which installation it belongs to: RUNYARD_NAMESPACE. */
  namespace: 'io.runyard.namespace',
  /** Which worker made it; its lease is that worker's heartbeat in Redis. */
  worker: 'io.runyard.worker',
} as const
