import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { patientEngine } from '../support/patient-engine.ts'
import { get, post } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { scrape, total } from './scrape.ts'
import { eventually } from '../support/eventually.ts'

/** Sandboxes that are killed, and what the worker's metrics say of it. */

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({ WORKER_METRICS_PORT: '0', WORKER_CONCURRENCY: '1', POOL_READY: '0' })
})
afterAll(() => platform.close())

const wait = () => new Promise((resolve) => setTimeout(resolve, 20))
const read = (id: string) => get<Job>(`${platform.url}/v1/jobs/${id}`).then(({ body }) => body)
const engine = patientEngine(process.env['RUNYARD_TEST_PODMAN'] ?? '')

/** Kills the sandbox of a job whose program has begun its attempt. */
async function killSandbox(id: string, attempt: number): Promise<void> {
  const url = platform.metricsUrls.worker
  while ((await read(id)).attempt < attempt || total(await scrape(url), 'runyard_sandboxes', { state: 'lent' }) < 1) {
    await wait()
  }
  const containers = await engine.containers(CONTAINER_LABEL.namespace, platform.namespace)
  await Promise.all(containers.map((container) => engine.remove(container.id)))
}

async function ended(id: string): Promise<Job> {
  return eventually(`the end of ${id}`, async () => {
    const job = await read(id)
    return job.status === null ? undefined : job
  })
}

test('a sandbox that is killed is a fault, and its job goes back once; the second time it ends as internal-error', async () => {
  const code = 'read -t 3 <> <(:); echo done'
  const lucky = await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code })
  await killSandbox(lucky.body.id, 1)
  expect(await ended(lucky.body.id)).toMatchObject({ status: 'succeeded', attempt: 2 })
  const unlucky = await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code })
  await killSandbox(unlucky.body.id, 1)
  await killSandbox(unlucky.body.id, 2)
  expect(await ended(unlucky.body.id)).toMatchObject({ status: 'internal-error', attempt: 2 })

  // The worker counts an end after it has stored it, and a sandbox when that is gone.
  const samples = await eventually('the second end and the last sandbox are counted', async () => {
    const all = await scrape(platform.metricsUrls.worker)
    const failed = total(all, 'runyard_jobs_finished_total', { status: 'internal-error' })
    const faulty = total(all, 'runyard_sandbox_faults_total')
    const gone = ['sandboxes_retired_total', 'sandbox_start_failures_total'].map((name) =>
      total(all, `runyard_${name}`),
    )
    return failed === 1 && gone.reduce((sum, count) => sum + count) >= faulty && faulty >= 3 ? all : undefined
  })
  const one = (name: string, labels = {}) => total(samples, `runyard_${name}`, labels)
  // Those that stood ready were killed too, and some before they were the pool's.
  const faults = one('sandbox_faults_total', { kind: 'stream' })
  expect(faults).toBeGreaterThanOrEqual(3)
  expect(one('sandbox_faults_total')).toBe(faults)
  const retired = one('sandboxes_retired_total', { reason: 'fault' })
  expect(retired).toBeLessThanOrEqual(faults)
  expect(retired + one('sandbox_start_failures_total')).toBeGreaterThanOrEqual(faults)
  expect(one('jobs_requeued_total', { reason: 'sandbox-lost' })).toBe(2)
  expect(one('jobs_put_back_total', { reason: 'sandbox-lost' })).toBe(2)
  expect(one('job_attempts_total', { runtime: 'bash' })).toBe(4)
  // It waited for its first attempt only.
  expect(one('job_queue_wait_seconds_count')).toBe(2)
  expect(one('jobs_finished_total', { runtime: 'bash', status: 'succeeded' })).toBe(1)
  expect(one('jobs_finished_total', { runtime: 'bash', status: 'internal-error' })).toBe(1)
  expect(one('engine_up')).toBe(1)
})
