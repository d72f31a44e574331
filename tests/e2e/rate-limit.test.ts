import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisReply } from '../../src/host/redis.ts'
import { serviceCommand } from '../../src/host/service-command.ts'
import { testRoot } from '../support/platform.ts'
import { openTestRedis, type TestRedis } from '../shared/security/test-redis.ts'
import { eventually } from '../support/eventually.ts'

interface Gateway {
  url: string
  stop: () => Promise<void>
}

/** A gateway in a process of its own. */
async function startGateway(env: Record<string, string>): Promise<Gateway> {
  const [program = '', ...args] = serviceCommand(testRoot, 'api')
  const child = spawn(program, args, {
    cwd: testRoot,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PORT: '0', LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  // The log is read to its end, for a pipe that nobody reads would hold the gateway.
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, url: found } = JSON.parse(line) as { msg: string; url?: string }
      if (msg === 'gateway ready' && found !== undefined) resolve(found)
    })
    void ended.then(() => reject(new Error('the gateway ended before it was ready')))
  })
  return { url, stop }
}

/** One request: when it was sent and when its answer was there, in ms of this process's steady clock. */
interface Shot {
  gateway: number
  sentMs: number
  receivedMs: number
  status: number
}

const JOB = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"language":"python","code":"1"}',
}

/** No worker is there: what passes the limit is refused behind it. */
const hasPassed = ({ status }: Shot) => status !== 429

/**
 * Submits from `lanes` clients at once to each gateway, one request after another, until it is told to stop.
 * @param shots gets each as its answer comes
 */
async function hammer(gateways: readonly Gateway[], lanes: number, stop: AbortSignal, shots: Shot[]): Promise<void> {
  const lane = async (gateway: number, url: string) => {
    while (!stop.aborted) {
      const sentMs = performance.now()
      const answer = await fetch(`${url}/v1/jobs`, JOB)
      await answer.arrayBuffer()
      shots.push({ gateway, sentMs, receivedMs: performance.now(), status: answer.status })
    }
  }
  const all = gateways.flatMap(({ url }, index) => Array.from({ length: lanes }, () => lane(index, url)))
  await Promise.all(all)
}

/**
 * Windows in which more passed than the bucket allows. Whatever was decided about a request was decided between its sending
 * and its answer, so that those sent after `from` and answered before `to` were all decided between the two; this holds
 * however slow the machine is.
 */
function overfull(passed: readonly Shot[], rate: { perMinute: number; burst: number }): string[] {
  // The decisions are made by the clock of the day, which may be slewed by 500 ppm against the steady one.
  const perMs = (rate.perMinute / 60_000) * 1.001
  const found: string[] = []
  for (const from of new Set(passed.map(({ sentMs }) => sentMs))) {
    const ends = passed.filter(({ sentMs }) => sentMs >= from).map(({ receivedMs }) => receivedMs)
    ends.sort((a, b) => a - b)
    for (const [index, to] of ends.entries()) {
      const allowed = rate.burst + (to - from) * perMs
      if (index + 1 > allowed) found.push(`${index + 1} within ${to - from} ms, where ${allowed} are allowed`)
    }
  }
  return found
}

test('the reckoning of windows sees one request too many', () => {
  const rate = { perMinute: 60, burst: 2 }
  const shot = (sentMs: number): Shot => ({ gateway: 0, sentMs, receivedMs: sentMs + 1, status: 202 })
  expect(overfull([shot(0), shot(1), shot(1000), shot(2000)], rate)).toEqual([])
  expect(overfull([shot(0), shot(1), shot(500)], rate)).toHaveLength(1)
})

