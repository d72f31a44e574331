import type { JudgeProgram, Protocol } from '../../shared/judging/judging-spec.ts'
import type { CheckTimes } from '../../shared/judging/judging-result.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { Status } from '../../shared/job.ts'
import { KIB } from '../../shared/limits.ts'

/** What a checker or an interactor says of one test. */
export interface Ruling {
  verdict: Extract<Verdict, 'accepted' | 'wrong-answer' | 'presentation-error' | 'judge-error'>
  /** How much of the test's points it gives, 0 to 1. */
  fraction: number
  /** To the author of the program. */
  feedback?: string
  /** To judges. */
  judgeMessage?: string
  check?: CheckTimes
  /** Set when it accepts this pass and asks for another. */
  next?: NextPass
  /** What an interactor wrote to its output file, for a checker. */
  written?: Buffer
}

/** What the program and its judge have in another run for the same test. */
export interface NextPass {
  input: Buffer
  /** Of the judge's feedback folder, by name. */
  feedback: ReadonlyMap<string, Buffer>
}

/** How a judge's program ended, and what it left. */
export interface JudgeEnd {
  /** As of any program. */
  status: Status
  /** Why, where the status alone does not say. */
  message: string | null
  exitCode: number | null
  stderr: string
  /** Its feedback files by name. */
  files: ReadonlyMap<string, string>
  next?: NextPass
  written?: Buffer
  /** What of its files cannot be read, in words; matters when it accepts. */
  unread?: string
}

/** What is kept of one text of a judge's. */
const MESSAGE_BYTES = 4 * KIB

/**
 * What a judge's program says, by its exit code and what it left. Whatever is not said as its protocol has it is its own fault.
 * @param points the most that the test gives
 * @param isAcceptedForNothing whether what a validator of Kattis accepts is accepted though it gives nothing
 * Source: the problem package format of Kattis, 2025-09, "Output validator"; testlib.h, `TResult` and `resultExitCode`.
 */
export function rulingOf(
  { protocol }: Pick<JudgeProgram, 'protocol'>,
  end: JudgeEnd,
  points: number,
  role: 'checker' | 'interactor',
  isAcceptedForNothing = false,
): Ruling {
  const said = SAID[protocol](end)
  if (end.status !== 'succeeded' && end.status !== 'failed') {
    return judgeError(end.message ?? `the ${role} ended with ${end.status}`, said.judgeMessage)
  }
  const { verdict } = said
  if (verdict === undefined) {
    return judgeError(
      `the ${role} ended with exit code ${end.exitCode}, which ${protocol} does not know (${EXIT_CODES[protocol]})`,
      said.judgeMessage,
    )
  }
  if (verdict === 'judge-error') return judgeError(`the ${role} says that it failed itself`, said.judgeMessage)
  const { feedback, judgeMessage } = said
  const words = { ...(feedback !== '' && { feedback }), ...(judgeMessage !== '' && { judgeMessage }) }
  // A refusal stands whatever becomes of its messages: they may quote the program, which could make them too large to be read.
  if (verdict !== 'accepted') return { verdict, fraction: 0, ...words }
  if (end.unread !== undefined)
    return judgeError(`the ${role} left files that cannot be read: ${end.unread}`, judgeMessage)
  if (end.next) return { verdict, fraction: 0, ...words, next: end.next }
  const fraction = fractionOf(said.score, points)
  if (fraction === undefined) {
    return judgeError(
      `the ${role} gives ${said.score?.text.trim()}; allowed are ${said.score?.of === 'points' ? `0 to ${points}` : '0 to 1'}`,
      judgeMessage,
    )
  }
  // Nothing of the points is no success, whatever it is called, but where the format says that it is.
  const isNothing = said.score !== undefined && fraction === 0 && !(isAcceptedForNothing && protocol === 'kattis')
  const ruling: Ruling = { verdict: isNothing ? 'wrong-answer' : 'accepted', fraction, ...words }
  return end.written ? { ...ruling, written: end.written } : ruling
}

/** @param why to judges @param words of the program itself */
export function judgeError(why: string, words = ''): Ruling {
  return { verdict: 'judge-error', fraction: 0, judgeMessage: cut(words === '' ? why : `${why}: ${words}`) }
}

interface Said {
  /** Undefined for an exit code that is none of the protocol's. */
  verdict: Ruling['verdict'] | undefined
  feedback: string
  judgeMessage: string
  /** A part of 1, or of the test's points. */
  score?: { text: string; of: 'one' | 'points' }
}

const SAID: Record<Protocol, (end: JudgeEnd) => Said> = {
  kattis({ exitCode, files, stderr }) {
    const verdict = exitCode === 42 ? 'accepted' : exitCode === 43 ? 'wrong-answer' : undefined
    const multiplier = files.get('score_multiplier.txt')
    const score = files.get('score.txt')
    return {
      verdict,
      feedback: cut(files.get('teammessage.txt') ?? ''),
      judgeMessage: cut(files.get('judgemessage.txt') ?? (verdict === undefined ? stderr : '')),
      ...(multiplier !== undefined && { score: { text: multiplier, of: 'one' } }),
      ...(multiplier === undefined && score !== undefined && { score: { text: score, of: 'points' } }),
    }
  },
  testlib({ exitCode, stderr }) {
    const judgeMessage = cut(stderr)
    const verdict = TESTLIB[exitCode ?? -1]
    if (exitCode !== 7) return { verdict, feedback: '', judgeMessage }
    const text = /^(?:points\s+)?(\S+)/.exec(stderr.trimStart())?.[1] ?? 'no points'
    return { verdict, feedback: '', judgeMessage, score: { text, of: 'points' } }
  },
}

/** What exit codes say, in short. */
const EXIT_CODES: Record<Protocol, string> = {
  kattis: '42 accepts, 43 refuses',
  testlib: '0 accepts, 1 and 2 refuse, 7 gives points, 3 is a fault of its own',
}

/** Of testlib.h: dirt is text behind the output, 8 an output that ends too early. */
const TESTLIB: Partial<Record<number, Ruling['verdict']>> = {
  0: 'accepted',
  1: 'wrong-answer',
  2: 'presentation-error',
  3: 'judge-error',
  4: 'presentation-error',
  7: 'accepted',
  8: 'presentation-error',
}

/** As `NUMBER` of comparisons, without a sign that makes it less than nothing. */
const DECIMAL = /^\s*\+?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?\s*$/

/** @returns undefined for what is no number, or too much */
function fractionOf(score: Said['score'], points: number): number | undefined {
  if (!score) return 1
  if (!DECIMAL.test(score.text)) return undefined
  // Of nothing there are no parts: judges that score all tests alike score samples, too.
  if (score.of === 'points' && points === 0) return 1
  const most = score.of === 'one' ? 1 : points
  const value = Number(score.text)
  return value <= most ? value / most : undefined
}

/** The beginning of a text, cut between characters. */
function cut(text: string): string {
  const bytes = Buffer.from(text.trimEnd())
  if (bytes.length <= MESSAGE_BYTES) return bytes.toString()
  return `${bytes.subarray(0, MESSAGE_BYTES).toString().replace(/�$/, '')} ...`
}
