import type { ArtifactRequest } from '../../shared/artifact.ts'
import type { JobSpec, SourceFile, StageSummary, StageTest, Status, TestCase } from '../../shared/job.ts'
import type { JobJudging } from '../../shared/judging/judging-result.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { Language } from '../../shared/language.ts'
import { KIB, MIB } from '../../shared/limits.ts'
import { type CapturedOutput, NO_OUTPUT, partOutput } from '../../shared/redis/stored-output.ts'
import type { JobArtifacts, JobFiles } from '../files/job-files.ts'
import { createJudge, type Judge } from '../judging/judge.ts'
import type { Ruling } from '../judging/ruling.ts'
import { createScoreboard, type Scoreboard } from '../judging/scoring.ts'
import { judgingOf, outcomeOf, saidOf, statusOf } from '../judging/stage-judging.ts'
import type { OutputStream, Sandbox } from '../sandbox/sandbox.ts'
import { classify, limitsMet, shownExitCode, signalName, withLimits } from './classify.ts'
import type { StartFeed } from './live-input.ts'
import { packageVariables, type PlannedStage, planStages } from './plan.ts'
import { createStageOutput } from './stage-output.ts'

/** What a job tells while it runs. */
export interface JobListener {
  stageStarted(stage: string, test?: StageTest): void
  output(stage: string, stream: OutputStream, bytes: Buffer): void
  stageEnded(stage: StageSummary): void
}

export interface JobOutcome {
  status: Status
  message: string | null
  stages: StageSummary[]
  /** What each stage wrote, in the same order. */
  outputs: CapturedOutput[]
  /** Whether the sandbox may serve another job of the same tenant. */
  reusable: boolean
  /** Names of the system calls by which the job tried to get out, over all its stages; not for its owner's eyes. */
  refusedCalls: string[]
  /** The files its owner asked for; not there when none were asked for or looked for. */
  gathered?: JobArtifacts
  /** Of its packages, if it has some. */
  lock?: string
  /** What came of its tests, when it has some and was not cancelled. */
  judging?: JobJudging
}

/** What some jobs need of their worker. */
export interface JobHelp {
  /** Brings an interactive job what it is sent; without it, its input ends with what it was submitted with. */
  startFeed?: StartFeed
  /** Judges its tests; without it, built-in checkers do. */
  judge?: Judge
  /** The file store; without it every artifact is held. */
  files?: Pick<JobFiles, 'read' | 'gather'>
}

/** What a program has to end by itself when its job is cancelled: less than at a limit, since somebody waits. */
const CANCEL_GRACE_MS = 400
/** Where a runtime says why it gives up. */
const LAST_WORDS_BYTES = 4 * KIB
/** The most a job's stages may write together: a hundred tests must not be a hundred times one stage's limit. */
const JOB_OUTPUT_BYTES = 8 * MIB

/**
 * Runs a job's stages in a sandbox that stands idle. The first stage that does not succeed is the last that runs, but
 * for tests: every one of them runs, unless the job has it otherwise, and the first that did not pass decides.
 * The job is still to be ended (`sandbox.end`): its owner need not wait for that.
 * @param signal ends the running stage when aborted; the job is `cancelled` then
 * @throws SandboxBroken when the sandbox fails, FilesUnavailable or FileGone when a file cannot be read; the program's failure is an outcome
 */
