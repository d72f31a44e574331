import { setTimeout as sleep } from 'node:timers/promises'
import type { Language } from '../src/shared/language.ts'
import { hello } from './hello.ts'
import type { BenchClient } from './http-client.ts'
import type { Product } from './product.ts'
import type { RedisRelay, RedisTraffic } from '../tests/support/redis-relay.ts'

/** Of each kind; the least is told, in which no heartbeat or the like fell. */
const SAMPLES = 20
/** After which a job has surely left the queue. */
const QUIET_MS = 250
const BATCH = 10

export interface TripsRow {
  what: string
  /** `executed`: commands that Redis ran, those inside scripts too. */
  gateway: RedisTraffic
  worker: RedisTraffic
  executed: number
}

/** @returns measures what a task asks of Redis: figures that depend on no clock, and on no machine. @param jobs that the task runs */
export function createTripMeter(
  product: Product,
  { gateway, worker }: { gateway: RedisRelay; worker: RedisRelay },
  samplesOfEach = SAMPLES,
): (what: string, task: () => Promise<unknown>, jobs?: number) => Promise<TripsRow> {
  const untilQuiet = async () => {
    for (let before = -1; before !== gateway.bytes + worker.bytes;) {
      before = gateway.bytes + worker.bytes
      await sleep(QUIET_MS)
    }
  }
  const look = async () => ({
    gateway: { ...gateway.traffic },
    worker: { ...worker.traffic },
    executed: await executedBy(product),
  })
  return async (what, task, jobs = 1) => {
    const samples: Awaited<ReturnType<typeof look>>[] = []
    await untilQuiet()
    for (let i = 0; i < samplesOfEach; i++) {
      const before = await look()
      await task()
      await untilQuiet()
      const after = await look()
      const less = (from: RedisTraffic, to: RedisTraffic) => ({
        trips: to.trips - from.trips,
        commands: to.commands - from.commands,
      })
      samples.push({
        gateway: less(before.gateway, after.gateway),
        worker: less(before.worker, after.worker),
        executed: after.executed - before.executed,
      })
    }
    const least = (of: (sample: (typeof samples)[number]) => number) => Math.min(...samples.map(of)) / jobs
    return {
      what,
      gateway: { trips: least((one) => one.gateway.trips), commands: least((one) => one.gateway.commands) },
      worker: { trips: least((one) => one.worker.trips), commands: least((one) => one.worker.commands) },
      executed: least((one) => one.executed),
    }
  }
}

/** What a job asks of Redis. */
export async function measureTrips(
  product: Product,
  relays: { gateway: RedisRelay; worker: RedisRelay },
  client: BenchClient,
  language: Language,
): Promise<TripsRow[]> {
  const measure = createTripMeter(product, relays)
  const { sync, stream } = hello(client, language)
  const request = { language: language.id, code: language.hello.code }
  let last = ''
  const submit = async () => {
    last = String((await client.post('/v1/jobs', request))['id'])
  }
  return [
    await measure('a job that is waited for', sync),
    await measure('a job that is streamed', stream),
    await measure('a job that is submitted', submit),
    await measure('an ended job that is read', () => client.get(`/v1/jobs/${last}`)),
    await measure(
      `a job of a batch of ${BATCH}`,
      () => client.post('/v1/batches', { jobs: Array.from({ length: BATCH }, () => request) }),
      BATCH,
    ),
  ]
}

/** Commands that Redis has run, those of scripts among them; what this asks itself left out. */
async function executedBy({ redis }: Product): Promise<number> {
  const stats = await redis.info('commandstats')
  const calls = [...stats.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)]
  return calls.reduce((sum, [, name = '', count]) => sum + (name === 'info' || name === 'ping' ? 0 : Number(count)), 0)
}
