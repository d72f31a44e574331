import { extname } from 'node:path/posix'
import type { Config } from '../../shared/config/config.ts'
import type { Encoding, JobSpec, StageTest, TestCase } from '../../shared/job.ts'
import type { Language } from '../../shared/language.ts'
import { effectiveLimits, KIB, type Limits } from '../../shared/limits.ts'
import type { PrewarmProgram } from '../sandbox/prewarmed.ts'
import type { StageStart } from '../sandbox/frames.ts'
import { ENVIRONMENT_FOLDER } from '../sandbox/protocol.ts'
import { partsOf } from '../sandbox/sandbox-image.ts'

/** A stage that is going to run. */
export interface PlannedStage {
  name: string
  test?: StageTest
  kind: 'compile' | 'run'
  start: StageStart
  stdin: Uint8Array
  /** Whether standard input stays open, for what clients send. */
  interactive: boolean
}

/** What every program's environment begins with; nothing else is inherited. */
export const BASE_ENV: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/job',
  USER: 'runner',
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
  TMPDIR: '/tmp',
}

const NONE = new Uint8Array()

/**
 * The stages of a job: an optional `compile`, then `run` or one `test N` each.
 * @param language undefined for a container job
 * @param graceMs between SIGTERM and SIGKILL when a limit ends a stage
 * @param packages variables by which it finds those of its environment
 * @param isJudged its `cpuMs` is that of what is judged, or judges: a compiler may take as long as `compileWallMs`
 */
export function planStages(
  spec: JobSpec,
  language: Language | undefined,
  graceMs: number,
  packages: Readonly<Record<string, string>> = {},
  isJudged = spec.tests.length > 0,
): PlannedStage[] {
  const { limits, interactive } = spec.head
  const sources = { ...spec, stackBytes: limits.stackBytes }
  const env = {
    ...BASE_ENV,
    ...language?.env,
    ...packages,
    ...spec.env,
    ...joinedEnv(spec, { ...language?.env, ...packages }, language),
  }
  const start = (args: string[], wallMs: number, stdin: boolean): StageStart => ({
    ...within(limits, graceMs),
    args,
    env,
    wallMs,
    stdin,
  })
  const stages: PlannedStage[] = []
  if (language?.compile) {
    const args = expand(language.compile.argv, sources, language)
    const { compileWallMs, cpuMs } = limits
    stages.push({
      name: 'compile',
      kind: 'compile',
      start: { ...start(args, compileWallMs, false), cpuMs: isJudged ? Math.max(cpuMs, compileWallMs) : cpuMs },
      stdin: NONE,
      interactive: false,
    })
  }
  const commandWith = ({ stackBytes }: Limits) =>
    language ? expand(language.run.argv, { ...spec, stackBytes }, language) : spec.command
  const run = (name: string, test: TestCase): PlannedStage => {
    const stdin = test.stdin === undefined ? bytesOf(spec) : bytesOf({ ...test, stdin: test.stdin })
    const own = { ...limits, ...test.limits }
    const args = [...commandWith(own), ...(test.args ?? spec.args)]
    const begin = { ...start(args, own.wallMs, stdin.length > 0 || interactive), ...within(own, graceMs) }
    return {
      name,
      kind: 'run',
      start: onTerminal(begin, spec),
      stdin,
      interactive,
    }
  }
  if (spec.tests.length > 0)
    stages.push(
      ...spec.tests.map((test, index) => ({
        ...run(`test ${index + 1}`, test),
        test: { index, name: test.name ?? null },
      })),
    )
  else stages.push(run('run', {}))
  return stages
}

const bytesOf = ({ stdin, stdinEncoding }: { stdin: string; stdinEncoding?: Encoding }): Buffer =>
  Buffer.from(stdin, stdinEncoding === 'base64' ? 'base64' : 'utf8')

/** @param own what the job has of the language and its packages */
function joinedEnv(
  { env }: JobSpec,
  own: Readonly<Record<string, string>>,
  language: Language | undefined,
): Record<string, string> {
  const joined = language?.joinedEnv?.filter((name) => name in env) ?? []
  return Object.fromEntries(joined.map((name) => [name, `${own[name]} ${env[name]}`]))
}

