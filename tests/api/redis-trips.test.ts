import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { get, post } from '../support/client.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { createCommandCounter, type RedisRelay, startRedisRelay } from '../support/redis-relay.ts'

const JOB = { language: 'bash', code: 'true' }
/** Of so many, one is met by nothing that the gateway asks by the clock. */
const SAMPLES = 12

let folder: string
let relay: RedisRelay
let gateway: LoneGateway
let headers: { authorization: string }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-relay-'))
  const path = process.env['RUNYARD_TEST_REDIS']?.replace('unix://', '') ?? ''
  relay = await startRedisRelay(join(folder, 'redis.sock'), path)
  gateway = await startLoneGateway({ AUTH: 'required', REDIS_URL: relay.url })
  ;({ headers } = await gateway.makeKey('me'))
})
afterAll(async () => {
  await gateway.close()
  await relay.close()
  await rm(folder, { recursive: true })
})

/** The least that a request asks of Redis. */
async function asked(request: () => Promise<{ status: number }>, status: number): Promise<object> {
  const samples: { trips: number; commands: number }[] = []
  for (let i = 0; i < SAMPLES; i++) {
    const { trips, commands } = relay.traffic
    expect((await request()).status).toBe(status)
    samples.push({ trips: relay.traffic.trips - trips, commands: relay.traffic.commands - commands })
  }
  const least = (of: 'trips' | 'commands') => Math.min(...samples.map((sample) => sample[of]))
  return { trips: least('trips'), commands: least('commands') }
}

test('a job that is submitted costs key and rate together, admission and queue, and is not read back', async () => {
  expect(await asked(() => post(`${gateway.url}/v1/jobs`, JOB, headers), 202)).toEqual({ trips: 3, commands: 4 })
})

test('what is told of a job that was just accepted is what is read of it', async () => {
  const request = { ...JOB, metadata: { a: 1 }, priority: 'low', endUser: 'somebody' }
  const { body } = await post(`${gateway.url}/v1/jobs`, request, headers)
  expect((await get(`${gateway.url}/v1/jobs/${String(body['id'])}`, headers)).body).toEqual(body)
})

test('a job that has no output is read in one step behind key and rate', async () => {
  const { body } = await post(`${gateway.url}/v1/jobs`, JOB, headers)
  const read = () => get(`${gateway.url}/v1/jobs/${String(body['id'])}`, headers)
  expect(await asked(read, 200)).toEqual({ trips: 2, commands: 3 })
})

test('commands are counted wherever the pieces of what is written end', () => {
  const text = Buffer.from('*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$2\r\n*1\r\n$4\r\n\r\n$1\r\n*1\r\n$0\r\n\r\n')
  for (let cut = 0; cut <= text.length; cut++) {
    const count = createCommandCounter()
    expect(count(text.subarray(0, cut)) + count(text.subarray(cut))).toBe(3)
  }
})
