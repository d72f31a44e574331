import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { EXIT, ExitError } from '../exit.ts'

/** The service that `runyard login` chose, and the key for it. */
export interface StoredLogin {
  /** As `normalUrl` has it. */
  url: string
  /** Absent where the service asks for none. */
  key?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where the login is kept: `runyard/login.json` in `XDG_CONFIG_HOME`, else in `.config` of the home folder. */
export function loginFile(env: Environment): string {
  const named = env['XDG_CONFIG_HOME'] ?? ''
  // The XDG specification has relative paths ignored.
  const folder = isAbsolute(named) ? named : join(env['HOME'] || homedir(), '.config')
  return join(folder, 'runyard', 'login.json')
}

/** One form of each address, so that two can be compared. */
export const normalUrl = (url: string): string => new URL(url).href.replace(/\/+$/, '')

/**
 * @param warn told when others may read the file
 * @throws ExitError when there is a file that cannot be used
 */
export function readLogin(env: Environment, warn: (text: string) => void): StoredLogin | undefined {
  const file = loginFile(env)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
    if ((statSync(file).mode & 0o077) !== 0) warn(`other users may read the key in ${file}; run: chmod 600 ${file}`)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw new ExitError(EXIT.setting, `${file} cannot be read: ${(error as Error).message}`)
  }
  const login = parsed(text)
  if (login === undefined)
    throw new ExitError(EXIT.setting, `${file} is damaged; run runyard login again, or remove it`)
  return login
}

/** A home that is no folder, such as the `/dev/null` of service accounts, holds no file. */
const isAbsent = (error: unknown) => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')

function parsed(text: string): StoredLogin | undefined {
  try {
    const { url, key } = JSON.parse(text) as Partial<Record<keyof StoredLogin, unknown>>
    if (typeof url !== 'string' || !URL.canParse(url)) return undefined
    if (key === undefined) return { url }
    return typeof key === 'string' ? { url, key } : undefined
  } catch {
    return undefined
  }
}

/** Only this user may read what is written. @returns the file @throws ExitError when it cannot be written */
export function writeLogin(env: Environment, login: StoredLogin): string {
  const file = loginFile(env)
  const fresh = `${file}.${process.pid}`
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(fresh, `${JSON.stringify(login, null, 2)}\n`, { mode: 0o600 })
    chmodSync(fresh, 0o600)
    renameSync(fresh, file)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw new ExitError(EXIT.cannotWrite, `the login cannot be stored: ${(error as Error).message}`)
  }
  return file
}

/** @returns whether there was one, usable or not @throws ExitError when it is there and cannot be removed */
export function removeLogin(env: Environment): boolean {
  try {
    rmSync(loginFile(env))
    return true
  } catch (error) {
    if (isAbsent(error)) return false
    throw new ExitError(EXIT.cannotWrite, `the login cannot be removed: ${(error as Error).message}`)
  }
}
