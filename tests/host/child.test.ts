import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from '../../src/host/child.ts'
import { eventually } from '../support/eventually.ts'

let folder: string

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'runyard-test-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const start = (...command: string[]) =>
  startChild({ name: 'test', command, logFile: join(folder, 'log'), deathSignal: 'KILL' })

test('a child that heeds SIGTERM ends by it', async () => {
  const child = await start('sleep', '60')
  expect(await child.stop()).toEqual({ exitCode: null, signal: 'SIGTERM' })
})

test('a child that does not gets SIGKILL after the grace', async () => {
  const child = await start('sh', '-c', 'trap "" TERM; echo deaf; while :; do sleep 0.1; done')
  await eventually('the child says that it is deaf', () => readFileSync(child.logFile, 'utf8').includes('deaf'))
  expect((await child.stop(100)).signal).toBe('SIGKILL')
})

test('the kernel ends a child whose parent dies', async () => {
  const child = await start('setpriv', '--dump')
  await child.ended
  expect(readFileSync(child.logFile, 'utf8')).toMatch(/Parent death signal: KILL/i)
})

test('Ctrl-C in the terminal does not reach a child: it leads a session of its own', async () => {
  const child = await start('sleep', '60')
  const [, , , session] = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  expect(Number(session)).toBe(child.pid)
  await child.stop()
})
