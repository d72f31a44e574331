import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { ownPort } from '../support/own-port.ts'
import { get, runJob, stageOf } from '../support/client.ts'
import { childrenOf, commandLine } from '../support/processes.ts'
import { leftOf, printed, startCommand } from '../support/started-command.ts'
import { eventually } from '../support/eventually.ts'

const namespace = `parts-${randomBytes(4).toString('hex')}`
const dataDir = mkdtempSync(join(tmpdir(), 'runyard-parts-'))
const LEFT_MS = 60_000
let settings: Record<string, string> = {}

beforeAll(async () => {
  const port = String(await ownPort())
  const redis = process.env['RUNYARD_TEST_REDIS'] ?? ''
  settings = { REDIS_URL: redis, PORT: port, RUNYARD_DATA_DIR: dataDir, RUNYARD_NAMESPACE: namespace }
})

afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

test('a gateway and a worker, each started alone, run jobs together, are started again when they die, and leave nothing', async () => {
  const url = `http://127.0.0.1:${settings['PORT']}`
  const gateway = startCommand(['gateway'], settings)
  const worker = startCommand(['worker'], settings)
  try {
    await printed(gateway, 'Stop                Ctrl-C')
    await printed(worker, 'Stop                Ctrl-C')
    expect(gateway.text()).toContain(`\nGateway             ${url}/, the API at ${url}/docs\n`)
    expect(worker.text()).toMatch(new RegExp(`^Worker {14}${hostname()}, jobs at a time: \\d+$`, 'm'))
    expect(worker.text()).toMatch(/^Languages {11}.*python 3\.\d+\.\d+/m)
    // A gateway needs no podman, so it has none; a worker has its own.
    expect(programsOf(gateway.child.pid)).toEqual(['api'])
    expect(programsOf(worker.child.pid)).toEqual(['podman', 'worker'])
    expect(stageOf(await runJob(url, { language: 'python', code: 'print(6 * 7)' })).stdout).toBe('42\n')

    const second = startCommand(['worker'], settings)
    await second.ended
    expect(second.text()).toBe(
      `runyard: another worker runs on ${dataDir} (pid ${worker.child.pid}); end it, or set RUNYARD_DATA_DIR to another folder for this one\n`,
    )
    expect(second.child.exitCode).toBe(78)
    const again = startCommand(['gateway'], settings)
    await again.ended
    expect(again.text()).toBe(`Runyard is already running at ${url} (pid ${gateway.child.pid}).\n`)

    for (const [started, name] of [
      [gateway, 'api'],
      [worker, 'worker'],
    ] as const) {
      const pid = childrenOf(started.child.pid ?? 0).find((one) => programOf(one) === name)
      process.kill(pid ?? 0, 'SIGKILL')
      await printed(started, `${name} runs again`)
    }
    await eventually('the gateway is ready', () => isReady(url))
    expect(stageOf(await runJob(url, { language: 'bash', code: 'echo again' })).stdout).toBe('again\n')
  } finally {
    for (const { child } of [worker, gateway]) child.kill('SIGTERM')
    await Promise.all([worker.ended, gateway.ended])
  }
  for (const started of [worker, gateway]) {
    expect(started.text()).toMatch(/Stopped\.\n$/)
    expect(started.child.exitCode).toBe(0)
  }
  const nothingLeft = async () => expect(await leftOf(dataDir, namespace)).toEqual([])
  await eventually('nothing is left', () => nothingLeft().then(() => true), LEFT_MS)
})

test.each([
  ['worker', {}, 'REDIS_URL is not set; a worker needs the Redis that the gateways use'],
  ['gateway', {}, 'REDIS_URL is not set; a gateway needs the Redis that the workers use'],
  [
    'worker',
    { REDIS_URL: 'redis://127.0.0.1:1' },
    'the Redis of REDIS_URL does not answer (connect ECONNREFUSED 127.0.0.1:1)',
  ],
  [
    'gateway',
    { REDIS_URL: 'redis://127.0.0.1:1' },
    'the Redis of REDIS_URL does not answer (connect ECONNREFUSED 127.0.0.1:1)',
  ],
])('a %s with %j says what is wrong, and ends', async (name, redis, words) => {
  const started = startCommand([name], { RUNYARD_DATA_DIR: `${dataDir}-other`, RUNYARD_NAMESPACE: namespace, ...redis })
  await started.ended
  expect(started.text()).toContain(`runyard: ${words}`)
  expect(started.child.exitCode).toBe('REDIS_URL' in redis ? 69 : 78)
})

async function isReady(url: string): Promise<boolean> {
  const body = await get(`${url}/readyz`).then(
    (answer) => answer.body,
    () => undefined,
  )
  return Number(body?.['workers']) >= 1
}

/** What a command has started, by name. */
const programsOf = (pid = 0): string[] => childrenOf(pid).map(programOf).toSorted()

function programOf(pid: number): string {
  const words = commandLine(pid).join(' ')
  return /dist\/(api|worker)\/main/.exec(words)?.[1] ?? /podman/.exec(words)?.[0] ?? words
}
