import { availableParallelism, loadavg } from 'node:os'

/** Processes that ran or waited for a processor in the last minute, on average, for each processor: 1 is a busy machine. */
export const machineLoad = (): number => Math.round(((loadavg()[0] ?? 0) / availableParallelism()) * 100) / 100
