import { extname } from 'node:path'
import type { CodeRequest, JobSummary } from '../../client/client.ts'
import type { ExampleSubmission } from '../../shared/judging/problem.ts'
import { readProblem } from '../../shared/judging/read-problem.ts'
import { EXIT } from '../exit.ts'
import { plain } from '../paint.ts'
import { type Connection, PATIENT_RETRIES } from '../service/connection.ts'
import { printable, table } from '../table.ts'
import { liveLine } from '../live-line.ts'
import { notUsable } from './judge.ts'
import { readFolder } from './read-folder.ts'
import { runtimeOf } from './request.ts'
import type { Streams } from './show-events.ts'
import { verdictFormat } from './verdict-rows.ts'

interface Checked {
  example: ExampleSubmission
  job: JobSummary
  passed: boolean
}

/**
 * Reads the folder of a problem, judges its example submissions, and shows how each ended beside what it claims.
 * @param stop aborts at Ctrl-C: the jobs are cancelled
 * @returns 0 when all ended as they claim, else 1
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
  const read = readProblem(readFolder(folder), (path) => runtimeOf(extname(path).toLowerCase(), runtimes))
  if (!read.problem) throw notUsable(folder, read.faults)
  const { problem, examples, format } = read
  const count = problem.tests?.length ?? 0
  note(`${folder} is a ${NAMES[format]} with ${count} tests and ${examples.length} example submissions`)

  const checked: Checked[] = []
  const progress = liveLine(stderr)
  for (const example of examples) {
    if (stop.aborted) return EXIT.cancelled
    progress.show(`judging ${checked.length + 1} of ${examples.length}: ${printable(example.name)}`)
    const { language, files, entrypoint } = example
    const request: CodeRequest = { ...problem, language, files, entrypoint, priority: 'low' }
    const { id } = await client.submit(request, { signal: hurry })
    const cancel = () => void client.cancel(id, { signal: hurry }).catch(() => undefined)
    stop.addEventListener('abort', cancel, { once: true })
    try {
      const job = await client.wait(id, { signal: hurry, retries: PATIENT_RETRIES })
      checked.push({ example, job, passed: endedAsClaimed(example, job) })
    } finally {
      stop.removeEventListener('abort', cancel)
    }
  }
  progress.clear()
  if (json) stdout.write(`${JSON.stringify({ format, tests: count, submissions: checked.map(shown) }, null, 2)}\n`)
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
      return [printable(name), language, expected.join(' or '), verdict ?? one.job.status ?? '', score === null ? '' : `${score}/${points}`, slowestMs?.toFixed(0) ?? '', passed ? 'ok' : 'NOT AS CLAIMED'] // prettier-ignore
    })
    stdout.write(`${table(columns, rows, paint)}\n`)
  }
  return checked.every(({ passed }) => passed) ? 0 : 1
}

const NAMES = { folder: 'plain folder', kattis: 'Kattis package', polygon: 'Polygon package' } as const

function endedAsClaimed({ expected, isPartial }: ExampleSubmission, { judging }: JobSummary): boolean {
  if (!judging || !expected.includes(judging.verdict)) return false
  return !isPartial || (judging.score > 0 && judging.score < judging.points)
}

function shown({ example: { name, language, expected }, job, passed }: Checked) {
  const { verdict = null, score = null, points = null } = job.judging ?? {}
  const times = job.stages.flatMap(({ test, cpuMs }) => (test ? [cpuMs] : []))
  const slowestMs = times.length === 0 ? null : Math.max(...times)
  return { name, language, expected, job: job.id, verdict, score, points, slowestMs, passed }
}