export async function runJob(
  sandbox: Sandbox,
  spec: JobSpec,
  language: Language | undefined,
  graceMs: number,
  listener: JobListener,
  signal: AbortSignal,
  { startFeed, judge = createJudge(spec, withoutCell), files }: JobHelp = {},
): Promise<JobOutcome> {
  const board =
    spec.tests.length > 0 ? createScoreboard({ ...NO_GROUPS, ...spec.judging, tests: spec.tests }) : undefined
  const stages: StageSummary[] = []
  const outputs: CapturedOutput[] = []
  let verdict: { status: Status; message: string | null } = { status: 'succeeded', message: null }
  let reusable = true
  const refusedCalls = new Set<string>()
  let hurry: NodeJS.Timeout | undefined
  const killAll = () => {
    sandbox.kill()
    judge.kill()
  }
  const kill = () => {
    killAll()
    hurry = setTimeout(killAll, CANCEL_GRACE_MS)
  }
  signal.addEventListener('abort', kill)
  try {
    sandbox.begin(spec.head.limits.fileBytes)
    for (const file of spec.files) {
      const content = Buffer.from(file.content, file.encoding === 'base64' ? 'base64' : 'utf8')
      sandbox.writeFile(file.path, modeOf(file, content), content)
    }
    await placeStored(sandbox, spec, files, signal)
    let room = Math.max(JOB_OUTPUT_BYTES, spec.head.limits.outputBytes)
    for (const planned of inOrder(
      planStages(spec, language, graceMs, spec.environment === undefined ? {} : packageVariables(language)),
      board,
    )) {
      planned.start.outputBytes = Math.max(1, Math.min(planned.start.outputBytes, room))
      // No test finds what another left.
      if (spec.tests.length > 0 && planned.kind === 'run' && stages.length > 0 && !signal.aborted) {
        await sandbox.renew(language?.compile ? 'folder' : 'files')
        if (!language?.compile) await placeStored(sandbox, spec, files, signal)
      }
      if (signal.aborted) verdict = { status: 'cancelled', message: null }
      if (verdict.status === 'cancelled') break
      if (planned.test && judge.interacts) {
        const fault = await judge.prepare()
        if (signal.aborted) continue
        if (fault) {
          verdict = { status: 'judge-error', message: toOwner('the interactor cannot be run', fault, spec) }
          break
        }
      }
      const ran = await runStage(sandbox, spec, planned, listener, startFeed, judge, signal)
      const { stage, captured, message, report } = ran
      stages.push(stage)
      outputs.push(captured)
      if (planned.test && ran.outcome) board?.add(planned.test.index, ran.outcome)
      room -= stage.stdoutBytes + stage.stderrBytes
      // The kernel's killer has been at work in there, and what it took is not known for sure.
      if (report.oomKills > 0) reusable = false
      for (const { name } of report.refusedCalls) refusedCalls.add(name)
      if (stage.status === 'succeeded') {
        if (verdict.status === 'succeeded') verdict.message ??= message
        continue
      }
      // Nothing else of a job counts that was ended, or could not be judged.
      const decides = stage.status === 'cancelled' || stage.status === 'judge-error'
      if (verdict.status === 'succeeded' || decides) verdict = { status: stage.status, message }
      if (planned.kind === 'compile' || spec.tests.length === 0) break
    }
  } finally {
    signal.removeEventListener('abort', kill)
    clearTimeout(hurry)
  }
  for (const name of judge.refusedCalls) refusedCalls.add(name)
  const outcome: JobOutcome = { ...verdict, stages, outputs, reusable, refusedCalls: [...refusedCalls] }
  if (board && verdict.status !== 'cancelled') outcome.judging = board.result(untested(verdict.status, stages))
  if (spec.artifacts && verdict.status !== 'cancelled')
    outcome.gathered = await gather(sandbox, spec, spec.artifacts, files)
  return outcome
}

/** Brings the files of a job that lie in the file store into its cell. */
async function placeStored(
  sandbox: Sandbox,
  { storedFiles = [] }: JobSpec,
  files: JobHelp['files'],
  signal: AbortSignal,
): Promise<void> {
  for (const file of storedFiles) {
    if (signal.aborted) return
    if (!files) throw new Error('there is no file store to take files from')
    const mode = parseInt(file.mode ?? '644', 8)
    await files.read(file, (content) => sandbox.streamFile(file.path, mode, file.bytes, content, signal))
  }
}

async function gather(
  sandbox: Sandbox,
  spec: JobSpec,
  wanted: ArtifactRequest,
  files: JobHelp['files'],
): Promise<JobArtifacts> {
  if (files) return files.gather(spec, (spilling) => sandbox.gather(wanted, spilling))
  const { spilled: _none, ...gathered } = await sandbox.gather(wanted)
  return { ...gathered, stored: [], refused: { quota: 0, room: 0 } }
}

/** The permissions of a submitted file: its own, else by its content. A file that names its interpreter is there to be run. */
export function modeOf({ mode }: SourceFile, content: Buffer): number {
  if (mode !== undefined) return parseInt(mode, 8)
  return content[0] === 0x23 && content[1] === 0x21 ? 0o755 : 0o644
}

const NO_GROUPS = { groups: [], stopOnFailure: false }

const withoutCell = () => Promise.reject(new Error('this job has no sandbox for its judges'))

