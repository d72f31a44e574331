import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createEngine } from '../../src/worker/sandbox/engine.ts'

/** What podman 4.3 says of a list when one of the containers ends while it is made. */
const ENDED = { status: 500, body: { cause: 'no such process', message: 'read /proc/7050/cgroup: no such process' } }
let directory = ''
let socketPath = ''
let answers: { status: number; body: unknown }[] = []
let asked: string[] = []
let server: Server

beforeEach(async () => {
  asked = []
  directory = mkdtempSync(join(tmpdir(), 'runyard-engine-'))
  socketPath = join(directory, 'podman.sock')
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split('?')[0]}`)
    const { status, body } = answers.shift() ?? { status: 404, body: { message: 'no answer left' } }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
})
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve))
  rmSync(directory, { recursive: true, force: true })
})

test('an engine that was delegated other cgroup controllers is another one', async () => {
  const identify = (cgroupControllers: unknown, crun = '1.8') => {
    const host = { cgroupVersion: 'v2', cgroupControllers, ociRuntime: { version: crun } }
    answers = [{ status: 200, body: { version: { Version: '5.0' }, host } }]
    return createEngine(socketPath).identity()
  }
  const all = await identify(['cpu', 'memory', 'pids'])
  expect(await identify(['cpu', 'memory', 'pids'])).toBe(all)
  expect(await identify(['memory', 'pids'])).not.toBe(all)
  expect(await identify(['cpu', 'memory', 'pids'], '1.9')).not.toBe(all)
  expect(asked).toEqual(Array.from({ length: 4 }, () => 'GET /v4.0.0/libpod/info'))
  // Docker has no such question.
  answers = [
    { status: 404, body: {} },
    { status: 200, body: { Version: '28.1', Components: [{ Name: 'runc', Version: '1.2' }] } },
  ]
  expect(await createEngine(socketPath).identity()).toContain('runc')
})

test('an engine is asked anew who it is: another may have come to its socket', async () => {
  const answer = (version: string) => ({ status: 200, body: { version: { Version: version }, host: {} } })
  answers = [answer('5.0'), answer('5.1')]
  const engine = createEngine(socketPath)
  expect(await engine.identity()).toContain('5.0')
  expect(await engine.identity()).toContain('5.1')
})

test('what tells whether images have changed is that of podman’s list of them, as long as it can be seen', async () => {
  const store = { graphRoot: directory, graphDriverName: 'overlay' }
  const host = { cgroupVersion: 'v2' }
  answers = [{ status: 200, body: { version: { Version: '5.0' }, host, store } }]
  const engine = createEngine(socketPath)
  expect(await engine.imagesMark()).toBeUndefined()
  mkdirSync(join(directory, 'overlay-images'))
  const list = join(directory, 'overlay-images/images.json')
  writeFileSync(list, '[]')
  const before = await engine.imagesMark()
  expect(before).toEqual(expect.any(String))
  expect(await engine.imagesMark()).toBe(before)
  // As podman does it: another file is put in its place.
  writeFileSync(`${list}.new`, '[1]')
  renameSync(`${list}.new`, list)
  expect(await engine.imagesMark()).not.toBe(before)
  expect(asked).toEqual(['GET /v4.0.0/libpod/info'])
  // Docker has no such question.
  answers = [{ status: 404, body: {} }]
  expect(await createEngine(socketPath).imagesMark()).toBeUndefined()
})

test('an engine that has told who it is is not asked again where its images are', async () => {
  const store = { graphRoot: directory, graphDriverName: 'overlay' }
  mkdirSync(join(directory, 'overlay-images'))
  writeFileSync(join(directory, 'overlay-images/images.json'), '[]')
  answers = [{ status: 200, body: { version: { Version: '5.0' }, host: {}, store } }]
  const engine = createEngine(socketPath)
  expect(await engine.identity()).toContain('5.0')
  expect(await engine.imagesMark()).toEqual(expect.any(String))
  expect(asked).toEqual(['GET /v4.0.0/libpod/info'])
})

test('a container that ends while containers or images are listed does not matter', async () => {
  const listed = [{ Id: 'a', Labels: { of: 'x' }, Created: 2, RepoTags: ['localhost/a:1'] }]
  answers = [ENDED, ENDED, { status: 200, body: listed }, ENDED, { status: 200, body: listed }]
  const engine = createEngine(socketPath)
  expect(await engine.containers('of', 'x')).toEqual([{ id: 'a', labels: { of: 'x' }, createdAt: 2000 }])
  expect(await engine.images('of')).toEqual([{ references: ['localhost/a:1'], labels: { of: 'x' } }])
  const containers = 'GET /containers/json'
  expect(asked).toEqual([containers, containers, containers, 'GET /images/json', 'GET /images/json'])

  answers = Array.from({ length: 9 }, () => ENDED)
  await expect(engine.containers('of', 'x')).rejects.toThrow('no such process')
  expect(asked).toHaveLength(10)
  answers = [{ status: 400, body: { message: 'bad filter' } }]
  await expect(engine.containers('of', 'x')).rejects.toThrow('bad filter')
})

test('the removal of a container that ends or goes meanwhile succeeds', async () => {
  answers = [ENDED, { status: 409, body: { message: 'being removed' } }, { status: 404, body: { message: 'gone' } }]
  await createEngine(socketPath).remove('a')
  expect(asked).toHaveLength(3)
})

test('a container that is gone does not run, and a call that is not answered ends when its time is up', async () => {
  answers = [
    { status: 200, body: { State: { Running: true } } },
    { status: 404, body: { message: 'gone' } },
  ]
  const engine = createEngine(socketPath)
  expect(await engine.isRunning('a')).toBe(true)
  expect(await engine.isRunning('a')).toBe(false)
  server.removeAllListeners('request').on('request', () => undefined)
  // 2 s and 10 s at a factor of 1.
  const impatient = createEngine(socketPath, 0.001)
  await expect(impatient.ping()).rejects.toThrow('podman did not answer a ping within 0.002 s')
  await expect(impatient.isRunning('a')).rejects.toThrow('podman did not inspect a container within 0.01 s')
  await expect(impatient.identity()).rejects.toThrow('podman did not tell its state within 0.01 s')
  server.closeAllConnections()
})
