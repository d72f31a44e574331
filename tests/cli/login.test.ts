import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { compiledCommand } from '../support/started-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'runyard-login-'))
const file = join(folder, 'runyard', 'login.json')
let gateway: LoneGateway
let other: LoneGateway
let key = ''
let id = ''
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
  other = await startLoneGateway({ AUTH: 'required' })
  const made = await gateway.makeKey('me')
  id = made.id
  key = made.headers.authorization.replace('Bearer ', '')
})
afterAll(async () => {
  await Promise.all([gateway.close(), other.close()])
  rmSync(folder, { recursive: true })
})
beforeEach(() => rmSync(file, { force: true }))

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** @param input standard input of the command */
async function runyard(args: string[], env: Record<string, string> = {}, input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [compiledCommand(), ...args], {
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: folder, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number]
  return { code, stdout, stderr }
}

const logIn = () => runyard(['login', '--url', gateway.url], {}, `${key}\n`)

test('`login` stores service and key for this user alone, once the service has taken the key', async () => {
  const ended = await logIn()
  expect(ended).toEqual({
    code: 0,
    stdout: `Logged in to ${gateway.url} with the key ${id}; stored in ${file}\n`,
    stderr: '',
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ url: gateway.url, key })
  // The next login is for the same service, unless another one is named.
  expect((await runyard(['login'], {}, key)).stdout).toContain(`Logged in to ${gateway.url} `)
  const list = await runyard(['list', '--json'])
  expect(list).toMatchObject({ code: 0, stdout: expect.stringContaining('"jobs": []') as unknown })
})

test('`login` stores nothing when the key is not taken, or nobody answers', async () => {
  const wrong = await runyard(['login', '--url', gateway.url], {}, 'ry_no')
  expect(wrong).toMatchObject({ code: 77, stdout: '', stderr: expect.stringContaining('rejected this key') as unknown })
  expect(await runyard(['login', '--url', gateway.url], {}, 'two words')).toMatchObject({ code: 64 })
  expect(await runyard(['login', '--url', gateway.url])).toMatchObject({ code: 77 })
  expect(await runyard(['login', '--url', 'http://127.0.0.1:1'], {}, key)).toMatchObject({ code: 69 })
  expect(existsSync(file)).toBe(false)
})

test('options come before the environment, the environment before the stored login', async () => {
  await logIn()
  const shown = async (args: string[], env: Record<string, string> = {}) => {
    const { stdout, stderr } = await runyard(['whoami', '--json', ...args], env)
    return stdout === '' ? stderr : (JSON.parse(stdout) as Record<string, unknown>)
  }
  expect(await shown([])).toMatchObject({
    url: gateway.url,
    urlSource: 'stored login',
    keyId: id,
    keySource: 'stored login',
  })
  const second = (await gateway.makeKey('me')).headers.authorization.replace('Bearer ', '')
  expect(await shown([], { RUNYARD_KEY: second })).toMatchObject({
    urlSource: 'stored login',
    keySource: 'RUNYARD_KEY',
  })
  expect(await shown(['--key', key], { RUNYARD_KEY: second })).toMatchObject({ keyId: id, keySource: '--key' })
  // The stored key belongs to the stored service, however that is named; no other gets it.
  expect(await shown(['--url', `${gateway.url}/`])).toMatchObject({ urlSource: '--url', keySource: 'stored login' })
  expect(await shown([], { RUNYARD_URL: other.url })).toContain(`${other.url} needs a key`)
  expect(other.log()).not.toContain('a key')
})

test('`logout` forgets both; a file that others may read is told, a damaged one is an error', async () => {
  await logIn()
  chmodSync(file, 0o644)
  expect((await runyard(['whoami'])).stderr).toContain(`chmod 600 ${file}`)
  writeFileSync(file, '{')
  expect(await runyard(['whoami'])).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('is damaged') as unknown,
  })
  await logIn()
  const ended = await runyard(['logout'])
  expect(ended.stdout).toContain(`Logged out of ${gateway.url}`)
  expect(existsSync(file)).toBe(false)
  expect((await runyard(['logout'])).stdout).toBe('No login was stored\n')
})

test('at a terminal `login` asks for both, and what is typed as key is not shown', async () => {
  const command = `'${process.execPath}' '${compiledCommand()}' login`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: folder, RUNYARD_DATA_DIR: folder, TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
  const until = (words: string) => eventually(`"${words}" is shown`, () => shown.includes(words))
  await until('Service [http://127.0.0.1:3000]: ')
  child.stdin.write(`${gateway.url}\r`)
  await until('API key (not shown')
  child.stdin.write(`${key}\r`)
  const [code] = (await once(child, 'close')) as [number]
  expect(code).toBe(0)
  expect(shown).toContain(`Logged in to ${gateway.url} with the key ${id}`)
  expect(shown).not.toContain(key.slice(16))
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ url: gateway.url, key })
})
