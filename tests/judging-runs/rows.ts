import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { CHEATS } from './cheaters.ts'
import { GREEDY, KINDS, LANGUAGES, outputOnly, SLOW, submissionOf } from './kinds.ts'

/** A submission, and what must come of it. */
export interface Row {
  /** Under which the table at the end counts it. */
  group: string
  title: string
  request: Record<string, unknown>
  verdicts: string[]
  /** Undefined: all of the points. */
  score?: number
}

const LIMITS = { cpuMs: 1000, wallMs: 20_000, memoryBytes: 96 * MIB, outputBytes: MIB }
/** Of programs that wait for ever, or stop themselves. */
const WAITING_MS = 3000
/** Of programs that never end: as much time as any would show that. */
const LOOPING_CPU_MS = 400

const ofKinds = KINDS.flatMap((kind) =>
  LANGUAGES.flatMap((language): Row[] => {
    const row = (what: string, code: string, verdicts: string[], more: object = {}, score?: number): Row => ({
      group: kind.name,
      title: `${kind.name}, ${language}, ${what}`,
      request: { language, code, ...kind.problem, limits: LIMITS, ...more },
      verdicts,
      ...(score !== undefined && { score }),
    })
    const early = { stopOnFailure: true }
    return [
      row('right', kind.right[language], ['accepted']),
      row('wrong', kind.wrong[language], ['wrong-answer'], {}, kind.wrongScore ?? 0),
      row(
        'slow',
        submissionOf(language, SLOW[language], kind),
        ['time-limit'],
        { ...early, limits: { ...LIMITS, cpuMs: LOOPING_CPU_MS } },
        0,
      ),
      row('greedy', submissionOf(language, GREEDY[language], kind), ['memory-limit', 'runtime-error'], early, 0),
    ]
  }),
)
const ofOutputOnly: Row[] = [
  { group: 'output-only', title: 'output-only, right', request: outputOnly('4', '0', '999'), verdicts: ['accepted'] },
  {
    group: 'output-only',
    title: 'output-only, wrong',
    request: outputOnly('5', '1'),
    verdicts: ['wrong-answer'],
    score: 0,
  },
]
/** Cheaters that may wait until their wall time ends. */
const WAIT = /^(exhausts|signals)/
const ofCheaters = CHEATS.flatMap(({ name, problem, programs, verdicts }) =>
  LANGUAGES.map((language): Row => {
    const limits = { ...LIMITS, ...(WAIT.test(name) && { wallMs: WAITING_MS }) }
    const title = `cheater: ${name}, ${language}`
    return {
      group: `cheater: ${name}`,
      title,
      request: { language, code: programs[language], ...problem, limits },
      verdicts,
      score: 0,
    }
  }),
)

/** Those that wait come first: no round ends with a wait. */
export const ROWS: Row[] = [...ofCheaters, ...ofKinds, ...ofOutputOnly]

/** What is wrong with how a row was judged. */
export function faultOf({ verdicts, score }: Row, { id, judging, message }: Job): string | undefined {
  if (!judging) return `was not judged: ${message ?? 'no message'} (job ${id})`
  const expected = score ?? judging.points
  if (verdicts.includes(judging.verdict) && judging.score === expected) return undefined
  return `is ${judging.verdict} with ${judging.score} points (${message ?? 'no message'}, job ${id}), not ${verdicts.join(' or ')} with ${expected}`
}
