import type { ArtifactRequest } from '../../shared/artifact.ts'
import type { JobStoredFile } from '../../shared/files/stored-file.ts'
import type { JobSpec, SourceFile, StageSummary, StageTest, Status, TestCase } from '../../shared/job.ts'
import type { JobJudging } from '../../shared/judging/judging-result.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { Language } from '../../shared/language.ts'
import { KIB, MIB } from '../../shared/limits.ts'
import { type CapturedOutput, NO_OUTPUT, partOutput } from '../../shared/redis/stored-output.ts'
import type { JobArtifacts, JobFiles } from '../files/job-files.ts'
import { type CompiledFile, type CompiledPrograms, compiledKey, EVERYTHING } from '../judging/compiled-programs.ts'
import { createJudge, type Judge, type Judged } from '../judging/judge.ts'
import { machineLoad } from '../judging/machine-load.ts'
import { judgeError, type Ruling } from '../judging/ruling.ts'
import { createScoreboard, type Scoreboard } from '../judging/scoring.ts'
import { judgingOf, outcomeOf, saidOf, statusOf } from '../judging/stage-judging.ts'
import type { OutputStream, Sandbox } from '../sandbox/sandbox.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
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
  /** Submissions to stored problems that were compiled before. @param image the one they are compiled in */
  compiled?: { programs: Pick<CompiledPrograms, 'get' | 'put'>; image: string }
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
  { startFeed, judge = createJudge(spec, withoutCell), files, compiled }: JobHelp = {},
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
  const variables = spec.environment === undefined ? {} : packageVariables(language)
  const planned = planStages(spec, language, graceMs, variables)
  const compileKey = compiled && keyOf(spec, planned, compiled.image)
  const before = compileKey === undefined ? undefined : await compiled?.programs.get(compileKey)
  const renew = async () => {
    const from = language?.compile && !before ? 'folder' : 'files'
    await sandbox.renew(from)
    if (from === 'files') await placeStored(sandbox, spec, files, signal)
  }
  try {
    sandbox.begin(spec.head.limits.fileBytes)
    for (const file of spec.files) {
      const content = Buffer.from(file.content, file.encoding === 'base64' ? 'base64' : 'utf8')
      sandbox.writeFile(file.path, modeOf(file, content), content)
    }
    for (const { path, content } of before?.files ?? []) sandbox.writeFile(path, 0o755, content)
    await placeStored(sandbox, spec, files, signal)
    let hasRun = false
    let room = Math.max(JOB_OUTPUT_BYTES, spec.head.limits.outputBytes)
    for (const next of inOrder(planned, board)) {
      if (next.kind === 'compile' && before?.compilation) {
        const { stage, output } = before.compilation
        listener.stageStarted(stage.name)
        const { stdout, stderr } = partOutput(output)
        if (stdout.length > 0) listener.output(stage.name, 'stdout', stdout)
        if (stderr.length > 0) listener.output(stage.name, 'stderr', stderr)
        listener.stageEnded(stage)
        stages.push(stage)
        outputs.push(output)
        continue
      }
      next.start.outputBytes = Math.max(1, Math.min(next.start.outputBytes, room))
      // No test finds what another left.
      if (spec.tests.length > 0 && next.kind === 'run' && hasRun && !signal.aborted) await renew()
      if (signal.aborted) verdict = { status: 'cancelled', message: null }
      if (verdict.status === 'cancelled') break
      if (next.test && judge.interacts) {
        const fault = await judge.prepare()
        if (signal.aborted) continue
        if (fault) {
          verdict = { status: 'judge-error', message: toOwner('the interactor cannot be run', fault, spec) }
          break
        }
      }
      const ran = await runStage(sandbox, spec, next, listener, { startFeed, judge, signal, renew })
      hasRun = true
      const { stage, captured, message, report } = ran
      stages.push(stage)
      outputs.push(captured)
      if (next.test && ran.outcome) board?.add(next.test.index, ran.outcome)
      room -= stage.stdoutBytes + stage.stderrBytes
      // The kernel's killer has been at work in there, and what it took is not known for sure.
      if (report.oomKills > 0) reusable = false
      for (const { name } of report.refusedCalls) refusedCalls.add(name)
      if (compileKey !== undefined && next.kind === 'compile' && stage.status === 'succeeded' && !signal.aborted) {
        const folder = await wholeFolder(sandbox)
        if (folder) compiled?.programs.put(compileKey, { files: folder, compilation: { stage, output: captured } })
      }
      if (stage.status === 'succeeded') {
        if (verdict.status === 'succeeded') verdict.message ??= message
        continue
      }
      // Nothing else of a job counts that was ended, or could not be judged.
      const decides = stage.status === 'cancelled' || stage.status === 'judge-error'
      if (verdict.status === 'succeeded' || decides) verdict = { status: stage.status, message }
      if (next.kind === 'compile' || spec.tests.length === 0) break
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
const placeStored = (sandbox: Sandbox, { storedFiles }: JobSpec, files: JobHelp['files'], signal: AbortSignal) =>
  placeFiles(sandbox, storedFiles, files, signal)

/** Names what a submission to a stored problem is compiled to; undefined for any other job. */
function keyOf(spec: JobSpec, planned: readonly PlannedStage[], image: string): string | undefined {
  const compile = planned.find(({ kind }) => kind === 'compile')
  if (!compile || spec.problem === undefined || spec.storedFiles) return undefined
  const { args, env } = compile.start
  const { tenant, environment, files } = spec
  return compiledKey({ of: 'submissions', tenant, image, environment, args, env, files })
}

/** The files of the job's folder, when they can be had whole. */
export async function wholeFolder(sandbox: Sandbox): Promise<readonly CompiledFile[] | undefined> {
  const { files, missing } = await sandbox.gather(EVERYTHING)
  const { stopped, ...counts } = missing
  return stopped === null && Object.values(counts).every((count) => count === 0) ? files : undefined
}

/** Brings stored files into a cell, until the signal aborts. */
export async function placeFiles(
  sandbox: Sandbox,
  storedFiles: readonly JobStoredFile[] = [],
  files: Pick<JobFiles, 'read'> | undefined,
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

/** What a stage needs of its job. */
interface StageHelp {
  startFeed: StartFeed | undefined
  judge: Judge
  signal: AbortSignal
  /** Goes on in a new cell, which begins as that of the stage did. */
  renew: () => Promise<void>
}

/**
 * A judged test may use so much more of its CPU time before it is killed: what ends between the limit and this is run again, and only then has it
 * taken too long. Time on a busy machine is not the same twice.
 */
const CPU_TOLERANCE = 1.1

async function runStage(
  sandbox: Sandbox,
  spec: JobSpec,
  planned: PlannedStage,
  listener: JobListener,
  { startFeed, judge, signal, renew }: StageHelp,
) {
  const { name, test, kind, stdin, interactive } = planned
  const testCase = caseOf(spec, test)
  const secret = testCase.secret === true
  const stageLimits = { ...spec.head.limits, ...testCase.limits }
  const passes = (test && spec.judging?.passes) ?? 1
  const isTimed = test !== undefined && passes === 1 && !judge.interacts
  const start = isTimed ? { ...planned.start, cpuMs: Math.ceil(planned.start.cpuMs * CPU_TOLERANCE) } : planned.start
  const reports: StageReport[] = []
  let output = createStageOutput()
  listener.stageStarted(name, test)
  const tell = (stream: OutputStream, bytes: Buffer) => {
    if (bytes.length > 0 && !secret) listener.output(name, stream, bytes)
  }

  /** @param isTold whether what it writes is told as it comes */
  const runOnce = async (judged: Judged, isTold: boolean) => {
    const written: Buffer[] = []
    const hear = (stream: OutputStream, bytes: Buffer) => {
      if (passes > 1 && stream === 'stdout') written.push(bytes)
      const whole = output.push(stream, bytes)
      if (isTold) tell(stream, whole)
    }
    const feed = interactive ? startFeed?.(sandbox, stdin.length) : undefined
    const talk = test && judge.interacts ? await judge.converse(judged, sandbox, start, hear) : undefined
    const report =
      talk?.report ?? (await sandbox.run({ ...start, stdin: start.stdin || judged.input.length > 0 }, judged.input, hear, feed).finally(() => feed?.stop())) // prettier-ignore
    reports.push(report)
    const ended = classify(report, name, kind, start, stageLimits)
    if (talk?.isCutShort) ended.status = 'succeeded'
    return { talk, report, written, ...ended }
  }
  const timing = (report: StageReport) => timingOf(report, stageLimits.cpuMs, isTimed)

  let judged: Judged = { test: testCase, input: stdin }
  let ran = await runOnce(judged, true)
  let runs = 1
  if (timing(ran.report) !== 'sure' && !signal.aborted) {
    await renew()
    output = createStageOutput()
    ran = await runOnce(judged, false)
    runs = 2
  }
  let pass = 1
  let ruling: Ruling | undefined
  for (;;) {
    ruling = ran.talk?.ruling
    if (passes === 1 || ran.status !== 'succeeded' || signal.aborted) break
    ruling ??= await judge.check(judged, Buffer.concat(ran.written))
    if (!ruling.next || signal.aborted) break
    if (pass === passes) {
      ruling = judgeError(`the judge asks for another pass; ${passes} are allowed`)
      break
    }
    pass++
    judged = { test: testCase, ...ruling.next }
    await renew()
    ran = await runOnce(judged, true)
  }
  const report = together(reports.slice(-pass))
  const rest = output.end(report.truncated)
  if (runs === 1) {
    tell('stdout', rest.stdout)
    tell('stderr', rest.stderr)
  }
  const captured = output.captured()
  const parts = partOutput(captured)
  const limits = limitsMet(report, kind, parts.stderr.subarray(-LAST_WORDS_BYTES).toString())
  let { status, message } = ran
  if (timing(report) === 'over') {
    status = 'cpu-time-limit'
    message = `stage ${name} used more than ${stageLimits.cpuMs} ms of CPU time`
    ruling = undefined
    if (!limits.includes('cpuMs')) limits.push('cpuMs')
  } else if (status === 'succeeded' && !ruling && kind === 'run') ruling = await judge.check(judged, parts.stdout)
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
    // With its code, its signal and its length a program could tell what it read.
    exitCode: secret ? null : shownExitCode(report),
    signal: secret || report.signal === null ? null : signalName(report.signal),
    wallMs: report.wallUs / 1000,
    cpuMs: report.cpuUs / 1000,
    memoryPeakBytes: report.memoryPeakBytes,
    stdoutBytes: secret ? 0 : report.stdoutBytes,
    stderrBytes: secret ? 0 : report.stderrBytes,
    truncated: report.truncated,
    limitsMet: limits,
  }
  const outcome = test && status !== 'cancelled' ? outcomeOf(status, ruling) : undefined
  const notes = { ...(runs > 1 && { runs }), ...(pass > 1 && { passes: pass }), load: machineLoad() }
  if (outcome) stage.judging = { ...judgingOf(outcome, ruling, testCase), ...notes }
  listener.stageEnded(stage)
  const { oomKills, refusedCalls } = together(reports)
  return {
    stage,
    captured: secret ? NO_OUTPUT : captured,
    message,
    report: { oomKills, refusedCalls },
    outcome,
  }
}

/**
 * Whether the time that a judged test took can be believed: `over` when it used more CPU time than it may and still ended by itself, `starved`
 * when its wall time ended on a busy machine with CPU time to spare.
 */
function timingOf({ reason, cpuUs }: StageReport, cpuMs: number, isTimed: boolean): 'sure' | 'over' | 'starved' {
  if (!isTimed) return 'sure'
  if (reason === 'exit' && cpuUs > cpuMs * 1000) return 'over'
  const hasTimeToSpare = cpuUs < (cpuMs * 1000) / CPU_TOLERANCE
  return reason === 'wall' && hasTimeToSpare && machineLoad() > BUSY ? 'starved' : 'sure'
}

/** More wait for a processor than there are. */
const BUSY = 1

/** One report of several runs: the last one's end, and what all of them took. */
function together(reports: readonly StageReport[]): StageReport {
  const last = reports.at(-1) as StageReport
  if (reports.length === 1) return last
  const sum = (of: (report: StageReport) => number) => reports.reduce((total, report) => total + of(report), 0)
  return {
    ...last,
    wallUs: sum(({ wallUs }) => wallUs),
    cpuUs: sum(({ cpuUs }) => cpuUs),
    memoryPeakBytes: Math.max(...reports.map(({ memoryPeakBytes }) => memoryPeakBytes)),
    oomKills: sum(({ oomKills }) => oomKills),
    stdoutBytes: sum(({ stdoutBytes }) => stdoutBytes),
    stderrBytes: sum(({ stderrBytes }) => stderrBytes),
    truncated: reports.some(({ truncated }) => truncated),
    reached: [...new Set(reports.flatMap(({ reached }) => reached))],
    refusedCalls: reports.flatMap(({ refusedCalls }) => refusedCalls),
  }
}

/** The test of a stage; of one that is no test, what the job expects of its run. */
function caseOf({ tests, expectedOutput }: JobSpec, test: StageTest | undefined): TestCase {
  return (test && tests[test.index]) ?? (expectedOutput === null ? {} : { expectedOutput })
}
