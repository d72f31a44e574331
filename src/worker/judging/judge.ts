import type { JobSpec, TestCase } from '../../shared/job.ts'
import type { CheckTimes } from '../../shared/judging/judging-result.ts'
import type { JudgeProgram } from '../../shared/judging/judging-spec.ts'
import type { StageStart } from '../sandbox/frames.ts'
import type { OutputStream, Sandbox } from '../sandbox/sandbox.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { compareOutput, LINES } from './compare.ts'
import type { JudgeCell, JudgeRole, JudgeRun } from './judge-cell.ts'
import { judgeError, type Ruling, rulingOf } from './ruling.ts'
import { pointsOfTest } from '../../shared/judging/group-points.ts'

/** A test whose program is to be judged. */
export interface Judged {
  test: TestCase
  /** Its standard input; of a program that talks to an interactor, the interactor's. */
  input: Uint8Array
  /** Of the pass before, as its judge left it. */
  feedback?: ReadonlyMap<string, Uint8Array>
}

/** How a program ended that talked to an interactor. */
export interface Conversation {
  report: StageReport
  /** The interactor's; undefined when the program ended first, and badly. */
  ruling: Ruling | undefined
  /** Whether the program was ended because the verdict was there. */
  isCutShort: boolean
}

/** Judges the tests of one job, one after another. */
export interface Judge {
  /** Whether programs talk to an interactor. */
  readonly interacts: boolean
  /** Names of the system calls by which a judge's program tried to get out. */
  readonly refusedCalls: readonly string[]
  /**
   * Makes ready what judges, if it is a program. Once is enough.
   * @returns a judge's fault, when no test can be judged
   * @throws SandboxBroken; what is thrown when no sandbox can be had
   */
  prepare: () => Promise<Ruling | undefined>
  /** Judges what a program wrote that ended well. @throws as `prepare` */
  check: (judged: Judged, stdout: Buffer) => Promise<Ruling>
  /**
   * Runs a program that talks to the interactor: each has the other's output as its input, a cell and a clock of its own. The
   * interactor, which is prepared, begins.
   * @param program stands where the stage is to run
   * @throws SandboxBroken
   */
  converse: (
    judged: Judged,
    program: Sandbox,
    start: StageStart,
    onOutput: (stream: OutputStream, bytes: Buffer) => void,
  ) => Promise<Conversation>
  /** Ends what runs for judges, to be used when the job ends early. */
  kill: () => void
}