function onTerminal(start: StageStart, { terminal }: JobSpec): StageStart {
  return terminal ? { ...start, terminal } : start
}

/**
 * The first stage of a job that asks for nothing but its program, and what is started ahead of it.
 * @param limits those of such a job
 * @param modules what it imports ahead, where it can
 * @returns undefined for a language of which none can wait for its program
 */
export function planAhead(
  language: Language,
  limits: Limits,
  graceMs: number,
  packages: Readonly<Record<string, string>> = {},
  modules: readonly string[] = [],
): PrewarmProgram | undefined {
  const { prewarm, fileName, compile, run } = language
  if (!prewarm) return undefined
  const { stackBytes } = limits
  const only = { entrypoint: fileName, files: [{ path: fileName }], compilerArgs: [], stackBytes, modules }
  const args = expand((compile ?? run).argv, only, language)
  const wallMs = compile ? limits.compileWallMs : limits.wallMs
  const start = { ...within(limits, graceMs), args, env: { ...BASE_ENV, ...language.env, ...packages }, wallMs }
  const argv = (modules.length > 0 ? prewarm.preload : undefined) ?? prewarm.argv
  const launcher = argv && { launcher: expand(argv, only, language) }
  return { file: fileName, start, ...launcher, unless: prewarm.unless }
}

/** What can be prewarmed in a sandbox, by its image. @param languageOf undefined for an image of the operator's */
export function prewarmPrograms(
  { sandbox, limits }: Pick<Config, 'sandbox' | 'limits'>,
  languageOf: (image: string) => Language | undefined,
): (image: string) => PrewarmProgram | undefined {
  return (sandboxImage) => {
    const { image, environment, modules } = partsOf(sandboxImage)
    const language = sandbox.prewarm ? languageOf(image) : undefined
    if (!language) return undefined
    const own = effectiveLimits({}, language.limits, limits.defaults, limits.ceilings)
    const variables = environment === undefined ? {} : packageVariables(language)
    return planAhead(language, own, sandbox.graceMs, variables, modules)
  }
}

/** By which a job finds the packages of its environment. */
export function packageVariables(language: Language | undefined): Record<string, string> {
  const entries = Object.entries(language?.environments?.env ?? language?.packageEnv ?? {})
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value.replaceAll('{environment}', ENVIRONMENT_FOLDER)]),
  )
}

/** What every stage of a job has of its limits. */
function within(limits: Limits, graceMs: number): Omit<StageStart, 'args' | 'env' | 'wallMs' | 'stdin'> {
  const { cpuMs, outputBytes, processes, fileBytes, openFiles, stackBytes } = limits
  return { cpuMs, graceMs, outputBytes, processes, fileBytes, openFiles, stackBytes }
}

interface Sources {
  entrypoint: string
  files: readonly { path: string }[]
  compilerArgs: readonly string[]
  stackBytes: number
  modules?: readonly string[]
}

/** What an interpreter that bounds its own recursion leaves of the stack, at least: to its C code, arguments and environment. */
const STACK_RESERVE_BYTES = 256 * KIB

export const stackKib = (stackBytes: number): number =>
  Math.floor((stackBytes - Math.max(STACK_RESERVE_BYTES, stackBytes / 8)) / KIB)

/**
 * Fills an argument vector of a language. Each placeholder is a whole argument or none of it: what a job supplies never
 * becomes part of another argument, and there is no shell.
 */
function expand(argv: readonly string[], spec: Sources, language: Language): string[] {
  const extensions = [extname(language.fileName), ...(language.otherExtensions ?? [])]
  return argv.flatMap((argument) => {
    switch (argument) {
      case '{entrypoint}':
        return [`./${spec.entrypoint}`]
      case '{sources}':
        return spec.files.flatMap(({ path }) => (extensions.some((one) => path.endsWith(one)) ? [`./${path}`] : []))
      case '{compilerArgs}':
        return [...spec.compilerArgs]
      case '{modules}':
        return [...(spec.modules ?? [])]
      default:
        return [argument.replace('{stackKib}', String(stackKib(spec.stackBytes)))]
    }
  })
}
