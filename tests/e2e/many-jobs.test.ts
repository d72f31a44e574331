import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { createEngine } from '../../src/worker/sandbox/engine.ts'
import { get, post } from '../support/client.ts'
import { mountsOf, outlivingProcesses, processesOf } from '../support/processes.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { readProgram } from '../support/programs.ts'

/** The table whole is `npm run test:programs`. */
const JOBS = process.env['EVERY_PROGRAM'] === '1' ? 1000 : 120
const AT_ONCE = 20

/** What a job is asked to do, and what must come of it; `number` makes each one's answer its own. */
interface Kind {
  name: string
  request(number: number): Record<string, unknown>
  outcome(number: number): Record<string, unknown>
}

const ok = { status: 'succeeded', exitCode: 0, signal: null, truncated: false }
const python = (program: string, more: Record<string, unknown> = {}) => ({
  language: 'python',
  code: readProgram(program),
  ...more,
})

const kinds: Kind[] = [
  {
    name: 'its argument in Python',
    request: (number) => python('print-arguments.py', { args: [`job ${number}`] }),
    outcome: (number) => ({ ...ok, stdout: `["job ${number}"]\n` }),
  },
  {
    name: 'its input in Bash',
    request: (number) => ({ language: 'bash', code: readProgram('echo-stdin.sh'), stdin: `input ${number}` }),
    outcome: (number) => ({ ...ok, stdout: `input ${number}` }),
  },
  {
    name: 'its argument in JavaScript',
    request: (number) => ({ language: 'javascript', code: readProgram('print-arguments.js'), args: [`${number}`] }),
    outcome: (number) => ({ ...ok, stdout: `["${number}"]\n` }),
  },
  {
    name: 'input read in part',
    request: () => ({ language: 'bash', code: readProgram('read-some-input.sh'), stdin: 'x'.repeat(MIB) }),
    outcome: () => ({ ...ok, stdout: '70000\n' }),
  },
  {
    name: 'an exit code',
    request: (number) => ({ language: 'bash', code: readProgram('exit-with.sh'), args: [`${1 + (number % 250)}`] }),
    outcome: (number) => ({ ...ok, status: 'failed', exitCode: 1 + (number % 250), stdout: '' }),
  },
  {
    name: 'a signal',
    request: () => python('kill-self.py', { args: ['9'] }),
    outcome: () => ({ ...ok, status: 'signalled', exitCode: null, signal: 'SIGKILL', stdout: '' }),
  },
  {
    name: 'the wall limit',
    // It prints nothing: whether it had come so far would be chance.
    request: () => ({ language: 'bash', code: 'sleep infinity', limits: { wallMs: 250 } }),
    outcome: () => ({ ...ok, status: 'wall-time-limit', exitCode: null, signal: 'SIGTERM', stdout: '' }),
  },
  {
    name: 'a large output',
    request: (number) => python('write-bytes.py', { args: ['1', `${100_000 + number}`] }),
    outcome: (number) => ({ ...ok, stdout: 'x'.repeat(100_000 + number) }),
  },
  {
    name: 'the output limit',
    request: (number) => ({
      language: 'bash',
      code: readProgram('output-forever.sh'),
      limits: { outputBytes: 1000 + number },
    }),
    outcome: (number) => ({
      status: 'output-limit',
      exitCode: null,
      signal: 'SIGKILL',
      truncated: true,
      stdout: 'y\n'.repeat(1000).slice(0, 1000 + number),
    }),
  },
  {
    name: 'a wrong answer',
    request: (number) => python('hello.py', { expectedOutput: `Hello, ${number}!` }),
    outcome: () => ({ ...ok, status: 'wrong-answer', stdout: 'Hello, world!\n' }),
  },
  {
    name: 'CPU time',
    request: () => python('spin.py', { limits: { cpuMs: 100 } }),
    outcome: () => ({ ...ok, status: 'cpu-time-limit', exitCode: null, signal: 'SIGKILL', stdout: '' }),
  },
]

/** Those that cost a container each come less often. */
const rareKinds: Kind[] = [
  {
    name: 'the memory limit',
    request: () => python('memory-heap.py'),
    outcome: () => ({ ...ok, status: 'memory-limit', exitCode: null, signal: 'SIGKILL', stdout: '' }),
  },
  {
    name: 'memory of its own',
    request: (number) => python('print-arguments.py', { args: [`${number}`], limits: { memoryBytes: 64 * MIB } }),
    outcome: (number) => ({ ...ok, stdout: `["${number}"]\n` }),
  },
  {
    name: 'a fork bomb',
    request: () => python('fork-bomb.py', { limits: { wallMs: 300 } }),
    outcome: () => ({ ...ok, status: 'wall-time-limit', exitCode: null, signal: 'SIGTERM', stdout: '' }),
  },
]

