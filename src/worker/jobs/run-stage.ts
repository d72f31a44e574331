import type { JobSpec, StageSummary, StageTest, TestCase } from '../../shared/job.ts'
import { KIB, type Limits } from '../../shared/limits.ts'
import { type CapturedOutput, NO_OUTPUT, partOutput } from '../../shared/redis/stored-output.ts'
import type { Ruling } from '../judging/ruling.ts'
import type { TestOutcome } from '../judging/scoring.ts'
import { judgingOf, outcomeOf, saidOf, statusOf } from '../judging/stage-judging.ts'
import type { OutputStream } from '../sandbox/sandbox.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { limitsMet, shownExitCode, signalName, withLimits } from './classify.ts'
import { runStageProgram, type StageNeeds, type StageRuns } from './stage-runs.ts'

/** What a job tells while it runs. */
export interface JobListener {
  stageStarted(stage: string, test?: StageTest): void
  output(stage: string, stream: OutputStream, bytes: Buffer): void
  stageEnded(stage: StageSummary): void
}

/** A stage that has ended. */
export interface RanStage {
  stage: StageSummary
  captured: CapturedOutput
  message: string | null
  /** Of all its runs. */
  report: Pick<StageReport, 'oomKills' | 'refusedCalls'>
  /** Of a test that was not cancelled. */
  outcome: TestOutcome | undefined
}

/** Where a runtime says why it gives up. */
const LAST_WORDS_BYTES = 4 * KIB

/**
 * Runs a stage, and has its output judged where there is a judge for it.
 * @throws SandboxBroken when the sandbox fails; the program's failure is a status
 */
export async function runStage(needs: StageNeeds, listener: JobListener): Promise<RanStage> {
  const { name, test } = needs.planned
  const testCase = caseOf(needs.spec, test)
  const secret = testCase.secret === true
  const limits = { ...needs.spec.head.limits, ...testCase.limits }
  const tell = (stream: OutputStream, bytes: Buffer) => {
    if (bytes.length > 0 && !secret) listener.output(name, stream, bytes)
  }
  listener.stageStarted(name, test)
  const ran = await runStageProgram(needs, { test: testCase, limits, tell })
  const { report, runs, passes, captured } = ran
  const { status, message, ruling, met } = await conclude(needs, ran, limits, secret)
  const stage: StageSummary = {
    name,
    ...(test && { test }),
    status,
    // With its code, its signal and its length a program could tell what it read.
    exitCode: secret ? null : shownExitCode(report),
    signal: secret || report.signal === null ? null : signalName(report.signal),
    wallMs: report.wallUs / 1000,
    cpuMs: report.cpuUs / 1000,
    memoryPeakBytes: report.memoryPeakBytes,
    stdoutBytes: secret ? 0 : report.stdoutBytes,
    stderrBytes: secret ? 0 : report.stderrBytes,
    truncated: report.truncated,
    limitsMet: met,
  }
  const outcome = test && status !== 'cancelled' ? outcomeOf(status, ruling) : undefined
  const notes = {
    ...(runs > 1 && { runs }),
    ...(passes > 1 && { passes }),
    load: needs.load(),
    // It is exact: a program could spell with it what it read.
    instructions: secret ? null : report.instructions,
  }
  if (outcome) stage.judging = { ...judgingOf(outcome, ruling, testCase), ...notes }
  listener.stageEnded(stage)
  return { stage, captured: secret ? NO_OUTPUT : captured, message, report: ran.all, outcome }
}

/** How a stage ends whose runs came to this: by a limit, or as its judge has it. */
async function conclude(
  { planned: { name, kind, start }, judge, signal, load }: StageNeeds,
  { status, message, ruling, timing, judged, captured, report, runs }: StageRuns,
  limits: Limits,
  secret: boolean,
): Promise<{ ruling: Ruling | undefined; met: (keyof Limits)[] } & Pick<StageRuns, 'status' | 'message'>> {
  const { stdout, stderr } = partOutput(captured)
  const met = limitsMet(report, kind, stderr.subarray(-LAST_WORDS_BYTES).toString())
  const end = (one: Pick<StageRuns, 'status' | 'message' | 'ruling'>) => ({
    ...one,
    message: withLimits(one.message, name, one.status, met, limits),
    met,
  })
  if (timing === 'over') {
    if (!met.includes('cpuMs')) met.push('cpuMs')
    const why = `stage ${name} used more than ${limits.cpuMs} ms of CPU time`
    return end({ status: 'cpu-time-limit', message: why, ruling: undefined })
  }
  if (timing === 'starved' && kind === 'compile' && runs === 2 && !signal.aborted) {
    const why = `stage ${name} took longer than ${start.wallMs} ms twice, with ${Math.round(report.cpuUs / 1000)} ms of CPU time, on a busy machine (load ${load()})`
    return end({ status: 'judge-error', message: why, ruling: undefined })
  }
  const last = ruling ?? (status === 'succeeded' && kind === 'run' ? await judge.check(judged, stdout) : undefined)
  // The judge was ended with the job.
  if (last?.verdict === 'judge-error' && signal.aborted) return end({ status: 'cancelled', message, ruling: undefined })
  const counts = last && (last.verdict !== 'accepted' || status === 'succeeded')
  if (!counts) return end({ status, message, ruling: undefined })
  const said = saidOf(name, last, secret, judge.interacts)
  return end({ status: statusOf(last.verdict, status), message: said ?? message, ruling: last })
}

/** The test of a stage; of one that is no test, what the job expects of its run. */
function caseOf({ tests, expectedOutput }: JobSpec, test: StageTest | undefined): TestCase {
  return (test && tests[test.index]) ?? (expectedOutput === null ? {} : { expectedOutput })
}
