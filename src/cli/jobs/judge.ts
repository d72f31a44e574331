import { extname } from 'node:path'
import type { CodeRequest, JobSummary, StreamedEvent } from '../../client/client.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { Problem, ProblemFault } from '../../shared/judging/problem.ts'
import { readProblem } from '../../shared/judging/read-problem.ts'
import { EXIT, ExitError, exitCodeOf } from '../exit.ts'
import { type FolderProblem, judgedWith, type JudgedWith } from './judged-with.ts'
import { type RequestClient, type RequestOptions, requestOf, runtimeOf } from './request.ts'
import { bytesOf, type Streams, verdict as whyEnded } from './show-events.ts'
import { plain } from '../paint.ts'
import { type Connection, PATIENT_RETRIES } from '../service/connection.ts'
import { printable } from '../table.ts'
import { withUploads } from './uploads.ts'
import { readFolder } from './read-folder.ts'
import { verdictFormat, verdictRows } from './verdict-rows.ts'

export interface JudgeOptions extends RequestOptions {
  json?: boolean
}

/** With what the command ends. */
const OF_VERDICT: Record<Verdict, number> = {
  accepted: 0,
  'wrong-answer': EXIT.wrongAnswer,
  'presentation-error': EXIT.wrongAnswer,
  'time-limit': EXIT.timeLimit,
  'memory-limit': EXIT.memoryLimit,
  'output-limit': EXIT.outputLimit,
  'runtime-error': 1,
  'compile-error': EXIT.compileFailed,
  'judge-error': EXIT.judgeFailed,
}

/**
 * Judges a program with the tests of a folder, and shows each verdict as it comes.
 * @param stop aborts at Ctrl-C: the job is cancelled
 * @returns with what the command ends
 * @throws ExitError when the folder is no problem
 */
export async function judge(
  folder: string,
  file: string,
  options: JudgeOptions,
  { client }: Connection,
  streams: Streams,
  { stop, hurry }: { stop: AbortSignal; hurry: AbortSignal },
): Promise<number> {
  const { id, problem } = await withUploads(client, async (uploading) => {
    const { program, ...read } = await programAndProblem(folder, file, options, uploading)
    const job = await judgedWith(read, { client, note: streams.note, hurry }, (fields) =>
      client.submit(combine(program, fields), { signal: hurry }),
    )
    return { id: job.id, problem: read.problem }
  })
  const cancel = () =>
    void client.cancel(id, { signal: hurry }).catch((error: unknown) => hurry.aborted || streams.note(String(error)))
  if (stop.aborted) cancel()
  else stop.addEventListener('abort', cancel, { once: true })
  try {
    const patient = { signal: hurry, retries: PATIENT_RETRIES }
    if (options.json) {
      const job = await client.wait(id, patient)
      streams.stdout.write(`${JSON.stringify(job, null, 2)}\n`)
      return endOf(job)
    }
    const job = await showVerdicts(client.stream(id, patient), problem, streams)
    return job ? endOf(job) : EXIT.internal
  } catch (error) {
    if (!hurry.aborted) throw error
    streams.note(`left job ${id}; runyard get ${id} shows how it ended`)
    return EXIT.cancelled
  } finally {
    stop.removeEventListener('abort', cancel)
  }
}

const endOf = (job: JobSummary): number => (job.judging ? OF_VERDICT[job.judging.verdict] : exitCodeOf(job))

async function programAndProblem(
  folder: string,
  file: string,
  options: JudgeOptions,
  client: RequestClient,
): Promise<FolderProblem & { program: CodeRequest }> {
  const files = readFolder(folder)
  const program = await requestOf(file, [], options, client)
  const runtimes = await client.runtimes()
  const read = readProblem(files, (path) => runtimeOf(extname(path).toLowerCase(), runtimes))
  if (!read.problem) throw notUsable(folder, read.faults)
  return { folder, files, problem: read.problem, program }
}

/** What is said of a folder that is no problem. */
export function notUsable(folder: string, faults: readonly ProblemFault[]): ExitError {
  const lines = faults.map(({ path, detail }) => `  ${printable(path || folder)} ${printable(detail)}`)
  return new ExitError(EXIT.usage, `the problem ${folder} cannot be used:\n${lines.join('\n')}`)
}

/** Limits of the command line go before those of the problem. */
export function combine(program: CodeRequest, fields: JudgedWith): CodeRequest {
  const limits = { ...('limits' in fields && fields.limits), ...program.limits }
  return { ...program, ...fields, ...(Object.keys(limits).length > 0 && { limits }) }
}

/** Characters of an output in which a difference is looked for. */
const COMPARED = 1e6

async function showVerdicts(
  events: AsyncIterable<StreamedEvent>,
  { tests = [], checker, interactor, secret = false }: Problem,
  { stdout, stderr, note, paint = plain }: Streams,
): Promise<JobSummary | undefined> {
  const print = (text: string) => void stdout.write(`${text}\n`)
  const rows = verdictRows(
    tests.map((test) => ({ secret, ...test })),
    !interactor && checker?.type !== 'program',
    paint,
  )
  let output = ''
  let hasHead = false
  for await (const event of events) {
    if (event.type === 'stderr' && event.data.stage === 'compile') stderr.write(event.data.data)
    if (event.type === 'stage' && event.data.phase === 'started') output = ''
    if (event.type === 'stdout' && output.length < COMPARED)
      output += bytesOf(event.data.data, event.data.dataBase64).toString()
    if (event.type === 'state' && event.data.attempt > 1 && event.data.state === 'running') {
      note('its worker was lost; the program is judged again from the start')
    }
    if (event.type === 'stage' && event.data.phase === 'ended') {
      const lines = rows.row(event.data.report, output)
      if (lines.length > 0 && !hasHead) print(rows.head())
      hasHead ||= lines.length > 0
      lines.forEach(print)
    }
    if (event.type === 'result') {
      const { judging } = event.data
      if (!judging) note(whyEnded(event.data) ?? 'it was not judged')
      else {
        const { verdict, score, points, groups, skipped } = judging
        for (const group of groups) print(`group ${printable(group.name)}: ${group.score} of ${group.points}`)
        const left = skipped.length === 0 ? '' : `, ${skipped.length} tests skipped`
        print(`${paint(verdictFormat(verdict), verdict)}: ${score} of ${points} points${left}`)
        if (verdict === 'judge-error' && event.data.message !== null) note(event.data.message)
      }
      return event.data
    }
  }
  return undefined
}