const compileError: Kind = {
  name: 'a compile error',
  request: (number) => ({ language: 'c', code: `int main(void) { return job_${number} }\n` }),
  outcome: () => ({ ...ok, status: 'compile-failed', exitCode: 1, stdout: '' }),
}

let platform: TestPlatform
let engine: ReturnType<typeof createEngine>
let closed = false
const close = async () => {
  if (!closed) await platform.close()
  closed = true
}

beforeAll(async () => {
  platform = await startPlatform({
    SCREENING: 'off',
    WORKER_CONCURRENCY: '4',
    KILL_GRACE_MS: '300',
    DEFAULT_MEMORY_BYTES: String(128 * MIB),
  })
  engine = createEngine(process.env['RUNYARD_TEST_PODMAN'] ?? '')
})
afterAll(close)

test(`${JOBS} jobs on 4 slots each end as they must, and nothing is left of them`, async () => {
  const { body } = await get<{ runtimes: { language: string; installed: boolean }[] }>(`${platform.url}/v1/runtimes`)
  const compiled = body.runtimes.some(({ language, installed }) => language === 'c' && installed)
  if (!compiled) console.log('C is not installed: no job among these has a compile error')
  const rare = compiled ? [...rareKinds, compileError] : rareKinds
  const kindOf = (number: number) => {
    const kind = number % 12 === 5 ? rare[Math.floor(number / 12) % rare.length] : kinds[number % kinds.length]
    if (!kind) throw new Error(`job ${number} is of no kind`)
    return kind
  }

  const containers = new Set<string>()
  const watching = new AbortController()
  const watch = watchContainers(containers, watching.signal)
  const wrong: unknown[] = []
  const began = performance.now()
  let next = 0
  const submitter = async () => {
    for (let number = next++; number < JOBS; number = next++) {
      const kind = kindOf(number)
      const { status, stages } = await runToEnd(kind.request(number), number)
      const stage = stages[0]
      const { exitCode, signal, truncated, stdout } = stage ?? {}
      const actual = { status, exitCode, signal, truncated, stdout }
      const expected = kind.outcome(number)
      if (JSON.stringify(sorted(actual)) !== JSON.stringify(sorted(expected)))
        wrong.push({ number, kind: kind.name, actual })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, submitter))
  const seconds = (performance.now() - began) / 1000
  console.log(
    `${JOBS} jobs in ${seconds.toFixed(1)} s: ${(JOBS / seconds).toFixed(1)} jobs/s, ${containers.size} containers`,
  )
  expect(wrong).toEqual([])

  const refused = await post(`${platform.url}/v1/jobs`, { language: 'klingon', code: 'qapla' })
  expect(refused.status).toBe(422)

  // That the look behind the scenes sees what it looks for, while there is something to see.
  await delay(300)
  expect(processesOf(containers)).not.toEqual([])
  watching.abort()
  await watch
  await close()
  expect(await outlivingProcesses(containers)).toEqual([])
  expect(mountsOf(containers)).toEqual([])
})

/** Every other job is waited for, the others are asked for until they have ended. */
async function runToEnd(request: Record<string, unknown>, number: number): Promise<Job> {
  const wait = number % 2 === 0
  const { status, body } = await post<Job>(`${platform.url}/v1/jobs`, request, wait ? { prefer: 'wait=60' } : {})
  if (wait && status === 200) return body
  if (status !== 202) throw new Error(`job ${number} answered ${status}: ${JSON.stringify(body)}`)
  for (;;) {
    const { body: job } = await get<Job>(`${platform.url}/v1/jobs/${body.id}`)
    if (job.state === 'finished') return job
    await delay(50)
  }
}

const sorted = (record: Record<string, unknown>) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))

/** Notes every container of the platform that lives for a while. */
async function watchContainers(ids: Set<string>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const { id } of await engine.containers(CONTAINER_LABEL.namespace, platform.namespace)) ids.add(id)
    await delay(250, undefined, { signal }).catch(() => undefined)
  }
}
