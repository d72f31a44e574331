import { extname } from 'node:path'
import type { CodeRequest, JobSummary } from '../../client/client.ts'
import { endedAsClaimed } from '../../shared/judging/example-submissions.ts'
import { refusedInputs, validationRequests } from '../../shared/judging/input-validators.ts'
import { type ExampleSubmission, examplePath, type InputValidator } from '../../shared/judging/problem.ts'
import { readProblem } from '../../shared/judging/read-problem.ts'
import { EXIT } from '../exit.ts'
import { plain } from '../paint.ts'
import { type Connection, PATIENT_RETRIES } from '../service/connection.ts'
import { counted, printable, table } from '../table.ts'
import { liveLine } from '../live-line.ts'
import { notUsable } from './judge.ts'
import { judgedWith, type JudgedWith } from './judged-with.ts'
import { readFolder } from './read-folder.ts'
import { runtimeNamed, runtimeOf } from './request.ts'
import type { Streams } from './show-events.ts'
import { packed } from './store-problem.ts'
import { verdictFormat } from './verdict-rows.ts'

interface Checked {
  example: ExampleSubmission
  job: JobSummary
  passed: boolean
}

interface Validated {
  name: string
  language: string
  jobs: string[]
  /** Tests whose input it does not accept; null when it could not be run. */
  refused: string[] | null
  message: string | null
  passed: boolean
}

/**
 * Reads the folder of a problem, runs its input validators, judges its example submissions, and shows how each ended beside what it claims.
 * @param stop aborts at Ctrl-C: the jobs are cancelled
 * @returns 0 when all ended as they claim and every input is accepted, else 1, also when there are programs and none of them can be run
 * @throws ExitError when the folder is no problem
 */
