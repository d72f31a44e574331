import { type Command, InvalidArgumentError } from 'commander'
import type { CodeRequest } from '../../client/client.ts'
import { EXIT } from '../exit.ts'
import { addConnectionOptions, connect, type ConnectionOptions } from '../jobs/connection.ts'
import { explain } from '../jobs/explain.ts'
import type { JobCommandDeps } from '../jobs/jobs.ts'
import { requestOf } from '../jobs/request.ts'
import { bench, helloOf } from './bench.ts'
import { renderBench } from './render-bench.ts'
import { jobSender } from './send-job.ts'

interface Options extends ConnectionOptions {
  language?: string
  inFlight: number[]
  seconds: number
  json?: boolean
}

const MOST_IN_FLIGHT = 1000
const MOST_SECONDS = 3600

/** Adds `runyard bench`: a running service measured through HTTP, as a caller. */
export function addBenchCommand(program: Command, deps: JobCommandDeps): void {
  const { streams, env, context } = deps
  addConnectionOptions(program.command('bench [file]'))
    .description('measure how fast a running service is, by jobs that it really runs')
    .option(
      '-l, --language <id>',
      'whose hello world is run; of FILE when its extension does not tell; python otherwise',
    )
    .option('--in-flight <counts>', 'how many jobs at one time, one after the other', parseCounts, [1, 2, 4, 8])
    .option('--seconds <count>', 'for how long each', parseSeconds, 5)
    .option('--json', 'print the figures as JSON')
    .action(async (file: string | undefined, options: Options) => {
      const connection = await connect(options, env, context, streams.note)
      const { client, url, key } = connection
      const { inFlight, seconds, json, language } = options
      const { stop } = deps.signals()
      const progress = progressOn(streams.stderr as NodeJS.WriteStream, seconds)
      try {
        const { request, expected, what } = await programOf(file, language)
        streams.note(`${what} at ${url}, ${seconds} s each with ${inFlight.join(', ')} in flight`)
        const send = jobSender({ url, key })
        const { version, levels } = await bench({ send, request, expected, inFlight, seconds, signal: stop, progress })
        progress.done()
        const report = { url, language: request.language, version, program: file ?? null, levels }
        streams.stdout.write(`${json ? JSON.stringify(report, null, 2) : renderBench(levels)}\n`)
        if (levels.some(({ errors }) => Object.keys(errors).length > 0)) deps.setExitCode(1)
      } catch (error) {
        progress.done()
        if (!stop.aborted) throw explain(error, connection, file ?? 'hello world')
        streams.note('stopped; jobs in flight end by themselves')
        deps.setExitCode(EXIT.cancelled)
      }

      async function programOf(path: string | undefined, id: string | undefined) {
        if (path !== undefined) {
          const request = await requestOf(path, [], id === undefined ? {} : { language: id }, client)
          return { request, expected: undefined, what: path }
        }
        const runtime = helloOf(await client.runtimes(), id ?? 'python')
        const request: CodeRequest = { language: runtime.language, code: runtime.hello }
        return { request, expected: 'Hello, world!\n', what: `hello world in ${runtime.name}` }
      }
    })
}

/** At a terminal a line that lives; elsewhere a line for each number in flight, when its first job has ended. */
function progressOn(
  out: NodeJS.WriteStream,
  seconds: number,
): { (inFlight: number, jobs: number): void; done(): void } {
  const live = out.isTTY
  let last = 0
  let shown = 0
  const progress = (inFlight: number, jobs: number) => {
    const now = performance.now()
    if (inFlight === last && (!live || now - shown < 100)) return
    if (inFlight !== last && !live) out.write(`- ${inFlight} in flight, ${seconds} s ...\n`)
    last = inFlight
    shown = now
    if (live) out.write(`\r\x1b[K${inFlight} in flight: ${jobs} jobs`.slice(0, (out.columns || 80) + 3))
  }
  const done = () => void (live && shown > 0 && out.write('\r\x1b[K'))
  return Object.assign(progress, { done })
}

function parseCounts(text: string): number[] {
  const counts = text.split(',').map(Number)
  if (counts.some((count) => !Number.isInteger(count) || count < 1 || count > MOST_IN_FLIGHT)) {
    throw new InvalidArgumentError(`It must be like 1,2,4,8, each a whole number from 1 to ${MOST_IN_FLIGHT}.`)
  }
  return counts
}

function parseSeconds(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > MOST_SECONDS) {
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST_SECONDS}.`)
  }
  return count
}
