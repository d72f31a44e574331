import type { Writable } from 'node:stream'
import type { JobSummary, StreamedEvent } from '../../client/client.ts'

export interface Streams {
  stdout: Writable
  stderr: Writable
  /** A line from Runyard itself, on standard error. */
  note: (text: string) => void
}

/**
 * Writes a job's output as it comes, as fast as it is read. What a compiler says goes to standard error.
 * @returns the job; undefined when nobody reads the output any more, or there is no more
 */
export async function showEvents(
  events: AsyncIterable<StreamedEvent>,
  streams: Streams,
): Promise<JobSummary | undefined> {
  for await (const event of events) {
    switch (event.type) {
      case 'stdout':
      case 'stderr': {
        const { stage, data, dataBase64 } = event.data
        const target = event.type === 'stdout' && stage !== 'compile' ? streams.stdout : streams.stderr
        if (!(await written(target, bytesOf(data, dataBase64)))) return undefined
        break
      }
      case 'state':
        if (event.data.attempt > 1 && event.data.state === 'running') {
          streams.note('its worker was lost and it runs again from its beginning: forget the output until here')
        }
        break
      case 'warning':
        streams.note(`warning, line ${event.data.line}: ${event.data.reason} (${event.data.rule})`)
        break
      case 'gap':
        streams.note('some of its output is not kept as events any more; runyard get --json has all of it')
        break
      case 'result':
        return event.data
    }
  }
  return undefined
}

/** @returns false when nobody reads it */
function written(stream: Writable, bytes: Buffer): Promise<boolean> {
  return new Promise((resolve) => stream.write(bytes, (error) => resolve(!error)))
}

/** Why a job did not end by itself, and what can be done; undefined when its exit code says all. */
export function verdict({ status, message, limits, stages }: JobSummary): string | undefined {
  const compiling = stages.at(-1)?.name === 'compile'
  switch (status) {
    case 'wall-time-limit': {
      const name = compiling ? 'compileWallMs' : 'wallMs'
      return `ended at its time limit of ${limits[name]} ms; --limit ${name}=N sets another`
    }
    case 'cpu-time-limit':
      return `ended at its limit of ${limits.cpuMs} ms of CPU time; --limit cpuMs=N sets another`
    case 'memory-limit':
      return `ended at its memory limit of ${limits.memoryBytes} bytes; --limit memoryBytes=N sets another`
    case 'output-limit':
      return `ended at its output limit of ${limits.outputBytes} bytes; --limit outputBytes=N sets another`
    case 'compile-failed':
      return 'it does not compile'
    case 'signalled':
      return `ended by ${stages.at(-1)?.signal ?? 'a signal'}`
    case 'cancelled':
      return 'cancelled'
    case 'internal-error':
      return `Runyard failed, not the program: ${message ?? 'its operator finds the cause in the log'}`
    default:
      return message ?? undefined
  }
}

const bytesOf = (text: string, base64: string | undefined): Buffer =>
  base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')