describe('with a Redis that all gateways share', () => {
  let own: TestRedis
  let redisUrl: Record<string, string>
  beforeAll(async () => {
    own = await openTestRedis()
    redisUrl = { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] ?? '', RUNYARD_NAMESPACE: own.namespace }
  })
  afterAll(() => own.close())

  test('four gateways hammered at once let through no more than one bucket holds, in any window', async () => {
    const rate = { perMinute: 120, burst: 8 }
    const env = { ...redisUrl, RATE_PER_MINUTE: '120', RATE_BURST: '8' }
    const gateways = await Promise.all(Array.from({ length: 4 }, () => startGateway(env)))
    try {
      const stop = new AbortController()
      const shots: Shot[] = []
      const hammering = hammer(gateways, 3, stop.signal, shots)
      // Most is refused: without a limit in common about four times as much would pass.
      await eventually('each gateway has refused ten, and all of them more than passed', () => {
        const refused = shots.filter((shot) => !hasPassed(shot))
        const each = gateways.every((_, own) => refused.filter(({ gateway }) => gateway === own).length >= 10)
        return each && refused.length > shots.length - refused.length
      }).finally(() => stop.abort())
      await hammering
      const passed = shots.filter(hasPassed)
      expect(overfull(passed, rate)).toEqual([])
      expect(passed.length).toBeGreaterThanOrEqual(rate.burst)
      // Nothing but the limit and the absence of workers was in the way.
      expect(new Set(shots.map(({ status }) => (status === 503 || status === 422 ? 'passed' : status)))).toEqual(
        new Set(['passed', 429]),
      )
    } finally {
      await Promise.all(gateways.map(({ stop }) => stop()))
    }
  })

  test('5 requests of a burst of 5 pass, the 6th is 429, and who waits as long as told passes', async () => {
    const name = `test-${randomBytes(4).toString('hex')}`
    const gateway = await startGateway({ ...redisUrl, RUNYARD_NAMESPACE: name, RATE_PER_MINUTE: '12', RATE_BURST: '5' })
    try {
      for (const remaining of [4, 3, 2, 1, 0]) {
        const answer = await fetch(`${gateway.url}/v1/jobs`, JOB)
        expect(answer.status).not.toBe(429)
        expect(answer.headers.get('ratelimit-policy')).toBe('"submit";q=5;w=25')
        expect(answer.headers.get('ratelimit')).toMatch(new RegExp(`^"submit";r=${remaining};t=[1-5]$`))
      }
      const refused = await fetch(`${gateway.url}/v1/jobs`, JOB)
      expect(refused.status).toBe(429)
      const waitSeconds = Number(refused.headers.get('retry-after'))
      expect(waitSeconds).toBeGreaterThanOrEqual(1)
      expect(waitSeconds).toBeLessThanOrEqual(5)
      expect(refused.headers.get('ratelimit')).toBe(`"submit";r=0;t=${waitSeconds}`)
      expect(await refused.json()).toMatchObject({
        code: 'rate-limited',
        detail: `12 submissions a minute are allowed, 5 of them at once; try again in ${waitSeconds} s; the operator can raise this with RATE_PER_MINUTE and RATE_BURST`,
      })
      // Reading is not submitting.
      const read = await fetch(`${gateway.url}/v1/runtimes`)
      expect(read.status).toBe(200)
      expect(read.headers.get('ratelimit-policy')).toBe('"read";q=100;w=10')
      await sleep(waitSeconds * 1000)
      expect((await fetch(`${gateway.url}/v1/jobs`, JOB)).status).not.toBe(429)
      expect((await fetch(`${gateway.url}/v1/jobs`, JOB)).status).toBe(429)
      expect((await fetch(`${gateway.url}/healthz`)).headers.has('ratelimit')).toBe(false)
    } finally {
      await gateway.stop()
      const left = await own.redis.keys(`{${name}}:*`)
      if (left.length > 0) await own.redis.del(...left)
    }
  })
})

test('with Redis killed and started again empty, no gateway ever lets through more than its own bucket', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runyard-rate-'))
  const socket = join(folder, 'redis.sock')
  const startRedis = async (): Promise<ChildProcess> => {
    const args = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', '', '--appendonly', 'no']
    const child = spawn('redis-server', args, { stdio: 'ignore' })
    await eventually('Redis answers', async () => (await redisReply(socket, 'PING')).startsWith('+PONG'))
    return child
  }
  let redis = await startRedis()
  const killRedis = async () => {
    const ended = once(redis, 'exit')
    redis.kill('SIGKILL')
    await ended
  }
  const rate = { perMinute: 60, burst: 6 }
  const env = { REDIS_URL: `unix://${socket}`, RATE_PER_MINUTE: '60', RATE_BURST: '6', LOG_LEVEL: 'info' }
  const gateways = await Promise.all(Array.from({ length: 4 }, () => startGateway(env)))
  try {
    const stop = new AbortController()
    const shots: Shot[] = []
    const hammering = hammer(gateways, 3, stop.signal, shots)
    await eventually('each gateway has limited together with the others', () =>
      gateways.every((_, own) => shots.some((shot) => shot.gateway === own && !hasPassed(shot))),
    )
    const killedMs = performance.now()
    await killRedis()
    // While it is away, each goes on limiting: some pass it, most do not.
    await eventually('each gateway limits alone', () =>
      gateways.every((_, gateway) => {
        const away = shots.filter((shot) => shot.gateway === gateway && shot.sentMs > killedMs)
        const passed = away.filter(hasPassed).length
        return passed > 0 && away.length - passed > passed
      }),
    )
    redis = await startRedis()
    await eventually('the gateways use it again', async () => (await redisReply(socket, 'DBSIZE')) !== ':0\r\n')
    const backMs = performance.now()
    await eventually('each gateway has limited since', () =>
      gateways.every((_, own) =>
        shots.some((shot) => shot.gateway === own && shot.sentMs > backMs && !hasPassed(shot)),
      ),
    )
    stop.abort()
    await hammering

    for (const gateway of gateways.keys()) {
      const passed = shots.filter((shot) => shot.gateway === gateway && hasPassed(shot))
      expect(overfull(passed, rate)).toEqual([])
    }
    // While it was there, all of them together had one bucket.
    expect(
      overfull(
        shots.filter((shot) => hasPassed(shot) && shot.receivedMs < killedMs),
        rate,
      ),
    ).toEqual([])
  } finally {
    await Promise.all(gateways.map(({ stop }) => stop()))
    await killRedis()
    await rm(folder, { recursive: true, force: true })
  }
})
