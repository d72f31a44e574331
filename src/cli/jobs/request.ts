import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { Client, CodeRequest, Runtime } from '../../client/client.ts'
import { scriptDependencies } from '../../shared/environments/script-dependencies.ts'
import { languageOfExtension } from '../../shared/language-of-extension.ts'
import type { LimitOverrides } from '../../shared/limits.ts'
import { parseLimit } from '../limit-option.ts'
import { readFile } from '../service/connection.ts'
import { EXIT, ExitError } from '../exit.ts'
import { encoded, filesBeside } from './files-beside.ts'

/** What a job is made of on the command line, beside its file and arguments. */
export interface RequestOptions {
  language?: string
  languageVersion?: string
  file?: string[]
  env?: Record<string, string>
  limit?: LimitOverrides
  compilerArg?: string[]
  dependency?: string[]
  with?: string[]
  environment?: string
  artifact?: string[]
  endUser?: string
  stdin?: string
}

/** What making a request asks of the service. */
export type RequestClient = Pick<Client, 'runtimes'> & { files: Pick<Client['files'], 'put'> }

/** Of an option that may be repeated. */
export const several = (text: string, previous: string[] = []) => [...previous, text]

/** For one program. */
export const addRequestOptions = (command: Command): Command => addProgramOptions(command, 'FILE')

/** @param program what the help calls the program, or each of them */
export function addProgramOptions(command: Command, program = 'each program'): Command {
  return command
    .option('-l, --language <id>', `language of ${program}; default: by its extension`)
    .option('--language-version <range>', 'range that the installed version must meet, e.g. 3.x')
    .option(
      '-f, --file <path>',
      `another file beside ${program}, uploaded for this command alone if it is large; or a stored one, e.g. data.csv=ID; may be repeated`,
      several,
    )
    .option('-e, --env <name=value>', 'environment variable; may be repeated', parseEnv)
    .option('--limit <name=value>', 'e.g. wallMs=10000, memoryBytes=64MiB; may be repeated', parseLimit)
    .option('--compiler-arg <argument>', 'argument for the compiler; may be repeated', several)
    .option('--dependency <package>', 'package that it needs; may be repeated', several)
    .option('--with <package>', 'the same', several)
    .option(
      '--environment <name>',
      'installed packages it uses: a set such as python/data, or the id of an environment',
    )
    .option('--artifact <glob>', 'files to keep, e.g. "out/*.png"; may be repeated', several)
    .option('--end-user <id>', 'user it runs for; abuse counts against this user, not against your key')
    .option('--stdin <path>', 'file with its standard input; - reads the input of this command')
}

function parseEnv(text: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, value] = /^([^=]{1,256})=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('It must be like NAME=value, the name of 1 to 256 characters.')
  }
  return { ...previous, [name]: value }
}

/**
 * @param note is told what of the program's own is passed over
 * @throws ExitError when a file cannot be read or its language not be told
 */
export async function requestOf(
  path: string,
  args: readonly string[],
  options: RequestOptions,
  client: RequestClient,
  note: (text: string) => void = () => undefined,
): Promise<CodeRequest> {
  const content = readFile(path, 'the program')
  const given = packagesOption(options)
  const unused = given === undefined ? undefined : namesPackagesItself(path, content.toString())
  if (unused !== undefined) note(`the packages that ${unused} names are not used: ${given} is given`)
  const { language, languageVersion, file, env, limit, compilerArg, dependency, artifact, endUser, stdin } = options
  const beside = [...manifestsBeside(path, options), ...(file ?? [])]
  const files = beside.length > 0 ? await filesBeside(beside, client.files) : undefined
  const program = encoded(content)
  const isWhole = files === undefined && program.encoding === 'utf-8'
  const request: CodeRequest = { language: language ?? (await languageOf(path, client)) }
  if (isWhole) request.code = program.content
  else {
    request.files = [{ path: basename(path), ...program }, ...(files ?? [])]
    request.entrypoint = basename(path)
  }
  if (args.length > 0) request.args = [...args]
  if (languageVersion !== undefined) request.version = languageVersion
  if (env !== undefined) request.env = env
  if (limit !== undefined) request.limits = limit
  if (compilerArg !== undefined) request.compilerArgs = compilerArg
  if (dependency ?? options.with) request.dependencies = [...(dependency ?? []), ...(options.with ?? [])]
  if (options.environment !== undefined) request.environment = options.environment
  if (artifact !== undefined) request.artifacts = artifact
  if (endUser !== undefined) request.endUser = endUser
  if (stdin !== undefined) {
    const input = encoded(stdin === '-' ? readFileSync(0) : readFile(stdin, '--stdin'))
    request.stdin = input.content
    if (input.encoding === 'base64') request.stdinEncoding = 'base64'
  }
  return request
}

