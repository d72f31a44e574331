import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../src/shared/job.ts'

/** The most that a job with packages may take, by the same job without. */
export const MOST_RATIO = 1.3
const PAIRS = 25
const REST_MS = 500
/** Of the time of a job. */
const PARTS = ['all', 'asking', 'waiting', 'running', 'program', 'answering'] as const

/** Of a job in ms: as its owner sees it, until it was accepted, until it began, while it ran but for its program, its program, and its answer. */
type Times = Record<(typeof PARTS)[number], number>

/** @returns how much longer the second of two jobs takes, by medians, and these in words */
export async function compareTimes(
  without: () => Promise<Job>,
  having: () => Promise<Job>,
): Promise<{ ratio: number; words: string }> {
  const pair = [without, having].map((submit) => ({ submit, times: [] as Times[] }))
  // In turn, so that what else the machine does weighs on both; the first round makes their sandboxes.
  for (let round = 0; round <= PAIRS; round++) {
    for (const { submit, times } of pair) {
      // Until the interpreter that is to wait for it does, also where it is slow to start.
      await sleep(REST_MS)
      const one = await timesOf(submit)
      if (round > 0) times.push(one)
    }
  }
  const [plain, packed] = pair.map(
    ({ times }) =>
      (part: keyof Times) =>
        median(times.map((one) => one[part])),
  )
  if (!plain || !packed) throw new Error('nothing was measured')
  const ratio = packed('all') / plain('all')
  const parts = PARTS.map((part) => `${part} ${packed(part).toFixed(1)} to ${plain(part).toFixed(1)}`)
  return { ratio, words: `${ratio.toFixed(2)} times; medians of ${PAIRS} pairs in ms: ${parts.join(', ')}` }
}

async function timesOf(submit: () => Promise<Job>): Promise<Times> {
  const begun = Date.now()
  const begunExactly = performance.now()
  const job = await submit()
  const all = performance.now() - begunExactly
  const answered = Date.now()
  if (job.status !== 'succeeded') throw new Error(`${job.status}: ${job.message}`)
  const [created = 0, started = 0, finished = 0] = [job.createdAt, job.startedAt, job.finishedAt].map((at) =>
    Date.parse(at ?? ''),
  )
  const program = job.stages.reduce((sum, { wallMs }) => sum + wallMs, 0)
  const [asking, waiting, answering] = [created - begun, started - created, answered - finished]
  return { all, asking, waiting, running: finished - started - program, program, answering }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
