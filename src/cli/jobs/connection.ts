import { readFileSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { type Client, type ClientOptions, createClient } from '../../client/client.ts'
import type { CliContext } from '../context.ts'
import { holderOf } from '../up/claim.ts'
import { EXIT, ExitError } from '../exit.ts'

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
  /** Tells the person that a refused rate is being waited for. */
  onRetry: NonNullable<ClientOptions['onRetry']>
}

export type Environment = Readonly<Record<string, string | undefined>>

const DEFAULT_URL = 'http://127.0.0.1:3000'
/** Some 4 s: who sits before it wants to know. */
const RETRIES = 3
/** Some 40 s: a job that was accepted is worth waiting for, e.g. while a gateway starts again. */
export const PATIENT_RETRIES = 8

export function addConnectionOptions(command: Command): Command {
  return command
    .option('--url <address>', 'of the service; else RUNYARD_URL, else the one that runs here')
    .option('--key-file <file>', 'a file with the API key; else RUNYARD_KEY')
    .option('--key <key>', 'the API key itself, for everybody here to see who lists processes')
}

/**
 * @param warn told what is unwise
 * @throws ExitError when address or key cannot be used
 */
export async function connect(
  options: ConnectionOptions,
  env: Environment,
  context: () => CliContext,
  warn: (text: string) => void,
): Promise<Connection> {
  const url = await addressOf(options, env, context)
  const key = keyOf(options, env, warn)
  const onRetry = tellOfRate(warn)
  return { client: createClient({ url, key, retries: RETRIES, onRetry }), url, key, onRetry }
}

/** Whoever sits before it shall know what it waits for. */
const tellOfRate =
  (note: (text: string) => void): Connection['onRetry'] =>
  ({ code }, pauseMs) => {
    if (code === 'rate-limited') note(`rate limit reached, retrying in ${Math.ceil(pauseMs / 1000)} s`)
  }

async function addressOf(options: ConnectionOptions, env: Environment, context: () => CliContext): Promise<string> {
  const given = options.url ?? (env['RUNYARD_URL'] || undefined)
  if (given === undefined) return (await holderOf(context().config.dataDir))?.url ?? DEFAULT_URL
  const source = options.url === undefined ? 'RUNYARD_URL' : '--url'
  if (!/^https?:\/\//i.test(given) || !URL.canParse(given)) {
    throw new ExitError(
      EXIT.usage,
      `${source} is ${given}; it must be like ${DEFAULT_URL} or https://runyard.example.com`,
    )
  }
  return given
}

function keyOf(
  { key, keyFile }: ConnectionOptions,
  env: Environment,
  warn: (text: string) => void,
): string | undefined {
  if (key !== undefined) {
    warn('--key shows the key to everybody who can list processes here; --key-file or RUNYARD_KEY does not')
    return checked(key, '--key')
  }
  if (keyFile === undefined) return env['RUNYARD_KEY'] ? checked(env['RUNYARD_KEY'], 'RUNYARD_KEY') : undefined
  return checked(readFile(keyFile, '--key-file').toString().trim(), `the file ${keyFile}`)
}

/** The key is not repeated: it may be one, but for a character. */
function checked(key: string, source: string): string {
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new ExitError(EXIT.usage, `${source} holds no key: that is one word, ry_ and what follows`)
}

/** @throws ExitError that says what is wrong with the file */
export function readFile(path: string, what: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new ExitError(EXIT.usage, `${what} ${path}: ${reasonOf(error, 'there is no such file', 'read')}`)
  }
}

/** @throws ExitError that says why it cannot be written */
export function writeFile(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes)
  } catch (error) {
    throw new ExitError(EXIT.cannotWrite, `--output ${path}: ${reasonOf(error, 'its folder does not exist', 'write')}`)
  }
}

function reasonOf(error: unknown, absent: string, verb: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return absent
  if (code === 'EISDIR') return 'it is a folder'
  return code === 'EACCES' ? `you may not ${verb} it` : message
}
