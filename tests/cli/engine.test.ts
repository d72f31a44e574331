import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { type Child, startChild } from '../../src/host/child.ts'
import { tryCommand } from '../../src/host/command.ts'
import { logTail } from '../../src/host/log-tail.ts'
import { podmanAnswers } from '../../src/host/podman-service.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { eventually } from '../support/eventually.ts'

const folder = mkdtempSync(join(tmpdir(), 'runyard-engine-'))
const socketFolder = join(folder, 'socket')
const socket = join(socketFolder, 'podman.sock')
const env = { ...process.env, RUNYARD_DATA_DIR: folder, RUNYARD_NAMESPACE: 'test-engine' }
const command = [process.execPath, join(packageRoot(), 'dist/cli/main.js'), 'engine', '--folder', socketFolder]

let engine: Child | undefined
afterAll(async () => {
  await engine?.stop()
  rmSync(folder, { recursive: true })
})

test('runyard engine serves podman to the group it was told, keeps its place, and leaves nothing', async () => {
  const logFile = join(folder, 'engine.log')
  const started = await startChild({
    name: 'engine',
    command: [...command, '--group', '10001'],
    logFile,
    env,
    deathSignal: 'TERM',
  })
  engine = started
  let ended = false
  void started.ended.then(() => (ended = true))
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
  // The group has it before it may use it.
  const isShared = () => existsSync(socket) && statSync(socket).gid === 10001 && modeOf(socket) === '660'
  await eventually('podman answers', async () => ended || (isShared() && (await podmanAnswers(socket))))
  if (ended) throw new Error((await logTail(logFile)).join('\n'))
  expect(modeOf(socketFolder)).toBe('755')

  const second = await tryCommand(command, { env })
  expect(second.exitCode).toBe(64)
  expect(second.stderr).toContain(`a podman service answers at ${socket} already`)
  expect(await podmanAnswers(socket)).toBe(true)

  expect(await started.stop()).toEqual({ exitCode: 0, signal: null })
  expect(existsSync(socket)).toBe(false)
})

test('runyard engine refuses a group that is none', async () => {
  const { exitCode, stderr } = await tryCommand([...command, '--group', 'a b'], { env })
  expect(exitCode).toBe(64)
  expect(stderr).toContain('--group is "a b"; allowed are the name and the number of a group')
  expect(existsSync(socket)).toBe(false)
})
