import { collectDefaultMetrics, Registry } from 'prom-client'

/** Sums of others, which their names call counters and which are none. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']
const EVENT_LOOP_PRECISION_MS = 20

/**
 * The metrics of one process.
 * @param ofNode whether those of Node and of the process are among them: what they take to know is not for nothing
 */
export function createRegister(ofNode: boolean): Registry {
  const register = new Registry()
  if (!ofNode) return register
  collectDefaultMetrics({ register, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS })
  for (const name of MISNAMED) register.removeSingleMetric(name)
  return register
}