/** Tests in the order in which they are to run, each chosen when the one before has ended. */
function* inOrder(planned: readonly PlannedStage[], board: Scoreboard | undefined): Generator<PlannedStage> {
  for (const stage of planned) if (!stage.test) yield stage
  for (let index = board?.next(); index !== undefined; index = board?.next()) {
    const stage = planned.find(({ test }) => test?.index === index)
    if (stage) yield stage
  }
}

/** The verdict on a job that came to no test. */
function untested(status: Status, stages: readonly StageSummary[]): Verdict | undefined {
  if (status === 'judge-error') return 'judge-error'
  return stages.some(({ name, status: own }) => name === 'compile' && own !== 'succeeded') ? 'compile-error' : undefined
}

/** What is said of a judge's fault, without the judge's words where those are not for everybody. */
function toOwner(what: string, { judgeMessage }: Ruling, { tests }: Pick<JobSpec, 'tests'>): string {
  return tests.some(({ secret }) => secret) || judgeMessage === undefined ? what : `${what}: ${judgeMessage}`
}

async function runStage(
  sandbox: Sandbox,
  spec: JobSpec,
  planned: PlannedStage,
  listener: JobListener,
  startFeed: StartFeed | undefined,
  judge: Judge,
  signal: AbortSignal,
) {
  const { name, test, kind, start, stdin, interactive } = planned
  const judged = { test: caseOf(spec, test), input: stdin }
  const secret = judged.test.secret === true
  const output = createStageOutput()
  listener.stageStarted(name, test)
  const tell = (stream: OutputStream, bytes: Buffer) => {
    if (bytes.length > 0 && !secret) listener.output(name, stream, bytes)
  }
  const feed = interactive ? startFeed?.(sandbox, stdin.length) : undefined
  const hear = (stream: OutputStream, bytes: Buffer) => tell(stream, output.push(stream, bytes))
  const talk = test && judge.interacts ? await judge.converse(judged, sandbox, start, hear) : undefined
  const report = talk?.report ?? (await sandbox.run(start, stdin, hear, feed).finally(() => feed?.stop()))
  const rest = output.end(report.truncated)
  tell('stdout', rest.stdout)
  tell('stderr', rest.stderr)
  const captured = output.captured()
  const parts = partOutput(captured)
  const limits = limitsMet(report, kind, parts.stderr.subarray(-LAST_WORDS_BYTES).toString())
  const stageLimits = { ...spec.head.limits, ...judged.test.limits }
  let { status, message } = classify(report, name, kind, start, stageLimits)
  let ruling = talk?.ruling
  if (talk?.isCutShort) status = 'succeeded'
  if (status === 'succeeded' && !talk && kind === 'run') ruling = await judge.check(judged, parts.stdout)
  if (ruling?.verdict === 'judge-error' && signal.aborted) {
    // The judge was ended with the job.
    ruling = undefined
    status = 'cancelled'
  } else if (ruling && (ruling.verdict !== 'accepted' || status === 'succeeded')) {
    message = saidOf(name, ruling, secret, judge.interacts) ?? message
    status = statusOf(ruling.verdict, status)
  } else ruling = undefined
  message = withLimits(message, name, status, limits, stageLimits)
  const stage: StageSummary = {
    name,
    ...(test && { test }),
    status,
    // With its code and its length a program could tell what it read.
    exitCode: secret ? null : shownExitCode(report),
    signal: report.signal === null ? null : signalName(report.signal),
    wallMs: report.wallUs / 1000,
    cpuMs: report.cpuUs / 1000,
    memoryPeakBytes: report.memoryPeakBytes,
    stdoutBytes: secret ? 0 : report.stdoutBytes,
    stderrBytes: secret ? 0 : report.stderrBytes,
    truncated: report.truncated,
    limitsMet: limits,
  }
  const outcome = test && status !== 'cancelled' ? outcomeOf(status, ruling) : undefined
  if (outcome) stage.judging = judgingOf(outcome, ruling, judged.test)
  listener.stageEnded(stage)
  return { stage, captured: secret ? NO_OUTPUT : captured, message, report, outcome }
}

/** The test of a stage; of one that is no test, what the job expects of its run. */
function caseOf({ tests, expectedOutput }: JobSpec, test: StageTest | undefined): TestCase {
  return (test && tests[test.index]) ?? (expectedOutput === null ? {} : { expectedOutput })
}
