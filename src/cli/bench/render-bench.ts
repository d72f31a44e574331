import { type Paint, plain } from '../paint.ts'
import { table } from '../table.ts'
import type { Level } from './measure.ts'

/** What to do about a rate that is too low to measure. */
export const RAISE_RATE = [
  'An operator creates a key with a higher rate, for --key-file or RUNYARD_KEY:',
  '  npx runyard keys create --name bench --tenant bench --rate 100000/min --burst 1000',
  'Without authentication, raise RATE_PER_MINUTE and RATE_BURST, or set AUTH=optional to make keys count.',
].join('\n')

/** What can be done about an error; the others say it by their name and docs/errors.md. */
const ADVICE: Record<string, string> = {
  'tenant-queue-full': 'too many jobs of this tenant waited: raise TENANT_MAX_QUEUED_JOBS, or use fewer in flight',
  'too-many-open': 'too many requests waited at once: raise TENANT_MAX_OPEN_STREAMS, or use fewer in flight',
  'queue-full': 'too many jobs waited: add workers or slots (WORKER_CONCURRENCY), or use fewer in flight',
  'engine-unavailable': 'no worker could run jobs: see npx runyard doctor and the workers’ log',
  unavailable: 'the service was unavailable: see its log and /readyz',
  'internal-error': 'the service failed: see its log',
  unreachable: 'no answer came',
  'wait-timeout': 'jobs did not end within a minute',
  'wrong-answer': 'the program gave a wrong result',
}

const TITLES = ['IN FLIGHT', 'JOBS', 'JOBS/S', 'P50 MS', 'P95 MS', 'P99 MS', 'PROGRAM MS', 'ERRORS']

/** Results for people. Where there were too few answers for one, it is `-`. */
export function renderBench(levels: readonly Level[], paint: Paint = plain): string {
  const rows = levels.map((level) => [
    String(level.inFlight),
    String(level.jobs),
    figure(level.jobsPerSecond),
    figure(level.p50Ms),
    figure(level.p95Ms),
    figure(level.p99Ms),
    figure(level.programP50Ms),
    String(Object.values(level.errors).reduce((sum, count) => sum + count, 0)),
  ])
  const columns = TITLES.map((title) => ({ title, align: 'right' as const }))
  const errors = levels.flatMap(({ inFlight, errors: counts }) =>
    Object.entries(counts).map(([code, count]) => {
      const advice = ADVICE[code]
      return `${inFlight} in flight: ${count} times ${code}${advice === undefined ? '' : `: ${advice}`}`
    }),
  )
  return [table(columns, rows, paint), ...(errors.length > 0 ? ['', ...errors] : [])].join('\n')
}

const figure = (value: number | null) => (value === null ? '-' : value.toFixed(value < 100 ? 1 : 0))
