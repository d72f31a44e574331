import type { Stage } from '../../../shared/job.ts'

/** All bytes that a stage wrote. */
export function exactOutput(stage: Stage, stream: 'stdout' | 'stderr' | 'output'): Buffer {
  const exact = stage[`${stream}Base64`]
  return exact === undefined ? Buffer.from(stage[stream]) : Buffer.from(exact, 'base64')
}
