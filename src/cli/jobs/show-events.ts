import type { Writable } from 'node:stream'
import type { JobSummary, StreamedEvent } from '../../client/client.ts'
import type { PackagesEvent } from '../../shared/job-event.ts'
import { GIB, KIB, MIB } from '../../shared/units.ts'
import { type LiveLine, liveLine } from '../live-line.ts'
import type { Paint } from '../paint.ts'
import { printable } from '../table.ts'
import { written } from '../written.ts'

export interface Streams {
  stdout: Writable
  stderr: Writable
  /** A line from Runyard itself, on standard error. */
  note: (text: string) => void
  /** Colours what goes to `stdout`; no colours when it is absent. */
  paint?: Paint
}

/**
 * Writes a job's output as it comes, as fast as it is read. What a compiler says goes to standard error.
 * @returns the job; undefined when nobody reads the output any more, or there is no more
 */
export async function showEvents(
  events: AsyncIterable<StreamedEvent>,
  streams: Streams,
): Promise<JobSummary | undefined> {
  const installing = liveLine(streams.stderr)
  return show(events, streams, installing).finally(() => installing.clear())
}

async function show(
  events: AsyncIterable<StreamedEvent>,
  streams: Streams,
  installing: LiveLine,
): Promise<JobSummary | undefined> {
  for await (const event of events) {
    if (event.type !== 'packages') installing.clear()
    switch (event.type) {
      case 'packages': {
        const words = wordsOf(event.data)
        if (words === undefined) installing.clear()
        else installing.show(printable(words))
        break
      }
      case 'stdout':
      case 'stderr': {
        const { stage, data, dataBase64 } = event.data
        const target = event.type === 'stdout' && stage !== 'compile' ? streams.stdout : streams.stderr
        if (!(await written(target, bytesOf(data, dataBase64)))) return undefined
        break
      }
      case 'state':
        if (event.data.attempt > 1 && event.data.state === 'running') {
          streams.note('its worker was lost; the program runs again from the start: ignore the output so far')
        }
        break
      case 'warning':
        streams.note(`warning, line ${event.data.line}: ${event.data.reason} (${event.data.rule})`)
        break
      case 'gap':
        streams.note('some of its output events have expired; runyard get --output stdout prints all of it')
        break
      case 'result':
        return event.data
    }
  }
  return undefined
}

/** How far the installation of the packages of a job is; undefined once it has an end. */
function wordsOf({ state, progress }: PackagesEvent['data']): string | undefined {
  if (state === 'ready' || state === 'failed') return undefined
  return progress ?? 'waiting for the packages to be installed'
}

const time = (ms: number) => (ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`)

/** In the largest unit that needs no rounding. */
function size(bytes: number): string {
  for (const [unit, name] of [
    [GIB, 'GiB'],
    [MIB, 'MiB'],
    [KIB, 'KiB'],
  ] as const)
    if (bytes % unit === 0) return `${bytes / unit} ${name}`
  return `${bytes} bytes`
}

/** Why a job did not end by itself, and what can be done; undefined when its exit code says all. */
export function verdict({ status, message, limits, stages }: JobSummary): string | undefined {
  const compiling = stages.at(-1)?.name === 'compile'
  switch (status) {
    case 'wall-time-limit': {
      const name = compiling ? 'compileWallMs' : 'wallMs'
      return `ended at its time limit of ${time(limits[name])}; --limit ${name}=N sets another`
    }
    case 'cpu-time-limit':
      return `ended at its limit of ${time(limits.cpuMs)} of CPU time; --limit cpuMs=N sets another`
    case 'memory-limit':
      return `ended at its memory limit of ${size(limits.memoryBytes)}; --limit memoryBytes=N sets another`
    case 'output-limit':
      return `ended at its output limit of ${size(limits.outputBytes)}; --limit outputBytes=N sets another`
    case 'compile-failed':
      return 'it does not compile'
    case 'signalled':
      return `ended by ${stages.at(-1)?.signal ?? 'a signal'}`
    case 'cancelled':
      return 'cancelled'
    case 'internal-error':
      return `Runyard failed, not the program: ${message ?? 'the log of its operator has the cause'}`
    default:
      return message ? inOptions(message) : undefined
  }
}

/** What to add to a request, as an option of this command line. */
const inOptions = (message: string): string =>
  message
    .replace(/\badd "([^"]*)" to "dependencies"/, 'run it --with $1')
    .replace(/\badd the package that has it to "dependencies"/, 'name the package that has it: --with PACKAGE')

/** Of all stages together; nothing before the first has ended. */
export const wallMs = ({ stages }: JobSummary): string =>
  stages.length === 0 ? '' : stages.reduce((sum, stage) => sum + stage.wallMs, 0).toFixed(0)

/** Of output, whose text may not have all of the bytes. */
export const bytesOf = (text: string, base64: string | undefined): Buffer =>
  base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64')
