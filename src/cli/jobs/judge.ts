import { extname } from 'node:path'
import type { CodeRequest, JobSummary, StreamedEvent } from '../../client/client.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { Problem, ProblemFault } from '../../shared/judging/problem.ts'
import { shellWord } from '../../shared/shell-word.ts'
import { exportProblem } from '../../shared/judging/export-problem.ts'
import { readProblem } from '../../shared/judging/read-problem.ts'
import { EXIT, ExitError, exitCodeOf } from '../exit.ts'
import { type FolderProblem, judgedWith, type JudgedWith } from './judged-with.ts'
import { type RequestClient, type RequestOptions, requestOf, runtimeOf } from './request.ts'
import { bytesOf, type Streams, verdict as whyEnded } from './show-events.ts'
import { plain } from '../paint.ts'
import { type Connection, PATIENT_RETRIES } from '../service/connection.ts'
import { counted, printable } from '../table.ts'
import { withUploads } from './uploads.ts'
import { type Beginning, extended, nameOf, onlyTest, shownTest } from './one-test.ts'
import { readFolder } from './read-folder.ts'
import { packed } from './store-problem.ts'
import { verdictFormat, verdictRows } from './verdict-rows.ts'

export interface JudgeOptions extends RequestOptions {
  json?: boolean
  /** The one test that is run and shown whole, secret or not. */
  test?: string
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
    const { program, notes, ...read } = await programAndProblem(folder, file, options, uploading, streams.note)
    tellNotes(folder, notes, streams.note)
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
    const job = await showVerdicts(client.stream(id, patient), problem, streams, options.test !== undefined)
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
  note: Streams['note'],
): Promise<FolderProblem & { program: CodeRequest; notes: readonly ProblemFault[] }> {
  const files = readFolder(folder)
  const program = await requestOf(file, [], options, client, note)
  const runtimes = await client.runtimes()
  const read = readProblem(files, (path) => runtimeOf(extname(path).toLowerCase(), runtimes))
  if (!read.problem) throw notUsable(folder, read.faults)
  const problem = options.test === undefined ? read.problem : onlyTest(read.problem, options.test)
  // What is stored of a folder with one test alone has that test alone.
  const archive = async () => (options.test === undefined ? packed(files) : Buffer.concat(await exportProblem(problem)))
  return { folder, archive, problem, program, notes: read.notes }
}

const SHOWN_NOTES = 3

/** What of a folder is not read, though it may be meant: the first of it. */
function tellNotes(folder: string, notes: readonly ProblemFault[], note: (text: string) => void): void {
  for (const { path, detail } of notes.slice(0, SHOWN_NOTES)) note(printable(`${path} ${detail}`))
  const left = notes.length - SHOWN_NOTES
  if (left > 0) note(`and ${counted(left, 'more note')}: runyard problem check ${printable(folder)} shows all`)
}

/** A name as it is typed in a shell. */
const wordOf = (name: string): string => printable(/^[\w./@%+-]+$/.test(name) ? name : shellWord(name))

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
const NOTHING: Beginning = { text: '', left: 0 }

async function showVerdicts(
  events: AsyncIterable<StreamedEvent>,
  { tests = [], checker, interactor, secret = false }: Problem,
  { stdout, stderr, note, paint = plain }: Streams,
  isShownWhole: boolean,
): Promise<JobSummary | undefined> {
  const print = (text: string) => void stdout.write(`${text}\n`)
  const rows = verdictRows(
    tests.map((test) => ({ secret, ...test })),
    !interactor && checker?.type !== 'program',
    paint,
  )
  let [output, errors] = [NOTHING, NOTHING]
  let hasHead = false
  for await (const event of events) {
    if (event.type === 'stderr' && event.data.stage === 'compile') stderr.write(event.data.data)
    if (event.type === 'stage' && event.data.phase === 'started') output = errors = NOTHING
    if (event.type === 'stdout')
      output = extended(output, bytesOf(event.data.data, event.data.dataBase64).toString(), COMPARED)
    if (event.type === 'stderr') errors = extended(errors, event.data.data, COMPARED)
    if (event.type === 'state' && event.data.attempt > 1 && event.data.state === 'running') {
      note('its worker was lost; the program is judged again from the start')
    }
    if (event.type === 'stage' && event.data.phase === 'ended') {
      const lines = rows.row(event.data.report, output.text)
      if (lines.length > 0 && !hasHead) print(rows.head())
      hasHead ||= lines.length > 0
      lines.forEach(print)
      const ended = tests[event.data.report.test?.index ?? -1]
      if (isShownWhole && ended) shownTest(ended, { output, errors }, paint).forEach(print)
    }
    if (event.type === 'result') {
      const { judging, stages } = event.data
      const isSecret = (index: number) => tests[index]?.secret ?? secret
      const failed = stages.find(({ test, judging: of }) => test && of?.verdict !== 'accepted' && isSecret(test.index))
      if (!judging) note(whyEnded(event.data) ?? 'it was not judged')
      else {
        const { verdict, score, points, groups, skipped } = judging
        for (const group of groups) print(`group ${printable(group.name)}: ${group.score} of ${group.points}`)
        const left = skipped.length === 0 ? '' : `, ${skipped.length} tests skipped`
        print(`${paint(verdictFormat(verdict), verdict)}: ${score} of ${points} points${left}`)
        if (verdict === 'judge-error' && event.data.message !== null) note(event.data.message)
        if (failed?.test)
          note(
            `--test ${wordOf(nameOf(failed.test, failed.test.index))} shows the input, the answer and the output of that test`,
          )
      }
      return event.data
    }
  }
  return undefined
}
