import { createServer } from 'node:net'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockDataDir, holderOf } from '../../src/cli/up/instance-lock.ts'
import { languageLines } from '../../src/cli/up/installed-languages.ts'
import { summarise, watchLog } from '../../src/cli/up/log-watch.ts'
import { formatSeconds } from '../../src/cli/terminal-progress.ts'
import { freePort } from '../../src/host/free-port.ts'
import { eventually } from '../support/eventually.ts'

test('a second start on a data directory learns who runs there', async () => {
  const dataDir = join(tmpdir(), `runyard-lock-${process.pid}`)
  const holder = { pid: 4711, url: 'http://127.0.0.1:3000', dataDir }
  const first = await lockDataDir(dataDir, holder)
  expect(first.acquired).toBe(true)
  expect(await lockDataDir(dataDir, { ...holder, pid: 1 })).toEqual({ acquired: false, holder })
  expect(await holderOf(dataDir)).toEqual(holder)
  if (first.acquired) first.release()
  let again = await lockDataDir(dataDir, holder)
  while (!again.acquired) again = await lockDataDir(dataDir, holder)
  again.release()
})

test('nobody holds a data directory that nobody locked', async () => {
  expect(await holderOf(join(tmpdir(), `runyard-unlocked-${process.pid}`))).toBeUndefined()
})

test('the languages that can be used are shown, and how to get the others', () => {
  const python = { language: 'python', version: '3.13.5', installed: true, kernel: false }
  const ruby = { language: 'ruby', version: null, installed: false, kernel: false }
  const groups = [
    { id: 'web', name: 'Web', languages: ['python', 'ruby'] },
    { id: 'scripting', name: 'Scripting', languages: ['python'] },
    { id: 'all', name: 'All languages', languages: ['python', 'ruby'] },
  ]
  const sizes = new Map([['ruby', 41_300_000]])
  expect(languageLines([python], { groups, sizes })).toEqual(['Languages           python 3.13.5'])
  expect(languageLines([python, ruby], { groups, sizes })).toEqual([
    'Languages           python 3.13.5',
    'More                ruby:',
    '                      npx runyard languages install ruby',
    'Groups              npx runyard languages install web         Web: 1 more, about 41 MB',
    '                    npx runyard languages install all         All languages: 1 more, about 41 MB',
  ])
  const bash = { language: 'bash', version: '5.2', installed: true, kernel: true }
  expect(languageLines([{ ...python, kernel: true }, bash], { groups, sizes })).toEqual([
    'Languages           python 3.13.5, bash 5.2',
    'Kernels             python, bash (for sessions)',
  ])
  expect(languageLines([python, ruby], { groups, sizes: new Map() }).at(-1)).toContain('1 more, size unknown')
})

test('a port in use is named, with what to do', async () => {
  // Of an address that nobody else uses: a port that was let go may be given to anybody.
  const host = '127.86.75.30'
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await expect(freePort(host, port)).rejects.toThrow(`port ${port} of ${host} is in use`)
  server.close()
  await once(server, 'close')
  expect(await freePort(host, port)).toBe(port)
  expect(await freePort(host, 0)).toBeGreaterThan(0)
})

test.each([
  ['{"level":30,"msg":"job finished"}', undefined],
  ['{"level":40,"msg":"slow"}', 'warning: slow'],
  ['{"level":50,"msg":"lost","err":{"message":"ECONNREFUSED"}}', 'error: lost: ECONNREFUSED'],
  [
    '{"level":40,"time":1,"pid":2,"name":"api","kind":"rate-limited","address":"203.0.113.7","keyId":"0a1b2c3d4e5f","tenant":"acme","requestId":"r","jobId":null,"detail":"too many requests","msg":"security event"}',
    'security: rate-limited: too many requests (address 203.0.113.7, key 0a1b2c3d4e5f, tenant acme)',
  ],
  [
    '{"level":40,"name":"worker","sandbox":"1f2e","reason":"its init is gone","idle":true,"msg":"idle sandbox ended"}',
    'warning: idle sandbox ended (sandbox 1f2e, reason its init is gone, idle true)',
  ],
  ['{"level":40,"msg":"\\u001b[2J\\u202e"}', 'warning: \\u001b[2J\\u202e'],
  ['Segmentation fault', 'Segmentation fault'],
  ['{broken', '{broken'],
  ['', undefined],
])('of %s is shown: %s', (line, shown) => expect(summarise(line)).toBe(shown))

test('warnings of a log are shown once, from now on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-test-'))
  const file = join(folder, 'worker.log')
  writeFileSync(file, '{"level":50,"msg":"of yesterday"}\n')
  const shown: string[] = []
  const watch = await watchLog('worker', file, (text) => shown.push(text))
  appendFileSync(
    file,
    '{"level":40,"msg":"slow","jobId":"01a2235a-117a"}\n{"level":40,"msg":"slow","jobId":"01a2235a-2b8f"}\n{"level":30,"msg":"fine"}\n',
  )
  await eventually('a line is shown', () => shown.length !== 0)
  watch.stop()
  expect(shown).toEqual(['worker: warning: slow (jobId 01a2235a-117a)'])
  rmSync(folder, { recursive: true })
})

test.each([
  [420, '0.42 s'],
  [3140, '3.1 s'],
  [75_000, '75 s'],
])('%i ms is written %s', (ms, text) => expect(formatSeconds(ms)).toBe(text))
