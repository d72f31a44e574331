import type { ArtifactRequest } from '../../shared/artifact.ts'
import type { JobSpec, StageSummary, Status } from '../../shared/job.ts'
import type { JobJudging } from '../../shared/judging/judging-result.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { Language } from '../../shared/language.ts'
import { MIB } from '../../shared/limits.ts'
import { type CapturedOutput, partOutput } from '../../shared/redis/stored-output.ts'
import type { JobArtifacts, JobFiles } from '../files/job-files.ts'
import { type Compilation, type CompiledPrograms, compiledKey } from '../judging/compiled-programs.ts'
import { createJudge, type Judge } from '../judging/judge.ts'
import { machineLoad } from '../judging/machine-load.ts'
import type { Ruling } from '../judging/ruling.ts'
import { createScoreboard, type Scoreboard } from '../judging/scoring.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { StartFeed } from './live-input.ts'
import { placeFiles, wholeFolder, writeCompiled, writeFiles } from './place-files.ts'
import { packageVariables, type PlannedStage, planStages } from './plan.ts'
import { type JobListener, type RanStage, runStage } from './run-stage.ts'

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
  /** How busy the machine is; without it, as the kernel tells. */
  load?: () => number
}

/** What a program has to end by itself when its job is cancelled: less than at a limit, since somebody waits. */
const CANCEL_GRACE_MS = 400
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
  { startFeed, judge = createJudge(spec, withoutCell), files, compiled, load = machineLoad }: JobHelp = {},
): Promise<JobOutcome> {
  const { tests, head } = spec
  const board = tests.length > 0 ? createScoreboard({ ...NO_GROUPS, ...spec.judging, tests }) : undefined
  const variables = spec.environment === undefined ? {} : packageVariables(language)
  const planned = planStages(spec, language, graceMs, variables)
  const compileKey = compiled && keyOf(spec, planned, compiled.image)
  const before = compileKey === undefined ? undefined : await compiled?.programs.get(compileKey)
  const course = createCourse(spec, board)
  const unwatch = killOnAbort(signal, () => {
    sandbox.kill()
    judge.kill()
  })
  const placeStored = () => placeFiles(sandbox, spec.storedFiles, files, signal)
  const renew = async (kind: PlannedStage['kind']) => {
    const from = kind === 'run' && language?.compile && !before ? 'folder' : 'files'
    await sandbox.renew(from)
    if (from === 'files') await placeStored()
  }
  try {
    sandbox.begin(head.limits.fileBytes)
    writeFiles(sandbox, spec.files)
    writeCompiled(sandbox, before?.files ?? [])
    await placeStored()
    let hasRun = false
    for (const next of inOrder(planned, board)) {
      if (next.kind === 'compile' && before?.compilation) {
        tellAgain(before.compilation, listener)
        course.add(before.compilation)
        continue
      }
      next.start.outputBytes = Math.max(1, Math.min(next.start.outputBytes, course.room))
      // No test finds what another left.
      if (tests.length > 0 && next.kind === 'run' && hasRun && !signal.aborted) await renew(next.kind)
      if (signal.aborted) course.cancel()
      if (course.isCancelled) break
      if (next.test && judge.interacts) {
        const fault = await judge.prepare()
        if (signal.aborted) continue
        if (fault) {
          course.end('judge-error', toOwner('the interactor cannot be run', fault, spec))
          break
        }
      }
      const renewed = () => renew(next.kind)
      const needs = { sandbox, spec, planned: next, startFeed, judge, signal, load, renew: renewed }
      const ran = await runStage(needs, listener)
      hasRun = true
      course.ran(next, ran)
      const { stage, captured: output } = ran
      if (compileKey !== undefined && next.kind === 'compile' && stage.status === 'succeeded' && !signal.aborted) {
        const folder = await wholeFolder(sandbox)
        if (folder) compiled?.programs.put(compileKey, { files: folder, compilation: { stage, output } })
      }
      if (stage.status !== 'succeeded' && (next.kind === 'compile' || tests.length === 0)) break
    }
  } finally {
    unwatch()
  }
  const outcome = course.outcome(judge.refusedCalls)
  if (spec.artifacts && outcome.status !== 'cancelled')
    outcome.gathered = await gather(sandbox, spec, spec.artifacts, files)
  return outcome
}

