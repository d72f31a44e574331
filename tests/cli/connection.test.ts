import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { CliContext } from '../../src/cli/context.ts'
import { logout } from '../../src/cli/login/login.ts'
import { connect } from '../../src/cli/service/connection.ts'
import { explain } from '../../src/cli/service/explain.ts'
import { loginFile } from '../../src/cli/service/stored-login.ts'
import { RunyardError } from '../../src/client/client.ts'

const URL = 'http://127.0.0.1:1'

let folder = ''
let warnings: string[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-connection-'))
  warnings = []
})
afterEach(() => rmSync(folder, { recursive: true }))

const warn = (text: string) => void warnings.push(text)
/** The settings of a machine on which no Runyard runs. */
const context = async () => ({ config: { dataDir: folder } }) as CliContext
const connection = (options: object, env: Record<string, string>) => connect(options, env, context, warn)

/** A home with a login that nobody can use. */
function damaged(): Record<string, string> {
  const env = { HOME: folder }
  mkdirSync(join(folder, '.config/runyard'), { recursive: true })
  writeFileSync(loginFile(env), '{', { mode: 0o644 })
  return env
}

test('whoever gives address and key needs no login: not even one that is damaged is looked at', async () => {
  const env = damaged()
  expect(await connection({ url: URL, key: 'ry_x' }, env)).toMatchObject({ url: URL, key: 'ry_x' })
  expect(await connection({}, { ...env, RUNYARD_URL: URL, RUNYARD_KEY: 'ry_x' })).toMatchObject({ url: URL })
  expect(warnings.filter((text) => text.includes('login.json'))).toEqual([])
})

test('a login that cannot be used is a warning where only the key could come from it', async () => {
  const env = damaged()
  expect(await connection({ url: URL }, env)).toMatchObject({ url: URL, key: undefined })
  expect(warnings.at(-1)).toMatch(/login\.json is damaged/)
  await expect(connection({ key: 'ry_x' }, env)).rejects.toMatchObject({ exitCode: 78 })
})

test.each(['/dev/null', '/nonexistent'])('a home %s has no login', async (HOME) => {
  expect(await connection({}, { HOME })).toMatchObject({ key: undefined, sources: { url: 'default' } })
  expect(warnings).toEqual([])
})

test('`logout` removes a login that is damaged and says so; where none is it says that, in any home', async () => {
  const left = async (env: Record<string, string>) => {
    let said = ''
    const streams = { stdout: { write: (text: string) => (said += text) }, note: warn }
    await logout({}, { env, streams } as unknown as Parameters<typeof logout>[1])
    return said
  }
  const env = damaged()
  expect(await left(env)).toBe(`No usable login was stored; removed ${loginFile(env)}\n`)
  expect(existsSync(loginFile(env))).toBe(false)
  expect(await left(env)).toBe('No login was stored\n')
  expect(await left({ HOME: '/dev/null' })).toBe('No login was stored\n')
})

test.each([
  ['package-unknown', 422, 118],
  ['package-not-allowed', 422, 118],
  ['environment-failed', 422, 118],
  ['environments-full', 503, 69],
  ['invalid-request', 422, 64],
] as const)('packages that cannot be had: %s ends with %s', (code, status, exitCode) => {
  const at = { url: URL, key: undefined, sources: { url: '--url', key: undefined } }
  const error = new RunyardError({ code, status, detail: 'the package index has no package nobody' })
  expect(explain(error, at, 'python/data')).toMatchObject({ exitCode, message: error.detail })
})

test('where no service answers, its address is said with where that was given, and by what another one is chosen', () => {
  const error = new RunyardError({ code: 'unreachable', detail: 'no answer' })
  const at = { url: URL, key: undefined, sources: { url: '--url', key: undefined } }
  const words = (choices?: string) => (explain(error, at, 'login', [], choices) as Error).message
  expect(words('--url')).toMatch(/\(address: --url\)\n.*To use another one: --url\.$/)
  expect(words()).toMatch(/To use another one: runyard login, --url or RUNYARD_URL\.$/)
})