export async function checkProblem(
  folder: string,
  { json = false }: { json?: boolean },
  { client }: Connection,
  { stdout, stderr, note, paint = plain }: Streams,
  { stop, hurry }: { stop: AbortSignal; hurry: AbortSignal },
): Promise<number> {
  const runtimes = await client.runtimes()
  const files = readFolder(folder)
  const read = readProblem(
    files,
    (path) => runtimeOf(extname(path).toLowerCase(), runtimes),
    (name) => runtimeNamed(name, runtimes),
  )
  if (!read.problem) throw notUsable(folder, read.faults)
  const { problem, format } = read
  const isInstalled = (language: string) => runtimes.some((one) => one.language === language && one.installed)
  const examples = read.examples.filter(({ language }) => isInstalled(language))
  const validators = read.validators.filter(({ language }) => isInstalled(language))
  const others = [
    ...read.examples.map((example) => ({ path: examplePath(format, example), language: example.language })),
    ...read.validators.map(({ name, language }) => ({ path: name, language })),
  ].filter(({ language }) => !isInstalled(language))
  const leftOut = [...others.map(({ path }) => path), ...read.leftOut]
  const count = problem.tests?.length ?? 0
  const parts = [counted(count, 'test'), counted(read.examples.length, 'example submission')]
  note(`${folder} is a ${NAMES[format]} with ${parts.join(' and ')}`)
  const notes = read.notes.map(({ path, detail }) => `${path} ${detail}`)
  for (const one of notes) note(printable(one))
  const list = (paths: readonly string[]) => paths.map((path) => printable(path)).join(', ')
  if (others.length > 0) {
    const languages = [...new Set(others.map(({ language }) => language))]
    note(`not run, since their languages are not installed: ${list(others.map(({ path }) => path))}`)
    note(`the operator can install them with: npx runyard languages install ${languages.join(' ')}`)
  }
  if (read.leftOut.length > 0)
    note(
      `not run, since they are of no known language, of one that the problem does not allow, or need a script: ${list(read.leftOut)}`,
    )

  const checked: Checked[] = []
  const progress = liveLine(stderr)
  const run = async (request: CodeRequest): Promise<JobSummary> => {
    const { id } = await client.submit(request, { signal: hurry })
    const cancel = () => void client.cancel(id, { signal: hurry }).catch(() => undefined)
    stop.addEventListener('abort', cancel, { once: true })
    try {
      return await client.wait(id, { signal: hurry, retries: PATIENT_RETRIES })
    } finally {
      stop.removeEventListener('abort', cancel)
    }
  }
  const validated: Validated[] = []
  if (stop.aborted) return EXIT.cancelled
  for (const validator of validators) {
    const jobs: JobSummary[] = []
    for (const request of validationRequests(validator, problem)) {
      progress.show(`validating inputs: ${printable(validator.name)}`)
      jobs.push(await run(request))
      if (stop.aborted) return EXIT.cancelled
    }
    validated.push(shownValidator(validator, count, jobs))
  }
  const judgeExamples = async (fields: JudgedWith) => {
    for (const example of examples) {
      progress.show(`judging ${checked.length + 1} of ${examples.length}: ${printable(example.name)}`)
      const { language, files, entrypoint } = example
      const job = await run({ ...fields, language, files, entrypoint, priority: 'low' })
      if (stop.aborted) return
      checked.push({ example, job, passed: endedAsClaimed(example, job.judging) })
    }
  }
  if (examples.length > 0)
    await judgedWith({ folder, archive: () => packed(files), problem }, { client, note, hurry }, judgeExamples)
  if (stop.aborted) return EXIT.cancelled
  progress.clear()
  if (json)
    stdout.write(
      `${JSON.stringify({ format, tests: count, submissions: checked.map(shown), validators: validated, leftOut, notes }, null, 2)}\n`,
    )
  else if (checked.length > 0) {
    const columns = [
      { title: 'SUBMISSION' },
      { title: 'LANGUAGE' },
      { title: 'CLAIMS' },
      { title: 'VERDICT', format: verdictFormat },
      { title: 'SCORE', align: 'right' as const },
      { title: 'CPU MS', align: 'right' as const },
      { title: '', format: (cell: string) => (cell === 'ok' ? ('green' as const) : ('red' as const)) },
    ]
    const rows = checked.map((one) => {
      const { name, language, expected, verdict, score, points, slowestMs, passed } = shown(one)
      return [
        printable(name),
        language,
        expected.join(' or '),
        verdict ?? one.job.status ?? '',
        score === null ? '' : `${score}/${points}`,
        slowestMs?.toFixed(0) ?? '',
        passed ? 'ok' : 'NOT AS CLAIMED',
      ]
    })
    stdout.write(`${table(columns, rows, paint)}\n`)
  }
  if (!json) {
    for (const { example, job, passed } of checked) {
      if (!passed && job.message !== null) note(`${printable(example.name)}: ${withTestName(job)}`)
    }
    for (const { name, refused, message } of validated) note(`${printable(name)} ${saidBy(refused, message, count)}`)
  }
  const all = [...checked, ...validated]
  if (all.length === 0 && leftOut.length > 0) {
    note('nothing was checked: none of the programs of this problem can be run here')
    return 1
  }
  return all.every(({ passed }) => passed) ? 0 : 1
}

/** Why a job ended, with the name of its test instead of its place. */
function withTestName({ message, stages }: JobSummary): string {
  return (message ?? '').replace(/^stage (test \d+)(?= )/, (whole, stage: string) => {
    const name = stages.find((one) => one.name === stage)?.test?.name
    return name === undefined || name === null ? whole : `test ${printable(name)}`
  })
}

const NAMES = { folder: 'plain folder', kattis: 'Kattis package', polygon: 'Polygon package' } as const

function shownValidator(validator: InputValidator, inputs: number, jobs: readonly JobSummary[]): Validated {
  const refused = refusedInputs(validator, inputs, jobs) ?? null
  const message = jobs.find((job) => job.message !== null)?.message ?? null
  const { name, language } = validator
  return { name, language, jobs: jobs.map(({ id }) => id), refused, message, passed: refused?.length === 0 }
}

function saidBy(refused: readonly string[] | null, message: string | null, tests: number): string {
  if (refused === null) return `could not be run: ${message ?? 'it did not run on every input'}`
  if (refused.length === 0) return `accepts the ${tests} inputs`
  return `does not accept the input of ${refused.map((name) => printable(name)).join(', ')}`
}

function shown({ example: { name, language, expected }, job, passed }: Checked) {
  const { verdict = null, score = null, points = null } = job.judging ?? {}
  const times = job.stages.flatMap(({ test, cpuMs }) => (test ? [cpuMs] : []))
  const slowestMs = times.length === 0 ? null : Math.max(...times)
  return { name, language, expected, job: job.id, verdict, score, points, slowestMs, passed }
}
