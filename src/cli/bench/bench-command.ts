import { type Command, InvalidArgumentError } from 'commander'
import type { CodeRequest } from '../../client/client.ts'
import { EXIT } from '../exit.ts'
import { addConnectionOptions, connect, type ConnectionOptions } from '../service/connection.ts'
import { explain } from '../service/explain.ts'
import type { JobCommandDeps } from '../jobs/jobs.ts'
import { requestOf } from '../jobs/request.ts'
import { liveLine } from '../live-line.ts'
import { plain } from '../paint.ts'
import { wholeNumber } from '../whole-number.ts'

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
    .description('measure how fast a running service is, with real jobs')
    .option('-l, --language <id>', 'language of the hello world program, or of FILE; default python')
    .option('--in-flight <counts>', 'how many jobs at once: each number is measured in turn', parseCounts, [1, 2, 4, 8])
    .option('--seconds <count>', 'how long each is measured', wholeNumber(1, MOST_SECONDS), 5)
    .option('--json', 'print the results as JSON')
    .action(async (file: string | undefined, options: Options) => {
      const [{ bench, helloOf }, { renderBench }, { jobSender }] = await Promise.all([
        import('./bench.ts'),
        import('./render-bench.ts'),
        import('./send-job.ts'),
      ])
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
        streams.stdout.write(
          `${json ? JSON.stringify(report, null, 2) : renderBench(levels, streams.paint ?? plain)}\n`,
        )
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
  const line = liveLine(out)
  let last = 0
  const progress = (inFlight: number, jobs: number) => {
    if (inFlight !== last && !out.isTTY) out.write(`- ${inFlight} in flight, ${seconds} s ...\n`)
    last = inFlight
    line.show(`${inFlight} in flight: ${jobs} jobs`)
  }
  return Object.assign(progress, { done: () => line.clear() })
}

function parseCounts(text: string): number[] {
  const counts = text.split(',').map(Number)
  if (counts.some((count) => !Number.isInteger(count) || count < 1 || count > MOST_IN_FLIGHT)) {
    throw new InvalidArgumentError(`It must be like 1,2,4,8, each a whole number from 1 to ${MOST_IN_FLIGHT}.`)
  }
  return counts
}