/** @param openCell gives a cell for a program that judges; called once at most for each role */
export function createJudge(
  { judging }: Pick<JobSpec, 'judging'>,
  openCell: (program: JudgeProgram, role: JudgeRole) => Promise<JudgeCell>,
): Judge {
  const programs: Partial<Record<JudgeRole, JudgeProgram>> = {
    ...(judging?.interactor && { interactor: judging.interactor }),
    ...(judging?.checker.type === 'program' && { checker: judging.checker.program }),
  }
  const cells: Partial<Record<JudgeRole, JudgeCell>> = {}
  let isKilled = false
  const prepared: Partial<Record<JudgeRole, Promise<Ruling | undefined>>> = {}

  const prepare = async (role: JudgeRole): Promise<Ruling | undefined> => {
    const program = programs[role]
    if (!program) return undefined
    const cell = await openCell(program, role)
    cells[role] = cell
    const why = await cell.prepare()
    return why === undefined ? undefined : judgeError(why)
  }
  /** Whether a test is of a group that is accepted by a rule of its own, whatever its score. */
  const isOfCounted = ({ group }: TestCase) =>
    judging?.groups.some(({ name, counts }) => name === group && counts !== undefined) === true
  const ready = (role: JudgeRole) => (prepared[role] ??= prepare(role))
  const rule = async (
    by: JudgeProgram,
    role: JudgeRole,
    { report, conclude }: JudgeRun,
    { test }: Judged,
  ): Promise<Ruling> => ({
    ...rulingOf(by, await conclude(), pointsOfTest(test), role, isOfCounted(test)),
    check: timesOf(report),
  })
  const placed = ({ input, feedback }: Judged) => ({ input, ...(feedback && { feedback }) })
  const check = async (by: JudgeProgram, judged: Judged, output: Uint8Array): Promise<Ruling> => {
    const fault = await ready('checker')
    const { checker: cell } = cells
    if (fault || !cell) return fault ?? judgeError('the checker was not started')
    await cell.place({ ...placed(judged), answer: answerOf(judged), output })
    return rule(by, 'checker', await cell.run(), judged)
  }
  const answerOf = ({ test }: Judged) => Buffer.from(test.expectedOutput ?? '')

  return {
    interacts: judging?.interactor !== undefined,
    get refusedCalls() {
      return Object.values(cells).flatMap(({ refusedCalls }) => refusedCalls)
    },
    prepare: () => ready(programs.interactor ? 'interactor' : 'checker'),
    async check(judged, stdout) {
      const answer = judged.test.expectedOutput
      const checker = judging?.checker ?? LINES
      if (checker.type !== 'program') {
        const verdict = answer === undefined ? 'accepted' : compareOutput(checker, stdout, answer)
        return { verdict, fraction: verdict === 'accepted' ? 1 : 0 }
      }
      return check(checker.program, judged, stdout)
    },
    async converse(judged, program, start, onOutput) {
      const by = judging?.interactor
      const judges = cells.interactor
      if (!by || !judges) throw new Error('no interactor was prepared')
      await judges.place({ ...placed(judged), answer: answerOf(judged) })
      let first: 'program' | 'interactor' | undefined
      // Longer than the program may take, so that of two that wait for each other the program meets its limit.
      const moreWallMs = start.wallMs + start.graceMs
      /** The program has written since the interactor last did, and may wait for an answer. */
      let owes = false
      let leftUnanswered = false
      const heard: Buffer[] = []
      const answer = (bytes: Buffer) => {
        owes = false
        program.input(bytes)
      }
      const ruled = judges.run({ moreWallMs, onOutput: answer }).then(async (run) => {
        first ??= 'interactor'
        program.endInput()
        const ruling = await rule(by, 'interactor', run, judged)
        if (first === 'interactor' && ruling.verdict !== 'accepted') {
          // The second time it is SIGKILL.
          program.kill()
          program.kill()
        }
        return { ruling, report: run.report }
      })
      const hear = (stream: OutputStream, bytes: Buffer) => {
        if (stream === 'stdout') {
          owes = true
          heard.push(bytes)
          judges.input(bytes)
        }
        onOutput(stream, bytes)
      }
      const done = program.run({ ...start, stdin: true }, NOTHING, hear, { taken: () => undefined }).then((report) => {
        first ??= 'program'
        leftUnanswered = owes
        // It may have waited for an interactor that never answers: one that waits itself ends with its input.
        if (endedWell(report) || report.reason === 'wall') judges.endInput()
        else if (first === 'program') judges.kill()
        return report
      })
      const [report, { ruling: said, report: its }] = await Promise.all([done, ruled])
      /** The interactor once more, for as long, with the same input but without an end of it. */
      const withoutEnd = async (): Promise<StageReport | undefined> => {
        await judges.place({ ...placed(judged), answer: answerOf(judged) })
        if (isKilled) return undefined
        const again = judges.run({ moreWallMs, onOutput: () => undefined })
        for (const bytes of heard) judges.input(bytes)
        const run = await again
        await run.conclude()
        return run.report
      }
      // One that had answered is not what the program waited for, whatever it does at the end of its input.
      const isSuspect = hasHung(its) && leftUnanswered && report.reason === 'wall' && !isKilled
      const hasHeldUp = isSuspect && (isAsleep(its, moreWallMs) || hangsAlike(its, await withoutEnd(), moreWallMs))
      const counts = first === 'interactor' || endedWell(report) || hasHeldUp
      const ruling =
        programs.checker && counts && said.written && endedWell(report)
          ? await check(programs.checker, judged, said.written)
          : said
      return {
        report,
        ruling: counts ? ruling : undefined,
        isCutShort: report.reason === 'kill' && first === 'interactor' && said.verdict !== 'accepted',
      }
    },
    kill: () => {
      isKilled = true
      for (const cell of Object.values(cells)) cell.kill()
    },
  }
}

const NOTHING = new Uint8Array()

/** Ended by its own limits, whatever it was told. */
const hasHung = ({ reason, oomKills }: StageReport) =>
  reason === 'wall' || reason === 'cpu' || reason === 'output' || oomKills > 0

/**
 * It slept until its wall time was over, also through the end of its input: it waited for something else. Only the time after that end counts,
 * for until then one that waits for the program sleeps, too.
 */
const isAsleep = ({ reason, wallUs, cpuUs }: StageReport, moreWallMs: number) =>
  reason === 'wall' && cpuUs < (wallUs - moreWallMs * 1000) / 20

/**
 * Whether an interactor that met a limit after the end of its input does without that end as it did with it. Otherwise it waits, and fails at the end alone.
 * @param its with the end of its input @param again without it
 */
function hangsAlike(its: StageReport, again: StageReport | undefined, moreWallMs: number): boolean {
  if (!again) return false
  if (again.reason === 'cpu' || again.reason === 'output' || again.oomKills > 0) return true
  // One that computes may not come to its limit of CPU time where others compute too.
  if (again.reason !== 'wall' || (its.reason !== 'cpu' && its.reason !== 'wall') || again.cpuUs < its.cpuUs / 2)
    return false
  // What it computed before the end of its input it computes again. One that waits then lacks what it computed after that end.
  return its.cpuUs - again.cpuUs < (its.wallUs - moreWallMs * 1000) * 0.75
}

const endedWell = ({ reason, exitCode }: StageReport) => reason === 'exit' && exitCode === 0

const timesOf = ({ wallUs, cpuUs, memoryPeakBytes }: StageReport): CheckTimes => ({
  wallMs: wallUs / 1000,
  cpuMs: cpuUs / 1000,
  memoryPeakBytes,
})
