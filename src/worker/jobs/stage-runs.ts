import type { JobSpec, Status, TestCase } from '../../shared/job.ts'
import type { Limits } from '../../shared/limits.ts'
import type { CapturedOutput } from '../../shared/redis/stored-output.ts'
import type { Judge, Judged } from '../judging/judge.ts'
import { judgeError, type Ruling } from '../judging/ruling.ts'
import type { OutputStream, Sandbox } from '../sandbox/sandbox.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { classify } from './classify.ts'
import type { StartFeed } from './live-input.ts'
import type { PlannedStage } from './plan.ts'
import { createStageOutput } from './stage-output.ts'

/** What a stage runs with. */
export interface StageNeeds {
  sandbox: Sandbox
  spec: JobSpec
  planned: PlannedStage
  startFeed: StartFeed | undefined
  judge: Judge
  signal: AbortSignal
  /** How busy the machine is: 1 when as many processes want to run as there are processors. */
  load: () => number
  /** Goes on in a new cell, which begins as that of the stage did. */
  renew: () => Promise<void>
}

/** What a stage's program is held to. */
export interface StageBounds {
  test: TestCase
  limits: Limits
  /** Takes what the program writes, as it comes. */
  tell: (stream: OutputStream, bytes: Buffer) => void
}

/** What the runs of a stage came to: one, two where the time could not be believed, or one for each pass. */
export interface StageRuns {
  /** How the last ended. */
  status: Status
  message: string | null
  /** Of its judge, where that was asked while the program ran or after a pass. */
  ruling: Ruling | undefined
  /** What the last was given. */
  judged: Judged
  /** The last one's end with what all that count took. */
  report: StageReport
  /** The same of all, those that do not count among them. */
  all: StageReport
  timing: Timing
  captured: CapturedOutput
  runs: number
  passes: number
}

/** `over`: it used more CPU time than it may and still ended by itself; `starved`: its wall time ended on a busy machine with CPU time to spare. */
type Timing = 'sure' | 'over' | 'starved'

interface OneRun {
  status: Status
  message: string | null
  report: StageReport
  ruling: Ruling | undefined
  stdout: Buffer
}

/**
 * A judged test may use so much more of its CPU time before it is killed: what ends between the limit and this is run again, and only then has it
 * taken too long. Time on a busy machine is not the same twice.
 */
const CPU_TOLERANCE = 1.1

/** More wait for a processor than there are. */
const BUSY = 1

/**
 * Runs a stage's program: again, in a new cell, while its time cannot be believed or its judge asks for another pass.
 * @throws SandboxBroken
 */
export async function runStageProgram(needs: StageNeeds, { test, limits, tell }: StageBounds): Promise<StageRuns> {
  const { sandbox, spec, planned, startFeed, judge, signal, load, renew } = needs
  const { name, kind, stdin } = planned
  const mostPasses = (planned.test && spec.judging?.passes) ?? 1
  const isTimed = planned.test !== undefined && mostPasses === 1 && !judge.interacts
  const start = isTimed ? { ...planned.start, cpuMs: Math.ceil(planned.start.cpuMs * CPU_TOLERANCE) } : planned.start
  const timingOf = (report: StageReport): Timing => {
    if (isTimed && report.reason === 'exit' && report.cpuUs > limits.cpuMs * 1000) return 'over'
    const canStarve = isTimed || (kind === 'compile' && spec.tests.length > 0)
    return canStarve && isStarved(report, isTimed ? limits.cpuMs : start.cpuMs, load) ? 'starved' : 'sure'
  }
  const reports: StageReport[] = []
  let output = createStageOutput()

  /** @param isTold whether what it writes is told as it comes */
  const runOnce = async (given: Judged, isTold: boolean): Promise<OneRun> => {
    const written: Buffer[] = []
    const hear = (stream: OutputStream, bytes: Buffer) => {
      if (mostPasses > 1 && stream === 'stdout') written.push(bytes)
      const whole = output.push(stream, bytes)
      if (isTold) tell(stream, whole)
    }
    const run = async () => {
      const feed = planned.interactive ? startFeed?.(sandbox, stdin.length) : undefined
      const hasInput = start.stdin || given.input.length > 0
      return sandbox.run({ ...start, stdin: hasInput }, given.input, hear, feed).finally(() => feed?.stop())
    }
    const talk = planned.test && judge.interacts ? await judge.converse(given, sandbox, start, hear) : undefined
    const report = talk?.report ?? (await run())
    reports.push(report)
    const { status, message } = classify(report, name, kind, start, limits)
    return {
      status: talk?.isCutShort ? 'succeeded' : status,
      message,
      report,
      ruling: talk?.ruling,
      stdout: Buffer.concat(written),
    }
  }

  let judged: Judged = { test, input: stdin }
  let ran = await runOnce(judged, true)
  let runs = 1
  let timing = timingOf(ran.report)
  if (timing !== 'sure' && !signal.aborted) {
    await renew()
    output = createStageOutput()
    ran = await runOnce(judged, false)
    runs = 2
    timing = timingOf(ran.report)
  }
  let passes = 1
  let { ruling } = ran
  while (mostPasses > 1 && ran.status === 'succeeded' && !signal.aborted) {
    ruling ??= await judge.check(judged, ran.stdout)
    if (!ruling.next || signal.aborted) break
    if (passes === mostPasses) {
      ruling = judgeError(`the judge asks for another pass; ${mostPasses} are allowed`)
      break
    }
    passes++
    judged = { test, ...ruling.next }
    await renew()
    ran = await runOnce(judged, true)
    ruling = ran.ruling
  }
  const report = together(reports.slice(-passes))
  const rest = output.end(report.truncated)
  if (runs === 1) {
    tell('stdout', rest.stdout)
    tell('stderr', rest.stderr)
  }
  const { status, message } = ran
  return {
    status,
    message,
    ruling,
    judged,
    report,
    all: together(reports),
    timing,
    captured: output.captured(),
    runs,
    passes,
  }
}

/** Whether a program's wall time ended on a busy machine while it had CPU time to spare. */
function isStarved({ reason, cpuUs }: StageReport, cpuMs: number, load: () => number): boolean {
  return reason === 'wall' && cpuUs < (cpuMs * 1000) / CPU_TOLERANCE && load() > BUSY
}

/** One report of several runs: the last one's end, and what all of them took. */
function together(reports: readonly StageReport[]): StageReport {
  const last = reports.at(-1) as StageReport
  if (reports.length === 1) return last
  const sum = (of: (report: StageReport) => number) => reports.reduce((total, report) => total + of(report), 0)
  return {
    ...last,
    wallUs: sum(({ wallUs }) => wallUs),
    cpuUs: sum(({ cpuUs }) => cpuUs),
    instructions: reports.some(({ instructions }) => instructions === null)
      ? null
      : sum(({ instructions }) => instructions ?? 0),
    memoryPeakBytes: Math.max(...reports.map(({ memoryPeakBytes }) => memoryPeakBytes)),
    oomKills: sum(({ oomKills }) => oomKills),
    stdoutBytes: sum(({ stdoutBytes }) => stdoutBytes),
    stderrBytes: sum(({ stderrBytes }) => stderrBytes),
    truncated: reports.some(({ truncated }) => truncated),
    reached: [...new Set(reports.flatMap(({ reached }) => reached))],
    refusedCalls: reports.flatMap(({ refusedCalls }) => refusedCalls),
  }
}
