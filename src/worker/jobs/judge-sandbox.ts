import type { JobSpec } from '../../shared/job.ts'
import { JUDGE_FOLDER } from '../../shared/judging/judging-request.ts'
import type { JudgeProgram, Protocol } from '../../shared/judging/judging-spec.ts'
import type { Language } from '../../shared/language.ts'
import { KIB } from '../../shared/limits.ts'
import { partOutput } from '../../shared/redis/stored-output.ts'
import { COMPILED_BYTES, type CompiledPrograms, compiledKey } from '../judging/compiled-programs.ts'
import type { JudgeCell, JudgeFiles, JudgeRole } from '../judging/judge-cell.ts'
import type { JudgeEnd } from '../judging/ruling.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { classify } from './classify.ts'
import { type PlannedStage, planStages } from './plan.ts'
import { modeOf } from './run-job.ts'
import { createStageOutput } from './stage-output.ts'

const [INPUT, ANSWER, OUTPUT, FEEDBACK] = ['input.txt', 'answer.txt', 'output.txt', 'feedback/'].map(
  (name) => `${JUDGE_FOLDER}/${name}`,
) as [string, string, string, string]

/** The arguments of a judge's program, before its own. */
const ARGUMENTS: Record<Protocol, Record<JudgeRole, string[]>> = {
  kattis: { checker: [INPUT, ANSWER, FEEDBACK], interactor: [INPUT, ANSWER, FEEDBACK] },
  testlib: { checker: [INPUT, OUTPUT, ANSWER], interactor: [INPUT, OUTPUT, ANSWER] },
}

/** The feedback files that are read, of all that there may be. */
const WANTED = ['judgemessage.txt', 'teammessage.txt', 'score.txt', 'score_multiplier.txt']
const FEEDBACK_BYTES = 64 * KIB
/** Of what a compiler says, for judges. */
const COMPILER_BYTES = 4 * KIB

/** Of a compiled program that is kept. */
const COMPILED_FILES = 100

const NOTHING = new Uint8Array()

export interface JudgeCellOptions {
  /** The job that is judged, of which a judge's program has neither files nor environment. */
  spec: JobSpec
  program: JudgeProgram
  role: JudgeRole
  language: Language
  /** Of the language, which names its version. */
  image: string
  graceMs: number
  /** Without it, every job compiles. */
  compiled?: CompiledPrograms
}

/** @param sandbox stands idle, and belongs to the judges until the job has ended */
export function createJudgeCell(
  sandbox: Sandbox,
  { spec, program, role, language, image, graceMs, compiled }: JudgeCellOptions,
): JudgeCell {
  const { limits, protocol } = program
  const stages = planStages(asJob(spec, program, role), language, graceMs)
  const compile = stages.find(({ kind }) => kind === 'compile')
  const main = stages.at(-1) as PlannedStage
  /** What its cells begin with. */
  let from: 'files' | 'folder' = compile ? 'folder' : 'files'
  let used = false
  let placed: JudgeFiles | undefined
  let reusable = true
  const refusedCalls = new Set<string>()

  const begin = () => {
    sandbox.begin(limits.fileBytes)
    for (const file of program.files) {
      const content = Buffer.from(file.content, file.encoding === 'base64' ? 'base64' : 'utf8')
      sandbox.writeFile(file.path, modeOf(file, content), content)
    }
  }
  const note = (report: StageReport) => {
    // The kernel's killer has been at work in there.
    if (report.oomKills > 0) reusable = false
    for (const { name } of report.refusedCalls) refusedCalls.add(name)
  }

  /** What cannot be kept whole is not kept. */
  const keep = async (programs: CompiledPrograms, key: string) => {
    const { files, missing } = await sandbox.gather({
      globs: ['**'],
      maxBytes: COMPILED_BYTES,
      maxFiles: COMPILED_FILES,
    })
    const { stopped, ...counts } = missing
    if (stopped === null && Object.values(counts).every((count) => count === 0)) programs.put(key, files)
  }

  return {
    async prepare() {
      begin()
      if (!compile) return undefined
      const { files } = program
      const key = compiledKey({ tenant: spec.tenant, image, args: compile.start.args, env: compile.start.env, files })
      const found = compiled?.get(key)
      if (found) {
        for (const { path, content } of found) sandbox.writeFile(path, 0o755, content)
        from = 'files'
        return undefined
      }
      const said = createStageOutput()
      const report = await sandbox.run(compile.start, NOTHING, (stream, bytes) => said.push(stream, bytes))
      said.end(report.truncated)
      note(report)
      used = true
      const { status, message } = classify(report, 'compile', 'compile', compile.start, limits)
      if (status === 'succeeded') {
        if (compiled) await keep(compiled, key)
        return undefined
      }
      const words = said.captured().bytes.subarray(0, COMPILER_BYTES).toString()
      return [message ?? `the ${role} does not compile`, words].filter((text) => text !== '').join(': ')
    },
    async place(files) {
      if (used) await sandbox.renew(from)
      used = true
      placed = files
      sandbox.writeFile(INPUT, 0o644, files.input)
      sandbox.writeFile(ANSWER, 0o644, files.answer)
      if (files.output) sandbox.writeFile(OUTPUT, 0o644, files.output)
      // Makes the folder.
      sandbox.writeFile(`${FEEDBACK}.keep`, 0o644, NOTHING)
    },
    async run(live) {
      const output = createStageOutput()
      const readsOutput = live === undefined && protocol === 'kattis'
      const start = { ...main.start, stdin: live !== undefined || readsOutput }
      if (live) start.wallMs += live.moreWallMs
      const stdin = readsOutput ? (placed?.output ?? NOTHING) : NOTHING
      const report = await sandbox.run(
        start,
        stdin,
        (stream, bytes) => {
          if (live && stream === 'stdout') live.onOutput(bytes)
          else output.push(stream, bytes)
        },
        live && { taken: () => undefined },
      )
      output.end(report.truncated)
      note(report)
      const { status, message } = classify(report, role, 'run', start, limits)
      const conclude = async (): Promise<JudgeEnd> => {
        const files = new Map<string, string>()
        if (protocol === 'kattis' && (status === 'succeeded' || status === 'failed')) {
          const globs = WANTED.map((name) => `${FEEDBACK}${name}`)
          const gathered = await sandbox.gather({ globs, maxBytes: FEEDBACK_BYTES, maxFiles: WANTED.length })
          for (const { path, content } of gathered.files) files.set(path.slice(FEEDBACK.length), content.toString())
        }
        const stderr = partOutput(output.captured()).stderr.toString()
        return { status, message, exitCode: report.exitCode, stderr, files }
      }
      return { report, conclude }
    },
    get reusable() {
      return reusable
    },
    get refusedCalls() {
      return [...refusedCalls]
    },
    input: (bytes) => sandbox.input(bytes),
    endInput: () => sandbox.endInput(),
    kill() {
      // The second time it is SIGKILL.
      sandbox.kill()
      sandbox.kill()
    },
  }
}

/** A judge's program as a job that runs it. */
function asJob(spec: JobSpec, program: JudgeProgram, role: JudgeRole): JobSpec {
  const { terminal: _terminal, stdinEncoding: _encoding, judging: _judging, ...rest } = spec
  const { language, files, entrypoint, compilerArgs, limits, protocol } = program
  return {
    ...rest,
    head: { ...spec.head, kind: 'code', language, interactive: false, limits },
    files,
    entrypoint,
    command: [],
    stdin: '',
    args: [...ARGUMENTS[protocol][role], ...program.args],
    compilerArgs,
    env: {},
    tests: [],
    expectedOutput: null,
  }
}
