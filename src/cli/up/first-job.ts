import type { Job } from '../../shared/job.ts'
import { MIB } from '../../shared/limits.ts'
import { formatSeconds } from '../terminal-progress.ts'

/** Something worth seeing, which also shows how little a job can see. */
const CODE = `import os
import platform

for y in range(-9, 10):
    line = ""
    for x in range(-44, 20):
        point = z = complex(x / 20, y / 8)
        steps = 0
        while abs(z) < 2 and steps < 60:
            z = z * z + point
            steps += 1
        line += "@" if steps == 60 else " .:-=+*#"[min(7, steps // 2)]
    print(line.rstrip())
pids = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
print(f"Python {platform.python_version()}, user {os.getuid()}, all the processes there are: {pids}")
`

/**
 * Runs one real job through the gateway.
 * @param url the gateway's
 * @param headers that say who is calling
 * @throws Error when it is refused or does not end within 45 s
 */
export async function runFirstJob(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Job> {
  const answer = await fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify({ language: 'python', code: CODE }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(45_000)]),
  })
  const body = await answer.text()
  if (answer.status !== 200) throw new Error(`the first job was not run: HTTP ${answer.status} ${body}`)
  return JSON.parse(body) as Job
}

/** The job's result as lines for a terminal. */
export function describeJob(job: Job): string {
  const run = job.stages.at(-1)
  const output = `${run?.stdout ?? ''}${run?.stderr ?? ''}`.trimEnd().replaceAll(/^(?=.)/gm, '    ')
  const figures = run ? `, ${formatSeconds(run.wallMs)}, ${(run.memoryPeakBytes / MIB).toFixed(1)} MiB` : ''
  const message = job.message === null ? '' : ` (${job.message})`
  return `First job: ${job.status ?? job.state}${figures}${message}\n${output}`
}
