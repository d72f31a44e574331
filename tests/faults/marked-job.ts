import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { KIB, MIB } from '../../src/shared/limits.ts'
import type { Installation } from '../support/installation.ts'
import { type JobKind, QUICK, type SubmittedJob, submitKind } from '../support/mixed-load.ts'
import type { PatientClient } from '../support/patient-client.ts'
import { allPids, commandLine, containerOf, isAlive } from '../support/processes.ts'
import { eventually } from '../support/eventually.ts'

export const STEPS = ['queued', 'starting', 'running', 'publishing', 'finishing'] as const
export type Step = (typeof STEPS)[number]

/** A job that stands at a step of its life at this moment, and where. */
export interface MarkedJob {
  job: SubmittedJob
  /** Others that were submitted to bring it there. */
  others: SubmittedJob[]
  /** The gateway it was submitted to. */
  gateway: number
  /** The memory of its container, when that is its alone. */
  memoryBytes: number | undefined
  /** The container it runs in, once it does. */
  container: string | undefined
}

const sleeper: JobKind = {
  name: 'bash, sleep',
  request: (token) => ({ language: 'bash', code: 'sleep 2; echo "$1"', args: [token] }),
  status: 'succeeded',
  stdout: (token) => `${token}\n`,
}

/** Its container has to be made for it, which gives its start some length. */
const ownMemory = (memoryBytes: number): JobKind => ({
  name: 'python, memory of its own',
  request: (token) => ({
    language: 'python',
    code: 'import sys\nprint(sys.argv[1])',
    args: [token],
    limits: { memoryBytes },
  }),
  status: 'succeeded',
  stdout: (token) => `${token}\n`,
})

const quiet: JobKind = {
  name: 'python, quiet',
  request: (token) => ({
    language: 'python',
    code: 'import sys, time\ntime.sleep(2)\nprint(sys.argv[1])',
    args: [token],
  }),
  status: 'succeeded',
  stdout: (token) => `${token}\n`,
}

const talking: JobKind = {
  name: 'python, talking',
  request: (token) => ({
    language: 'python',
    code: 'import sys, time\nfor i in range(150):\n    print(sys.argv[1], i, flush=True)\n    time.sleep(0.015)',
    args: [token],
  }),
  status: 'succeeded',
  stdout: (token) => Array.from({ length: 150 }, (_, number) => `${token} ${number}\n`).join(''),
}

/** Much is left to be published and stored when its program has ended. */
const large: JobKind = {
  name: 'python, large result',
  request: (token) => ({
    language: 'python',
    code: 'import sys, time\ntime.sleep(1)\nsys.stdout.write((sys.argv[1] + "\\n") * 20000)',
    args: [token],
  }),
  status: 'succeeded',
  stdout: (token) => `${token}\n`.repeat(20_000),
}

const PATIENCE_MS = 30_000
/** Events of output that are enough to be in the middle of it. */
const SOME_OUTPUT = 20

/** Brings a job to a step. It stands there when this resolves. @throws Error when it does not get there */
export async function bringTo(
  step: Step,
  installation: Installation,
  clientOf: (gateway: number) => PatientClient,
): Promise<MarkedJob> {
  const gateway = randomInt(installation.gateways.length)
  const client = clientOf(gateway)
  switch (step) {
    case 'queued': {
      const slots = 2 * installation.workers.length
      const others = await Promise.all(Array.from({ length: slots + 2 }, () => submitKind(client, sleeper)))
      const job = await submitKind(client, QUICK)
      await eventually('all slots are taken', async () => (await client.list()).filter(isRunning).length >= slots)
      const { state } = await client.read(job.id)
      if (state !== 'queued') throw new Error(`the job that was to wait is ${state}`)
      return { job, others, gateway, memoryBytes: undefined, container: undefined }
    }
    case 'starting': {
      const memoryBytes = 64 * MIB + randomInt(1, 4096) * 4 * KIB
      const job = await submitKind(client, ownMemory(memoryBytes))
      await untilEvent(client, job, ({ event, data }) => event === 'state' && data['state'] === 'running')
      return { job, others: [], gateway, memoryBytes, container: undefined }
    }
    case 'running': {
      const job = await submitKind(client, quiet)
      await untilEvent(client, job, ({ event }) => event === 'stage')
      return { job, others: [], gateway, memoryBytes: undefined, container: await containerRunning(job) }
    }
    case 'publishing': {
      const job = await submitKind(client, talking)
      let seen = 0
      await untilEvent(client, job, ({ event }) => event === 'stdout' && ++seen === SOME_OUTPUT)
      return { job, others: [], gateway, memoryBytes: undefined, container: await containerRunning(job) }
    }
    case 'finishing': {
      const job = await submitKind(client, large)
      const pid = await programOf(job)
      const container = containerOf(pid)
      // No longer pause: what follows its end takes a few milliseconds.
      for (const deadline = Date.now() + PATIENCE_MS; isAlive(pid); await turn()) {
        if (Date.now() > deadline) throw new Error('the program does not end')
      }
      return { job, others: [], gateway, memoryBytes: undefined, container }
    }
  }
}

/** The worker that took a job last, as the workers' logs tell. */
export function holderOf({ id }: SubmittedJob, { workers }: Installation): number {
  const last = workers.map(({ logFile }) => {
    const starts = readFileSync(logFile, 'utf8')
      .split('\n')
      .filter((line) => line.includes(id) && line.includes('job started'))
    return starts.length === 0 ? 0 : (JSON.parse(starts.at(-1) ?? '') as { time: number }).time
  })
  return last.indexOf(Math.max(...last))
}

/** Waits for an event of a job. @throws Error when its stream ends before */
export async function untilEvent(
  client: PatientClient,
  { id }: SubmittedJob,
  is: (event: { event: string; data: Record<string, unknown> }) => boolean,
): Promise<void> {
  const stop = new AbortController()
  try {
    for await (const event of client.events(id, stop.signal)) if (is(event)) return
  } finally {
    stop.abort()
  }
  throw new Error(`the events of ${id} ended before the one that was waited for`)
}

/** The container a job runs in, as soon as its program runs. */
export const containerRunning = async (job: SubmittedJob): Promise<string | undefined> =>
  containerOf(await programOf(job))

async function programOf({ token }: SubmittedJob): Promise<number> {
  return eventually('a process of the program', () =>
    allPids().find((pid) => commandLine(pid).includes(token) && containerOf(pid) !== undefined),
  )
}

const isRunning = ({ state }: { state: string }) => state === 'running'
