import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { listImages } from '../../src/host/images/image-store.ts'
import { probeImage } from '../../src/host/images/references.ts'
import { detectRuntime } from '../../src/host/oci-runtime.ts'
import { podmanCommand } from '../../src/host/podman.ts'
import { conmonIn, type PodmanService, startPodmanService } from '../../src/host/podman-service.ts'
import { makeSocketFolder } from '../../src/shared/socket-folder.ts'
import type { Job } from '../../src/shared/job.ts'
import { type Answer, get, post } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, testRoot, type TestPlatform } from '../support/platform.ts'
import { eventually } from '../support/eventually.ts'

const bash = (code: string, more: object = {}) => ({ language: 'bash', code, ...more })

async function untilFinal(platform: TestPlatform, id: string, headers: Record<string, string> = {}): Promise<Job> {
  for (;;) {
    const { body } = await get<Job>(`${platform.url}/v1/jobs/${id}`, headers)
    if (body.status !== null) return body
    await sleep(50)
  }
}

/** The most of these jobs that ran at one time. */
function mostAtOnce(jobs: readonly Job[]): number {
  const ends = (job: Job) => [Date.parse(job.startedAt ?? ''), Date.parse(job.finishedAt ?? '')] as const
  return Math.max(
    ...jobs.map((job) => {
      const [start] = ends(job)
      return jobs.filter((other) => ends(other)[0] <= start && start < ends(other)[1]).length
    }),
  )
}

describe('between tenants', () => {
  const SLOTS = 4
  let platform: TestPlatform
  beforeAll(async () => {
    platform = await startPlatform({ AUTH: 'required', WORKER_CONCURRENCY: String(SLOTS), DRAIN_TIMEOUT_MS: '3000' })
  })
  afterAll(() => platform.close())

  test('who submits one job is not behind the five hundred of another', async () => {
    const [many, one] = [await makeKey(platform, 'many'), await makeKey(platform, 'one')]
    const submitted: Answer<Job>[] = []
    for (let i = 0; i < 500; i += 50) {
      submitted.push(
        ...(await Promise.all(
          Array.from({ length: 50 }, () => post<Job>(`${platform.url}/v1/jobs`, bash('sleep 0.1'), many)),
        )),
      )
    }
    expect(new Set(submitted.map(({ status }) => status))).toEqual(new Set([202]))
    const single = await post<Job>(`${platform.url}/v1/jobs`, bash('echo alone'), { ...one, prefer: 'wait=60' })
    expect(single.body).toMatchObject({ status: 'succeeded' })
    const others = await Promise.all(
      submitted.map(({ body }) => get<Job>(`${platform.url}/v1/jobs/${body.id}`, many).then((answer) => answer.body)),
    )
    const { createdAt, startedAt } = single.body
    const before = others.filter((job) => job.startedAt !== null && job.startedAt < createdAt)
    const overtook = others.filter(
      (job) => job.startedAt !== null && job.startedAt > createdAt && job.startedAt < (startedAt ?? ''),
    )
    // Most of them still wait, else this shows nothing.
    expect(before.length + overtook.length).toBeLessThan(400)
    expect(overtook.length).toBeLessThanOrEqual(SLOTS + 1)
  })

  test('who has a cap never runs more than that, and what is held back all runs in the end', async () => {
    const headers = await makeKey(platform, 'capped', { maxRunningJobs: 2 })
    const submitted = await Promise.all(
      Array.from({ length: 14 }, (_, index) =>
        post<Job>(`${platform.url}/v1/jobs`, bash(`sleep 0.2; echo ${index}`), headers),
      ),
    )
    const jobs = await Promise.all(submitted.map(({ body }) => untilFinal(platform, body.id, headers)))
    expect(jobs.map((job) => job.stages[0]?.stdout)).toEqual(jobs.map((_job, index) => `${index}\n`))
    expect(jobs.map(({ attempt }) => attempt)).toEqual(jobs.map(() => 1))
    expect(mostAtOnce(jobs)).toBe(2)
  })
})

