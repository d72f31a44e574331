import { appendFileSync, openAsBlob, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { type Client, type ClientOptions, createClient } from '../../client/client.ts'
import type { CliContext } from '../context.ts'
import { holderOf } from '../up/instance-lock.ts'
import { EXIT, ExitError } from '../exit.ts'
import { normalUrl, readLogin, type StoredLogin } from './stored-login.ts'

/** Where the service is, and who asks. */
export interface ConnectionOptions {
  url?: string
  keyFile?: string
  key?: string
}

export interface Connection {
  client: Client
  url: string
  key: string | undefined
  /** Where address and key come from, for people: `--url`, `RUNYARD_KEY`, `stored login` and so on. */
  sources: { url: string; key: string | undefined }
  /** Tells the person that a refused rate is being waited for. */
  onRetry: NonNullable<ClientOptions['onRetry']>
}

export type Environment = Readonly<Record<string, string | undefined>>

type Sourced<T> = T & { source: string }
type Warn = (text: string) => void

const DEFAULT_URL = 'http://127.0.0.1:3000'
/** Some 4 s: who sits before it wants to know. */
const RETRIES = 3
/** Some 40 s: a job that was accepted is worth waiting for, e.g. while a gateway starts again. */
export const PATIENT_RETRIES = 8

/** Heading of these options in the help of each command that has them. */
export const CONNECTION_OPTIONS = 'Service and key:'

export function addConnectionOptions(command: Command): Command {
  const options = [
    ['--url <address>', 'URL of the service; default: RUNYARD_URL, the stored login, the service on this machine'],
    ['--key-file <file>', 'file with the API key; default: RUNYARD_KEY, the stored login'],
    ['--key <key>', 'the API key itself; other users of this machine can see it'],
  ] as const
  for (const [flags, description] of options) {
    command.addOption(new Option(flags, description).helpGroup(CONNECTION_OPTIONS))
  }
  return command
}

/**
 * Address and key, each from the first place that has one: option, environment, `runyard login`. A stored key goes to the service it
 * was stored for and to no other.
 * The stored login is read only where something is missing, so whoever gives both is in no need of a home folder.
 * @param warn told what is unwise
 * @throws ExitError when address or key cannot be used
 */
export async function connect(
  options: ConnectionOptions,
  env: Environment,
  context: () => Promise<CliContext>,
  warn: Warn,
): Promise<Connection> {
  let read: { login: StoredLogin | undefined } | undefined
  const stored = () => (read ??= { login: readLogin(env, warn) }).login
  const address = await addressOf(options, { env, context }, stored)
  const key = keyGiven(options, env, warn) ?? storedKey(address.url, stored, warn)
  return connectTo(address, key, warn)
}

/** The stored key, if it is for this address. A login that cannot be used is no obstacle: the service may ask for no key. */
function storedKey(
  url: string,
  stored: () => StoredLogin | undefined,
  warn: Warn,
): Sourced<{ key: string }> | undefined {
  try {
    const login = stored()
    if (login?.key === undefined || normalUrl(url) !== login.url) return undefined
    return { key: login.key, source: STORED }
  } catch (error) {
    warn((error as Error).message)
    return undefined
  }
}

const STORED = 'stored login'

/** @param warn told when a refused rate is waited for */
export function connectTo(
  { url, source }: Sourced<{ url: string }>,
  key: Sourced<{ key: string }> | undefined,
  warn: Warn,
): Connection {
  const onRetry = tellOfRate(warn)
  const client = createClient({ url, key: key?.key, retries: RETRIES, onRetry })
  return { client, url, key: key?.key, sources: { url: source, key: key?.source }, onRetry }
}

/** Whoever sits before it shall know what it waits for. */
const tellOfRate =
  (note: Warn): Connection['onRetry'] =>
  ({ code }, pauseMs) => {
    if (code === 'rate-limited') note(`rate limit reached, retrying in ${Math.ceil(pauseMs / 1000)} s`)
  }

/**
 * The address of the options or the environment, else of the login, else of this machine.
 * @param stored reads the login; asked only when no address is given
 * @throws ExitError when it is no address of a service
 */
export async function addressOf(
  options: Pick<ConnectionOptions, 'url'>,
  { env, context }: { env: Environment; context: () => Promise<CliContext> },
  stored: () => StoredLogin | undefined,
): Promise<Sourced<{ url: string }>> {
  const given = options.url ?? (env['RUNYARD_URL'] || undefined)
  if (given === undefined) {
    const login = stored()
    if (login !== undefined) return { url: login.url, source: STORED }
    const holder = await holderOf((await context()).config.dataDir)
    return holder ? { url: holder.url, source: 'running on this machine' } : { url: DEFAULT_URL, source: 'default' }
  }
  return addressFrom(given, options.url === undefined ? 'RUNYARD_URL' : '--url')
}

/** @param source where it was given, for people @throws ExitError when it is no address of a service */
export function addressFrom(url: string, source: string): Sourced<{ url: string }> {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new ExitError(
      EXIT.usage,
      `${source} is ${url}; it must be like ${DEFAULT_URL} or https://runyard.example.com`,
    )
  }
  return { url, source }
}

