import type { JobSpec } from '../../shared/job.ts'
import { JUDGE_FOLDER } from '../../shared/judging/judging-request.ts'
import type { JudgeProgram, Protocol } from '../../shared/judging/judging-spec.ts'
import type { Language } from '../../shared/language.ts'
import { KIB, MIB, SECOND } from '../../shared/limits.ts'
import { partOutput } from '../../shared/redis/stored-output.ts'
import {
  type CompiledFile,
  type CompiledProgram,
  type CompiledPrograms,
  compiledKey,
} from '../judging/compiled-programs.ts'
import type { JudgeCell, JudgeFiles, JudgeRole } from '../judging/judge-cell.ts'
import type { JudgeEnd } from '../judging/ruling.ts'
import type { JobFiles } from '../files/job-files.ts'
import type { Gathered } from '../sandbox/gathering.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { classify } from './classify.ts'
import { type PlannedStage, planStages } from './plan.ts'
import { placeFiles, wholeFolder, writeCompiled, writeFiles } from './place-files.ts'
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
const FEEDBACK_BYTES = MIB
/** Written by a judge that asks for another pass: the input of that. */
const NEXT = 'nextpass.in'
/** What a judge may keep from pass to pass, the next input among it; also of what an interactor writes for a checker. */
const PASS_BYTES = 8 * MIB
const PASS_FILES = 100
/** Of what a compiler says, for judges. */
const COMPILER_BYTES = 4 * KIB

/** For what surrounds the compiler. */
const LEASE_MARGIN_MS = 10 * SECOND

const NOTHING = new Uint8Array()
const NEVER = new AbortController().signal

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
  files?: Pick<JobFiles, 'read'>
  /** Ends what is read of them. */
  signal?: AbortSignal
}

