import { isUtf8 } from 'node:buffer'
import type { Language } from '../../../shared/language.ts'
import type { LimitOverrides, Limits } from '../../../shared/limits.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'
import type { CodeRequest, RequestFile } from '../../../shared/requests.ts'
import { howToInstall } from '../../runtimes/installed.ts'
import { heldLimits } from '../system/held-limits.ts'
import { sourceName } from '../system/source-name.ts'
import { findRuntime, namesOf, type PistonRuntime } from './piston-runtimes.ts'

/** What a request lacks, in Piston's words. */
export class PistonFault extends Error {
  override readonly name = 'PistonFault'
}

/** A request to run something, as a job. */
export interface Execution {
  runtime: Pick<PistonRuntime, 'language' | 'version'>
  request: CodeRequest
  /** What the program has to keep to. */
  held: LimitOverrides
}

/** Limits of a request: the one of a job that it becomes, if it does, and its default. The most is the caller's ceiling. */
const CONSTRAINTS: readonly { name: string; limit: keyof Limits; default?: number; ofCompiler?: true }[] = [
  { name: 'compile_timeout', limit: 'compileWallMs', default: 10_000 },
  { name: 'run_timeout', limit: 'wallMs', default: 3000 },
  { name: 'compile_cpu_time', limit: 'cpuMs', ofCompiler: true },
  { name: 'run_cpu_time', limit: 'cpuMs', default: 3000 },
  { name: 'compile_memory_limit', limit: 'memoryBytes', ofCompiler: true },
  { name: 'run_memory_limit', limit: 'memoryBytes' },
]
/** As a memory limit: the most there is. */
const UNLIMITED = -1

/** What to type for a language of this name that is not installed; nothing for another name. */
function missing(languages: readonly Language[], runtimes: Runtimes | undefined, name: string): string {
  const language = languages.find((one) => namesOf(one).includes(name))
  return language && runtimes?.languages[language.id] === undefined ? `; ${howToInstall(language)}` : ''
}

/**
 * Reads what `POST /execute` and the message `init` have in common.
 * @throws PistonFault
 */
export function readExecution(
  body: Readonly<Record<string, unknown>>,
  languages: readonly Language[],
  runtimes: Runtimes | undefined,
  { defaults, ceilings }: { defaults: Limits; ceilings: Limits },
): Execution {
  const { language: name, version, files, stdin, args } = body
  if (typeof name !== 'string' || name === '') throw new PistonFault('language is required as a string')
  if (typeof version !== 'string' || version === '') throw new PistonFault('version is required as a string')
  if (!Array.isArray(files)) throw new PistonFault('files is required as an array')
  const sent = files.map(readFile)
  const found = findRuntime(languages, runtimes, name, version)
  if (!found) throw new PistonFault(`${name}-${version} runtime is unknown${missing(languages, runtimes, name)}`)
  const { definition: language } = found
  const main = sent.findIndex(({ isText }) => isText)
  if (main < 0) throw new PistonFault('files must include at least one utf8 encoded file')
  if (stdin !== undefined && stdin !== null && typeof stdin !== 'string')
    throw new PistonFault('stdin must be a string')
  const asked = readConstraints(body, ceilings)
  const { held, limits } = heldLimits(asked, language, defaults, ceilings)
  const names = sent.map((file, index) =>
    index === main ? sourceName(file.name, language) : (file.name ?? `file${index}.code`),
  )
  const { language: runtime, version: installed } = found
  return {
    runtime: { language: runtime, version: installed },
    held,
    request: {
      language: language.id,
      files: sent.map(({ file }, index) => ({ ...file, path: names[index] ?? '' })),
      entrypoint: names[main] ?? '',
      ...(typeof stdin === 'string' && { stdin }),
      args: readArgs(args),
      limits,
    },
  }
}

interface SentFile {
  name: string | undefined
  /** Without its path. */
  file: Omit<RequestFile, 'path'>
  isText: boolean
}

function readFile(value: unknown, index: number): SentFile {
  const {
    name,
    content,
    encoding = 'utf8',
  } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  if (typeof content !== 'string') throw new PistonFault(`files[${index}].content is required as a string`)
  if (name !== undefined && name !== null && typeof name !== 'string') {
    throw new PistonFault(`files[${index}].name must be a string`)
  }
  const path = typeof name === 'string' && name !== '' ? name : undefined
  if (encoding === 'base64' || encoding === 'hex') {
    const bytes = Buffer.from(content, encoding)
    const file: SentFile['file'] = isUtf8(bytes)
      ? { content: bytes.toString() }
      : { content: bytes.toString('base64'), encoding: 'base64' }
    return { name: path, file, isText: false }
  }
  if (encoding !== 'utf8' && encoding !== null) {
    throw new PistonFault(`files[${index}].encoding must be utf8, base64 or hex`)
  }
  return { name: path, file: { content }, isText: true }
}

function readArgs(args: unknown): string[] {
  if (args === undefined || args === null) return []
  if (!Array.isArray(args)) throw new PistonFault('args must be an array')
  return args.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)))
}

function readConstraints(body: Readonly<Record<string, unknown>>, ceilings: Limits): LimitOverrides {
  const asked: LimitOverrides = {}
  for (const { name, limit, default: usual, ofCompiler } of CONSTRAINTS) {
    const value = body[name] ?? undefined
    const isMemory = limit === 'memoryBytes'
    if (value !== undefined && typeof value !== 'number')
      throw new PistonFault(`If specified, ${name} must be a number`)
    const most = ceilings[limit]
    if (value !== undefined && value > most)
      throw new PistonFault(`${name} cannot exceed the configured limit of ${most}`)
    const isUnlimited = isMemory && value === UNLIMITED
    if (value !== undefined && value < 0 && !isUnlimited) throw new PistonFault(`${name} must be non-negative`)
    const chosen = isUnlimited ? undefined : (value ?? usual)
    if (chosen !== undefined && !ofCompiler) asked[limit] = Math.min(Math.max(chosen, 1), most)
  }
  return asked
}