/** The key of the options or the environment, if one is there. @throws ExitError when it cannot be one */
export function keyGiven(
  { key, keyFile }: Pick<ConnectionOptions, 'key' | 'keyFile'>,
  env: Environment,
  warn: Warn,
): Sourced<{ key: string }> | undefined {
  if (key !== undefined) {
    warn('--key shows the key to everybody who can list processes here; --key-file or RUNYARD_KEY does not')
    return { key: checkedKey(key, '--key'), source: '--key' }
  }
  if (keyFile !== undefined) {
    const text = readFile(keyFile, '--key-file').toString().trim()
    return { key: checkedKey(text, `the file ${keyFile}`), source: `--key-file ${keyFile}` }
  }
  const own = env['RUNYARD_KEY']
  return own ? { key: checkedKey(own, 'RUNYARD_KEY'), source: 'RUNYARD_KEY' } : undefined
}

/** The key is not repeated: it may be one, but for a character. @throws ExitError when it is not one word */
export function checkedKey(key: string, source: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new ExitError(EXIT.usage, `${source} is not an API key: a key is one word that begins with ry_`)
}

/** @throws ExitError that says what is wrong with the file */
export function readFile(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new ExitError(EXIT.usage, `${what} ${path}: ${reasonOf(error, 'the file does not exist', 'read')}`)
  }
}

/** Of a file, in bytes. @throws ExitError that says what is wrong with the file */
export function sizeOf(path: string, what: string): number {
  try {
    const found = statSync(path)
    if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    return found.size
  } catch (error) {
    throw new ExitError(EXIT.usage, `${what} ${path}: ${reasonOf(error, 'the file does not exist', 'read')}`)
  }
}

/** A file as it is uploaded: it is read as it is sent. @throws ExitError that says what is wrong with the file */
export async function contentOf(path: string, what: string): Promise<Blob> {
  // What cannot be read is told better by its status.
  sizeOf(path, what)
  return openAsBlob(path)
}

/** @param option that names the path @param flag as in node:fs: `wx` for a file that must not be there @throws ExitError that says why it cannot be written */
export function writeFile(path: string, bytes: Uint8Array, option: string, flag: 'w' | 'wx' = 'w'): void {
  try {
    writeFileSync(path, bytes, { flag })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'EEXIST' ? 'it exists already' : reasonOf(error, 'its folder does not exist', 'write')
    throw new ExitError(EXIT.cannotWrite, `${option} ${path}: ${reason}`)
  }
}

/** The same of a content that comes piece by piece. @returns its bytes; what is written of one that is cut is removed */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  option: string,
  flag: 'w' | 'wx' = 'w',
): Promise<number> {
  let bytes = 0
  const first = await firstOf(pieces)
  writeFile(path, first.piece, option, flag)
  bytes += first.piece.length
  try {
    for await (const piece of first.rest) {
      appendFileSync(path, piece)
      bytes += piece.length
    }
    return bytes
  } catch (error) {
    if (statSync(path).isFile()) rmSync(path, { force: true })
    throw error
  }
}

/** Nothing is made of what cannot be read at all. */
async function firstOf(pieces: AsyncIterable<Uint8Array>) {
  const rest = pieces[Symbol.asyncIterator]()
  const { done, value } = await rest.next()
  return { piece: done ? new Uint8Array() : value, rest: { [Symbol.asyncIterator]: () => rest } }
}

function reasonOf(error: unknown, absent: string, verb: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return absent
  if (code === 'EISDIR') return 'it is a folder'
  return code === 'EACCES' ? `you may not ${verb} it` : message
}
