import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient } from '../../src/client/client.ts'
import { bench, helloOf } from '../../src/cli/bench/bench.ts'
import { measure } from '../../src/cli/bench/measure.ts'
import { quantile, trustedQuantile } from '../../src/cli/bench/quantile.ts'
import { renderBench } from '../../src/cli/bench/render-bench.ts'
import { jobSender, rateOf, type SendJob } from '../../src/cli/bench/send-job.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const { signal } = new AbortController()
const quiet = () => {}
const HELLO = { language: 'python', code: 'print("Hello, world!")' }

describe('quantiles', () => {
  test('are those of the nearest rank', () => {
    expect([0.5, 0.95, 1].map((share) => quantile([1, 2, 3, 4], share))).toEqual([2, 4, 4])
  })

  test('are not told where one in so many is more than all there are', () => {
    const samples = Array.from({ length: 99 }, (_, i) => i)
    expect([0.5, 0.95, 0.99].map((share) => trustedQuantile(samples, share))).toEqual([49, 94, null])
    expect(trustedQuantile([7], 0.5)).toBeNull()
  })
})

test.each([
  { policy: '"submit";q=10;w=10', rate: { burst: 10, perMinute: 60, mostPerMinute: 600 / 9 } },
  { policy: '"submit";q=1000;w=1', rate: { burst: 1000, perMinute: 60_000, mostPerMinute: null } },
  { policy: '"read";q=100;w=10', rate: null },
  { policy: null, rate: null },
])('the rate of $policy', ({ policy, rate }) => expect(rateOf(policy)).toEqual(rate))

describe('of a running service', () => {
  let fast: TestPlatform
  let slow: TestPlatform
  let middling: TestPlatform
  beforeAll(async () => {
    fast = await startPlatform()
    slow = await startPlatform({ RATE_PER_MINUTE: '60', RATE_BURST: '10' })
    // More than slow jobs one after the other need for a second, and less than many of them at once do.
    middling = await startPlatform({ RATE_PER_MINUTE: '60', RATE_BURST: '40' })
  })
  afterAll(async () => {
    await fast.close()
    await slow.close()
    await middling.close()
  })

  const at = (platform: TestPlatform, more: Partial<Parameters<typeof bench>[0]> = {}) =>
    bench({
      send: jobSender({ url: platform.url }),
      request: HELLO,
      expected: 'Hello, world!\n',
      inFlight: [1, 3],
      seconds: 1,
      signal,
      progress: quiet,
      ...more,
    })

  test('results are those of jobs that ran there', async () => {
    const told: [number, number][] = []
    const { version, levels } = await at(fast, { progress: (inFlight, jobs) => told.push([inFlight, jobs]) })
    expect(version).toMatch(/^3\./)
    expect(levels.map(({ inFlight }) => inFlight)).toEqual([1, 3])
    let jobs = 0
    for await (const { status } of createClient({ url: fast.url }).list()) if (status === 'succeeded') jobs += 1
    expect(levels.reduce((sum, level) => sum + level.jobs, 3)).toBe(jobs)
    for (const level of levels) {
      expect(told.filter(([inFlight]) => inFlight === level.inFlight).map(([, count]) => count)).toEqual(
        Array.from({ length: level.jobs }, (_, i) => i + 1),
      )
      expect(level.jobsPerSecond * level.seconds).toBeCloseTo(level.jobs)
      expect(level.errors).toEqual({})
    }
  })

  test('nothing is measured of a program that does not what it must', async () => {
    const other = { language: 'python', code: 'print("Bye")' }
    await expect(at(fast, { request: other })).rejects.toThrow('wrote "Bye\\n" instead of "Hello, world!\\n"')
    const failing = { language: 'python', code: 'raise SystemExit(3)' }
    await expect(at(fast, { request: failing, expected: undefined })).rejects.toThrow('ended with failed')
  })

  test('a rate that is below what is measured is told before, with how to raise it', async () => {
    // However busy this machine is: what jobs take decides whether the rate is enough for them.
    const real = jobSender({ url: slow.url })
    const send: SendJob = async (...args) => ({ ...(await real(...args)), latencyMs: 50 })
    const refused = at(slow, { send, seconds: 60 })
    await expect(refused).rejects.toMatchObject({ exitCode: 75 })
    await expect(refused).rejects.toThrow(/nothing was measured: about 60 jobs a minute .* 10 at once.*keys create/s)
  })

  test('a rate that is met meanwhile ends it at once, and no result is printed', async () => {
    const request = { language: 'python', code: 'import time; time.sleep(0.2); print("Hello, world!")' }
    const ended = at(middling, { request, inFlight: [60] })
    await expect(ended).rejects.toMatchObject({ exitCode: 75 })
    await expect(ended).rejects.toThrow(/the rate limit and not the service: 60 submissions a minute.*RATE_PER_MINUTE/s)
  })

  test('a language that is not there is told with those that are', async () => {
    const runtimes = await createClient({ url: fast.url }).runtimes()
    expect(helloOf(runtimes, 'PY').language).toBe('python')
    expect(() => helloOf(runtimes, 'intercal')).toThrow(/unknown language "intercal"; installed are .*\bbash\b/)
  })
})

test('errors are counted by their code, and told with what to change; answers that are wrong are errors', async () => {
  const small = await startPlatform({ MAX_QUEUED_JOBS: '1', TENANT_MAX_QUEUED_JOBS: '1', WORKER_CONCURRENCY: '1' })
  try {
    const send = jobSender({ url: small.url })
    const request = { language: 'python', code: 'import time; time.sleep(0.2)' }
    const options = { send, request, inFlight: 5, seconds: 1, signal, progress: quiet }
    const counted: unknown = expect.any(Number)
    const crowded = await measure({ ...options, check: () => undefined })
    expect(crowded).toMatchObject({ jobs: counted, errors: { 'queue-full': counted } })
    const wrong = await measure({ ...options, inFlight: 1, check: () => 'it wrote something else' })
    expect(wrong).toMatchObject({ jobs: 0, p50Ms: null, maxMs: null, errors: { 'wrong-answer': counted } })
    const told = renderBench([crowded, wrong])
    expect(told).toMatch(/5 in flight: \d+ times queue-full: too many jobs waited: add workers or slots/)
    expect(told).toMatch(/^ +1 +0 +0\.0 +- +- +- +- +\d+$/m)
  } finally {
    await small.close()
  }
})