/** What has come of a job so far. */
interface Course {
  /** How much its stages may still write, in bytes. */
  readonly room: number
  readonly isCancelled: boolean
  /** Takes a stage that was run for an earlier job. */
  add: (compilation: Compilation) => void
  /** Takes a stage that has run. */
  ran: (planned: PlannedStage, ran: RanStage) => void
  cancel: () => void
  end: (status: Status, message: string) => void
  /** @param refusedCalls of its judges */
  outcome: (refusedCalls: readonly string[]) => JobOutcome
}

function createCourse({ head }: JobSpec, board: Scoreboard | undefined): Course {
  const stages: StageSummary[] = []
  const outputs: CapturedOutput[] = []
  const refused = new Set<string>()
  let verdict: { status: Status; message: string | null } = { status: 'succeeded', message: null }
  let reusable = true
  let room = Math.max(JOB_OUTPUT_BYTES, head.limits.outputBytes)
  const add = ({ stage, output }: Compilation) => {
    stages.push(stage)
    outputs.push(output)
  }
  return {
    get room() {
      return room
    },
    get isCancelled() {
      return verdict.status === 'cancelled'
    },
    add,
    ran({ test }, { stage, captured, message, report, outcome }) {
      add({ stage, output: captured })
      if (test && outcome) board?.add(test.index, outcome)
      room -= stage.stdoutBytes + stage.stderrBytes
      // The kernel's killer has been at work in there, and what it took is not known for sure.
      if (report.oomKills > 0) reusable = false
      for (const { name } of report.refusedCalls) refused.add(name)
      const { status } = stage
      // Nothing else of a job counts that was ended, or could not be judged.
      const decides = status === 'cancelled' || status === 'judge-error'
      if (status === 'succeeded') {
        if (verdict.status === 'succeeded') verdict.message ??= message
      } else if (verdict.status === 'succeeded' || decides) verdict = { status, message }
    },
    cancel: () => (verdict = { status: 'cancelled', message: null }),
    end: (status, message) => (verdict = { status, message }),
    outcome(refusedCalls) {
      const isJudged = board && verdict.status !== 'cancelled'
      return {
        ...verdict,
        stages,
        outputs,
        reusable,
        refusedCalls: [...new Set([...refused, ...refusedCalls])],
        ...(isJudged && { judging: board.result(untested(verdict.status, stages)) }),
      }
    },
  }
}

/** Kills what runs when a signal aborts, and again what is left a moment later. @returns what ends that */
function killOnAbort(signal: AbortSignal, killAll: () => void): () => void {
  let hurry: NodeJS.Timeout | undefined
  const kill = () => {
    killAll()
    hurry = setTimeout(killAll, CANCEL_GRACE_MS)
  }
  signal.addEventListener('abort', kill)
  return () => {
    signal.removeEventListener('abort', kill)
    clearTimeout(hurry)
  }
}

/** Tells of a stage that was run for an earlier job as if it had run now. */
function tellAgain({ stage, output }: Compilation, listener: JobListener): void {
  listener.stageStarted(stage.name)
  const { stdout, stderr } = partOutput(output)
  if (stdout.length > 0) listener.output(stage.name, 'stdout', stdout)
  if (stderr.length > 0) listener.output(stage.name, 'stderr', stderr)
  listener.stageEnded(stage)
}

/** Names what a submission to a stored problem is compiled to; undefined for any other job. */
function keyOf(spec: JobSpec, planned: readonly PlannedStage[], image: string): string | undefined {
  const compile = planned.find(({ kind }) => kind === 'compile')
  if (!compile || spec.problem === undefined || spec.storedFiles) return undefined
  const { args, env } = compile.start
  const { tenant, environment, files } = spec
  return compiledKey({ of: 'submissions', tenant, image, environment, args, env, files })
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