describe('a full queue', () => {
  let platform: TestPlatform
  beforeAll(async () => {
    platform = await startPlatform({
      AUTH: 'required',
      WORKER_CONCURRENCY: '1',
      MAX_QUEUED_JOBS: '4',
      TENANT_MAX_QUEUED_JOBS: '3',
      DRAIN_TIMEOUT_MS: '3000',
    })
  })
  afterAll(() => platform.close())

  test('refuses its tenant first, then everybody, says when to come back, and has room again', async () => {
    const [a, b] = [await makeKey(platform, 'a'), await makeKey(platform, 'b')]
    const submit = (headers: Record<string, string>, code = 'true', more: object = {}) =>
      post<Job & { code: string; detail: string }>(`${platform.url}/v1/jobs`, bash(code, more), headers)
    const running = await submit(a, 'sleep 600', { limits: { wallMs: 120_000 } })
    await eventually(
      'the job runs',
      async () => (await get<Job>(`${platform.url}/v1/jobs/${running.body.id}`, a)).body.state === 'running',
    )

    const accepted = [await submit(a), await submit(a), await submit(a)]
    expect(accepted.map(({ status }) => status)).toEqual([202, 202, 202])
    const fourth = await submit(a)
    expect(fourth).toMatchObject({ status: 429, body: { code: 'tenant-queue-full' } })
    expect(fourth.body.detail).toMatch(/^3 jobs of yours are waiting; the limit is 3; try again in \d+ s$/)
    expect(Number(fourth.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)

    expect((await submit(b)).status).toBe(202)
    const everybody = await submit(b)
    expect(everybody).toMatchObject({ status: 503, body: { code: 'queue-full' } })
    expect(Number(everybody.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await get(`${platform.url}/readyz`)).toMatchObject({ status: 503, body: { code: 'queue-full' } })

    expect((await fetch(`${platform.url}/v1/jobs/${running.body.id}`, { method: 'DELETE', headers: a })).status).toBe(
      200,
    )
    for (const { body } of accepted)
      expect(await untilFinal(platform, body.id, a)).toMatchObject({ status: 'succeeded' })
    expect((await submit(a)).status).toBe(202)
    expect(await get(`${platform.url}/readyz`)).toMatchObject({ status: 200, body: { status: 'ok', workers: 1 } })
  })
})

describe('while the container engine is away', () => {
  let dataDir: string
  let platform: TestPlatform
  let service: PodmanService
  const startService = async () => {
    const podman = podmanCommand()
    const runtime = await detectRuntime({ podman, image: probeImage(await listImages(podman)), dataDir })
    return startPodmanService({
      socketFolder: await makeSocketFolder(dataDir),
      logFile: join(dataDir, 'podman.log'),
      runtime,
      conmon: conmonIn(testRoot),
    })
  }
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'runyard-test-'))
    service = await startService()
    platform = await startPlatform({ PODMAN_SOCKET: service.socketPath, WORKER_CONCURRENCY: '2' })
  })
  afterAll(async () => {
    await platform.close()
    await service.close()
    await rm(dataDir, { recursive: true, force: true })
  })

  test('submissions are refused, what was accepted waits, and all goes on by itself when it is back', async () => {
    const jobs = `${platform.url}/v1/jobs`
    expect(await post(jobs, bash('echo before'), { prefer: 'wait=30' })).toMatchObject({
      body: { status: 'succeeded' },
    })
    await service.close()

    const accepted: string[] = []
    let refused = await post<Job & { code: string }>(jobs, bash('echo meanwhile'))
    while (refused.status === 202) {
      accepted.push(refused.body.id)
      refused = await post(jobs, bash('echo meanwhile'))
    }
    expect(refused).toMatchObject({ status: 503, body: { code: 'engine-unavailable' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await get(`${platform.url}/readyz`)).toMatchObject({ status: 503, body: { code: 'engine-unavailable' } })

    service = await startService()
    await eventually('the gateway is ready', async () => (await get(`${platform.url}/readyz`)).status === 200)
    expect(await post(jobs, bash('echo after'), { prefer: 'wait=60' })).toMatchObject({
      status: 200,
      body: { status: 'succeeded', stages: [{ stdout: 'after\n' }] },
    })
    for (const id of accepted) {
      expect(await untilFinal(platform, id)).toMatchObject({ status: 'succeeded', stages: [{ stdout: 'meanwhile\n' }] })
    }
  })
})