/** The option by which the command line names packages. */
function packagesOption({ dependency, with: packages, environment }: RequestOptions): string | undefined {
  if (packages !== undefined) return '--with'
  if (dependency !== undefined) return '--dependency'
  return environment === undefined ? undefined : '--environment'
}

/** What names packages for a program that is run without such an option: its own metadata (PEP 723), or a `package.json` beside it. */
function namesPackagesItself(path: string, code: string): string | undefined {
  const extension = extname(path).toLowerCase()
  if (extension === '.py') {
    const own = scriptDependencies(code)
    return own && ('fault' in own || own.dependencies.length > 0) ? path : undefined
  }
  const manifest = join(dirname(path), 'package.json')
  return NODE_EXTENSIONS.includes(extension) && namesPackages(manifest) ? manifest : undefined
}

const NODE_EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts']

/** Of a program for Node.js: the manifest in its folder, with its lock, when it names packages and the command names none. */
function manifestsBeside(path: string, options: RequestOptions): string[] {
  const { file = [] } = options
  const isGiven = packagesOption(options) !== undefined || file.some((other) => basename(other) === 'package.json')
  if (isGiven || !NODE_EXTENSIONS.includes(extname(path).toLowerCase())) return []
  const manifest = join(dirname(path), 'package.json')
  const lock = join(dirname(path), 'package-lock.json')
  if (!namesPackages(manifest)) return []
  const isLockGiven = file.some((other) => basename(other) === 'package-lock.json')
  return [manifest, ...(existsSync(lock) && !isLockGiven ? [lock] : [])]
}

/** One that is no JSON may: the service says what is wrong with it. */
function namesPackages(manifest: string): boolean {
  if (!existsSync(manifest)) return false
  const text = readFile(manifest, 'the manifest').toString()
  try {
    const named = JSON.parse(text) as Record<string, object | undefined>
    return ['dependencies', 'optionalDependencies'].some((field) => Object.keys(named[field] ?? {}).length > 0)
  } catch {
    return true
  }
}

async function languageOf(path: string, client: Pick<Client, 'runtimes'>): Promise<string> {
  const runtimes = await client.runtimes()
  const extension = extname(path).toLowerCase()
  const found = runtimeOf(extension, runtimes)
  if (found !== undefined) return found
  const known = runtimes.map((one) => `${one.language} (${extname(one.fileName)})`).join(', ')
  const what = extension === '' ? `${path} has no extension` : `no language has the extension ${extension}`
  throw new ExitError(EXIT.usage, `${what}; name one with --language: ${known}`)
}

/** The language with this id or alias, letter case ignored, among those of the service. */
export function runtimeNamed(name: string, runtimes: readonly Runtime[]): string | undefined {
  const wanted = name.toLowerCase()
  return runtimes.find(({ language, aliases }) => language === wanted || aliases.includes(wanted))?.language
}

/** The language of an extension, among those of the service. @param extension with its dot */
export const runtimeOf = (extension: string, runtimes: readonly Runtime[]): string | undefined =>
  languageOfExtension(
    extension,
    runtimes.map((one) => ({ ...one, id: one.language })),
  )
