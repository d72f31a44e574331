import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ownPort } from '../support/own-port.ts'
import { get, runJob, stageOf } from '../support/client.ts'
import { compiledCommand, leftOf, printed, startCommand } from '../support/started-command.ts'
import { eventually } from '../support/eventually.ts'

const namespace = `up-${randomBytes(4).toString('hex')}`
const dataDir = mkdtempSync(join(tmpdir(), 'runyard-up-'))
const LEFT_MS = 60_000
let port = 0

beforeAll(async () => {
  compiledCommand()
  port = await ownPort()
})

afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

/** @param settings that differ from those of this file */
const start = (settings: Record<string, string> = {}, command = 'up') =>
  startCommand([command], { PORT: String(port), RUNYARD_DATA_DIR: dataDir, RUNYARD_NAMESPACE: namespace, ...settings })

const left = () => leftOf(dataDir, namespace)

async function leavesNothing(): Promise<void> {
  const nothingLeft = async () => expect(await left()).toEqual([])
  await eventually('nothing is left', () => nothingLeft().then(() => true), LEFT_MS)
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow()
}

test('`up` runs a first job, serves, is found by another `up`, and leaves nothing when it is told to stop', async () => {
  const first = start()
  try {
    await printed(first, 'Stop                Ctrl-C')
    expect(first.text()).toContain('First job: succeeded')
    expect(first.text()).toContain('all processes: [1, 2]')
    expect(first.text()).toMatch(/^Languages {11}.*python 3\.\d+\.\d+/m)

    const url = `http://127.0.0.1:${port}`
    expect(first.text()).toContain(`\nPlayground          ${url}/, the API at ${url}/docs\n`)
    for (const path of ['/', '/docs']) {
      expect(await (await fetch(`${url}${path}`, { headers: { accept: 'text/html' } })).text()).toContain('<html')
    }
    // The port is that of the gateway, not the one that whoever asks for a link would start it with.
    const dashboard = start({ PORT: '1' }, 'dashboard')
    await dashboard.ended
    for (const text of [first.text(), dashboard.text()]) {
      const link = new RegExp(`(?:^|\\s)${url}/admin#link=([\\w-]{43})$`, 'm').exec(text)?.[1]
      const login = await fetch(`${url}/v1/admin/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ link }),
      })
      expect([text, login.status]).toEqual([text, 201])
    }
    expect((await get(`${url}/readyz`)).body).toEqual({ status: 'ok', redis: 'ok', workers: 1, queued: 0 })
    const job = await runJob(url, { language: 'python', code: 'print(6 * 7)' })
    expect(stageOf(job).stdout).toBe('42\n')

    const second = start()
    await second.ended
    expect(second.text()).toBe(`Runyard is already running at ${url} (pid ${first.child.pid}).\n`)
    expect(second.child.exitCode).toBe(0)

    const other = start({ RUNYARD_DATA_DIR: `${dataDir}-other`, PORT: '0' })
    await other.ended
    expect(other.text()).toContain(`another Runyard of the namespace "${namespace}" runs on this machine, at ${url}`)
    expect(other.child.exitCode).toBe(78)
    expect((await left()).length).toBeGreaterThan(4)
  } finally {
    first.child.kill('SIGINT')
    await first.ended
  }
  expect(first.text()).toMatch(/Stopped\.\n$/)
  expect(first.child.exitCode).toBe(0)
  await leavesNothing()
  expect(readdirSync(join(dataDir, 'run'))).toEqual([])
})

test('what dies under `up` is started again, and jobs are run as before', async () => {
  const started = start()
  try {
    await printed(started, 'Stop                Ctrl-C')
    const url = `http://127.0.0.1:${port}`
    for (const [name, words] of [
      ['worker', 'dist/worker/main.js'],
      ['api', 'dist/api/main.js'],
      ['podman service', 'system\0service'],
      ['Redis', 'redis-server'],
    ] as const) {
      process.kill(pidOf(words), 'SIGKILL')
      await printed(started, `${name} runs again`)
      expect(started.text()).toMatch(new RegExp(`^${name} (was ended by SIGKILL|exited with 137) unexpectedly`, 'm'))
      await eventually('the gateway is ready', () => isReady(url))
      const job = await runJob(url, { language: 'bash', code: `echo after ${name.split(' ')[0]}` })
      expect(stageOf(job).stdout).toBe(`after ${name.split(' ')[0]}\n`)
    }
  } finally {
    started.child.kill('SIGINT')
    await started.ended
  }
  expect(started.child.exitCode).toBe(0)
  await leavesNothing()
})

/** Whether jobs can be run: the gateway answers, and a worker's engine is up. */
async function isReady(url: string): Promise<boolean> {
  const body = await get(`${url}/readyz`).then(
    (answer) => answer.body,
    () => undefined,
  )
  return Number(body?.['workers']) >= 1
}

/** The process of this file's Runyard whose command line has these words. */
function pidOf(words: string): number {
  const found = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .find((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        const own = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dataDir) || command.includes(dataDir)
        return own && command.includes(words) && !command.startsWith('sh\0')
      } catch {
        return false // It ended meanwhile.
      }
    })
  if (found === undefined) throw new Error(`no process with ${words}`)
  return Number(found)
}

test('`up` that is killed takes everything with it, and the next one starts on what it left', async () => {
  // The second time it also asks for keys, of which it makes itself one for its first job.
  for (const settings of [{}, { AUTH: 'required', HOST: '0.0.0.0' }]) {
    const started = start(settings)
    try {
      await printed(started, 'First job: succeeded')
    } finally {
      started.child.kill('SIGKILL')
      await started.ended
    }
    await leavesNothing()
  }
})