/** @param sandbox stands idle, and belongs to the judges until the job has ended */
export function createJudgeCell(
  sandbox: Sandbox,
  { spec, program, role, language, image, graceMs, compiled, files: store, signal = NEVER }: JudgeCellOptions,
): JudgeCell {
  const { limits, protocol } = program
  const stages = planStages(asJob(spec, program, role), language, graceMs, {}, true)
  const compile = stages.find(({ kind }) => kind === 'compile')
  const main = stages.at(-1) as PlannedStage
  /** What its cells begin with. */
  let from: 'files' | 'folder' = compile ? 'folder' : 'files'
  let used = false
  let placed: JudgeFiles | undefined
  let reusable = true
  const key =
    compile && compiled
      ? compiledKey({
          tenant: spec.tenant,
          image,
          args: compile.start.args,
          env: compile.start.env,
          files: program.files,
          stored: program.storedFiles?.map(({ path, blob, mode }) => ({ path, blob, mode })),
        })
      : undefined
  const placeCompiled = (files: readonly CompiledFile[]) => {
    // What was stored is placed beside it.
    const stored = new Set(program.storedFiles?.map(({ path }) => path))
    writeCompiled(
      sandbox,
      files.filter(({ path }) => !stored.has(path)),
    )
  }
  const refusedCalls = new Set<string>()

  const placeStored = () => placeFiles(sandbox, program.storedFiles, store, signal)
  const renew = async () => {
    await sandbox.renew(from)
    if (from === 'files') await placeStored()
  }
  /** Its next cell, which is made while the program runs that it judges next. */
  let ahead: Promise<void> | undefined
  const renewAhead = () => {
    ahead = renew()
    // Told to whoever places files in it.
    ahead.catch(() => undefined)
  }
  const begin = async (before?: CompiledProgram) => {
    if (before) from = 'files'
    sandbox.begin(limits.fileBytes)
    writeFiles(sandbox, program.files)
    if (before) placeCompiled(before.files)
    await placeStored()
  }
  const note = (report: StageReport) => {
    // The kernel's killer has been at work in there.
    if (report.oomKills > 0) reusable = false
    for (const { name } of report.refusedCalls) refusedCalls.add(name)
  }

  /** @returns why it does not compile, for judges */
  const compileIt = async ({ start }: PlannedStage): Promise<string | undefined> => {
    const said = createStageOutput()
    const report = await sandbox.run(start, NOTHING, (stream, bytes) => said.push(stream, bytes))
    said.end(report.truncated)
    note(report)
    used = true
    const { status, message } = classify(report, 'compile', 'compile', start, limits)
    if (status !== 'succeeded') {
      const words = said.captured().bytes.subarray(0, COMPILER_BYTES).toString()
      return [message ?? `the ${role} does not compile`, words].filter((text) => text !== '').join(': ')
    }
    const files = compiled && key && (await wholeFolder(sandbox))
    if (files) compiled.put(key, { files })
    return undefined
  }

  return {
    async prepare() {
      if (!compile || !compiled || !key) {
        await begin()
        return compile && compileIt(compile)
      }
      const leaseMs = compile.start.wallMs + compile.start.graceMs + LEASE_MARGIN_MS
      const before = await compiled.getOrBegin(key, leaseMs, signal)
      if (typeof before !== 'function') {
        await begin(before)
        return undefined
      }
      try {
        await begin()
        return await compileIt(compile)
      } finally {
        await before()
      }
    },
    async place(files) {
      if (ahead) await ahead
      else if (used) await renew()
      ahead = undefined
      used = true
      placed = files
      sandbox.writeFile(INPUT, 0o644, files.input)
      sandbox.writeFile(ANSWER, 0o644, files.answer)
      if (files.output) sandbox.writeFile(OUTPUT, 0o644, files.output)
      // Makes the folder.
      sandbox.writeFile(`${FEEDBACK}.keep`, 0o644, NOTHING)
      for (const [name, content] of files.feedback ?? []) sandbox.writeFile(`${FEEDBACK}${name}`, 0o644, content)
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
      const read = async (): Promise<JudgeEnd> => {
        const files = new Map<string, string>()
        const ended = { message, exitCode: report.exitCode, stderr: partOutput(output.captured()).stderr.toString() }
        if (status !== 'succeeded' && status !== 'failed') return { status, ...ended, files }
        if (protocol === 'testlib') {
          if (role !== 'interactor' || spec.judging?.checker.type !== 'program') return { status, ...ended, files }
          const gathered = await sandbox.gather({ globs: [OUTPUT], maxBytes: PASS_BYTES, maxFiles: 1 })
          const [written] = gathered.files
          return {
            status,
            ...ended,
            ...unreadOf(gathered.missing),
            files,
            written: written?.content ?? Buffer.alloc(0),
          }
        }
        const isOnly = (spec.judging?.passes ?? 1) === 1
        const names = isOnly ? WANTED : [...WANTED, NEXT]
        const said = await sandbox.gather({
          globs: names.map((name) => `${FEEDBACK}${name}`),
          maxBytes: isOnly ? FEEDBACK_BYTES : PASS_BYTES,
          maxFiles: names.length,
        })
        const byName = ({ files: found }: Gathered) =>
          new Map(found.map(({ path, content }) => [path.slice(FEEDBACK.length), content]))
        const contents = byName(said)
        for (const name of WANTED) {
          const content = contents.get(name)
          if (content) files.set(name, content.toString())
        }
        const end = { ...ended, ...unreadOf(said.missing), files }
        const input = contents.get(NEXT)
        if (!input) return { status, ...end }
        const kept = await sandbox.gather({ globs: [`${FEEDBACK}**`], maxBytes: PASS_BYTES, maxFiles: PASS_FILES })
        const feedback = byName(kept)
        for (const name of [NEXT, '.keep', ...WANTED]) feedback.delete(name)
        // Links and pipes are not kept, and harm nobody; what is cut off would be missed in the next pass.
        const cut = unreadOf({ ...kept.missing, unreadable: 0, special: 0 })
        return { status, ...cut, ...end, next: { input, feedback } }
      }
      const conclude = async () => {
        const end = await read()
        renewAhead()
        return end
      }
      return { report, conclude }
    },
    async settle() {
      await ahead?.catch(() => undefined)
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

/** What of a judge's files there is that nobody can read: a verdict without it would be another one. */
function unreadOf({ tooLarge, unreadable, special, stopped }: Gathered['missing']): { unread?: string } {
  const told = [
    ...(tooLarge > 0 ? [`${tooLarge} too large`] : []),
    ...(unreadable > 0 ? [`${unreadable} without permission to read`] : []),
    ...(special > 0 ? [`${special} neither a file nor a folder`] : []),
    ...(stopped === null ? [] : ['too many']),
  ]
  return told.length === 0 ? {} : { unread: told.join(', ') }
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
