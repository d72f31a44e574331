import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, Status } from '../../src/shared/job.ts'
import type { PatientClient } from './patient-client.ts'

/** A sort of job, and how one of them must end. The token is in what it prints, so that no job can pass for another. */
export interface JobKind {
  name: string
  request: (token: string) => Record<string, unknown>
  status: Status
  /** Of the last stage. */
  stdout: (token: string) => string
}

export interface SubmittedJob {
  id: string
  kind: JobKind
  token: string
  /** When its 202 came, in ms since the epoch. */
  acceptedAt: number
}

const lines = (count: number, line: (number: number) => string) =>
  Array.from({ length: count }, (_, number) => `${line(number)}\n`).join('')

export const QUICK: JobKind = {
  name: 'bash, echo',
  request: (token) => ({ language: 'bash', code: 'echo "$1"', args: [token] }),
  status: 'succeeded',
  stdout: (token) => `${token}\n`,
}

/** What a mixed load is made of. */
export const JOB_KINDS: readonly JobKind[] = [
  QUICK,
  {
    name: 'python, echo',
    request: (token) => ({ language: 'python', code: 'import sys\nprint(sys.argv[1])', args: [token] }),
    status: 'succeeded',
    stdout: (token) => `${token}\n`,
  },
  {
    name: 'javascript, echo of stdin',
    request: (token) => ({ language: 'javascript', code: 'process.stdin.pipe(process.stdout)', stdin: token }),
    status: 'succeeded',
    stdout: (token) => token,
  },
  {
    name: 'bash, sleep with output',
    request: (token) => ({
      language: 'bash',
      code: 'for i in 0 1 2; do echo "$1 $i"; sleep 0.2; done',
      args: [token],
    }),
    status: 'succeeded',
    stdout: (token) => lines(3, (number) => `${token} ${number}`),
  },
  {
    name: 'python, continuous output',
    request: (token) => ({
      language: 'python',
      code: 'import sys, time\nfor i in range(60):\n    print(sys.argv[1], i, flush=True)\n    time.sleep(0.01)',
      args: [token],
    }),
    status: 'succeeded',
    stdout: (token) => lines(60, (number) => `${token} ${number}`),
  },
  {
    name: 'c, compiled',
    request: (token) => ({
      language: 'c',
      code: '#include <stdio.h>\nint main(int argc, char **argv) { return argc < 2 || puts(argv[1]) < 0; }\n',
      args: [token],
    }),
    status: 'succeeded',
    stdout: (token) => `${token}\n`,
  },
  {
    name: 'python, tests',
    request: (token) => ({
      language: 'python',
      code: 'print(input())',
      tests: [1, 2, 3].map((number) => ({ stdin: `${token} ${number}\n`, expectedOutput: `${token} ${number}` })),
    }),
    status: 'succeeded',
    stdout: (token) => `${token} 3\n`,
  },
  {
    name: 'bash, failing',
    request: (token) => ({ language: 'bash', code: 'echo "$1"; exit 3', args: [token] }),
    status: 'failed',
    stdout: (token) => `${token}\n`,
  },
  {
    name: 'bash, over its time',
    request: (token) => ({
      language: 'bash',
      code: 'echo "$1"; exec sleep 60',
      args: [token],
      limits: { wallMs: 500 },
    }),
    status: 'wall-time-limit',
    stdout: (token) => `${token}\n`,
  },
]

/** Submits a job and remembers what it must come to. */
export async function submitKind(client: PatientClient, kind: JobKind): Promise<SubmittedJob> {
  const token = randomUUID()
  const id = await client.submit(kind.request(token), token)
  return { id, kind, token, acceptedAt: Date.now() }
}

/** What is wrong with the end of a job; undefined when it is as it must be. */
export function faultOf(job: Job, { kind, token }: SubmittedJob): string | undefined {
  const expected = [kind.status, kind.stdout(token)]
  const found = [job.status, job.stages.at(-1)?.stdout]
  if (JSON.stringify(found) === JSON.stringify(expected)) return undefined
  return `${kind.name} ${job.id}: ${clip(found)} instead of ${clip(expected)}${job.message === null ? '' : ` (${job.message})`}`
}

const clip = (value: unknown): string => JSON.stringify(value).slice(0, 200)

export interface Load {
  /** All that were accepted so far. */
  readonly jobs: SubmittedJob[]
  /** Submits no more, and resolves when what is under way is accepted. @throws what a submission threw */
  stop(): Promise<void>
}

/** Submits jobs of these kinds in turns, at a steady rate whatever becomes of them. */
export function startLoad(client: PatientClient, kinds: readonly JobKind[], perSecond: number): Load {
  const jobs: SubmittedJob[] = []
  const pending = new Set<Promise<void>>()
  const controller = new AbortController()
  const began = performance.now()
  const run = async () => {
    for (let number = 0; ; number++) {
      const pauseMs = Math.max(0, began + (number * 1000) / perSecond - performance.now())
      await sleep(pauseMs, undefined, { signal: controller.signal }).catch(() => undefined)
      const kind = kinds[number % kinds.length]
      if (controller.signal.aborted || !kind) return
      const submission = submitKind(client, kind).then((job) => void jobs.push(job))
      pending.add(submission)
      // One that fails stays pending, for `stop` to throw.
      submission.then(() => pending.delete(submission)).catch(() => undefined)
    }
  }
  const running = run()
  return {
    jobs,
    async stop() {
      controller.abort()
      await running
      await Promise.all(pending)
    },
  }
}
