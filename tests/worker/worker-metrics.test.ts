import { expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import { createWorkerMetrics, type WorkerSources } from '../../src/worker/metrics/worker-metrics.ts'

test('metrics have their former names too, with the same values, and say so', async () => {
  const sources = { ofNode: false, slots: 1, runtimes: ['python'] as readonly string[] } as WorkerSources
  const { jobs, register } = createWorkerMetrics(sources)
  jobs.requeued({} as JobSpec, 'draining')
  const text = await register.metrics()
  for (const name of ['runyard_jobs_requeued_total', 'runyard_jobs_put_back_total']) {
    expect(text).toContain(`${name}{reason="draining"} 1`)
    expect(text).toContain(`${name}{reason="no-sandbox"} 0`)
  }
  expect(text).toContain(
    '# HELP runyard_jobs_put_back_total Former name of runyard_jobs_requeued_total, for one version',
  )
  expect(text).toContain('# HELP runyard_sandboxes_armed Former name of runyard_sandboxes_prewarmed, for one version')
})
