import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { type SessionHandle, createClient } from '../src/client/client.ts'
import { detectRuntime } from '../src/host/oci-runtime.ts'
import { podmanCommand } from '../src/host/podman.ts'
import { rootPrefix } from '../src/host/root-command.ts'
import { ulimitArguments } from '../src/host/ulimits.ts'
import { CONTAINER_LABEL } from '../src/shared/container-label.ts'
import type { Language } from '../src/shared/language.ts'
import { MIB } from '../src/shared/limits.ts'
import { packageRoot } from '../src/shared/package-root.ts'
import { kernelImage } from '../src/shared/runtime-image.ts'
import { OPTION_AGENT } from '../src/worker/sessions/agent-protocol.ts'
import { createEngine } from '../src/worker/sandbox/engine.ts'
import { commandLine, processesOf } from '../tests/support/processes.ts'
import { cpuOf, rollup } from './costs.ts'
import { type BenchClient, createBenchClient } from './http-client.ts'
import type { Product } from './product.ts'
import { median, rate, timeEach } from './statistics.ts'

export interface SessionsRow {
  language: string
  /** The first execution of a session whose kernel waited, ms. */
  firstMs: number
  /** With the packages of a set installed in it; null when the set is not there. */
  firstWithSetMs: number | null
  /** Later ones, from the request to the answer, and the same in a kernel that stands alone; in turns. */
  laterMs: number
  bareMs: number
  /** PSS of all that runs for a session that waits, and its parts, in MiB. */
  idleMib: number
  partsMib: Record<Part, number>
  idle: IdleSessions | null
}

/** Many sessions that wait, beside jobs. */
export interface IdleSessions {
  count: number
  /** Of each, PSS with what they share counted in parts. */
  mib: number
  mostMib: number
  /** CPU time of all of them in a second, ms. */
  cpuMs: number
  /** Hello world before them and beside them, p50 in ms. */
  before: number
  beside: number
}

const PARTS = ['kernel', 'bridge', 'agent', 'init'] as const
export type Part = (typeof PARTS)[number]

/** What the product is started with. */
export const MANY = {
  SESSIONS_MEMORY_BYTES: String(64 * 1024 * MIB),
  TENANT_MAX_SESSIONS: '1000',
  SESSION_IDLE_TIMEOUT_MS: '3600000',
}
const FIRSTS = 10
const LATER = 100
/** What sessions need of gateway and worker is compiled by then: jobs, with which they are warmed up, need other code. */
const WARM_UP_MS = 20_000
const JOBS = 60
const ROUNDS = 3
const AT_ONCE = 2
const SETTLE_MS = 5000
const CPU_SECONDS = 10
const CODE = 'print(1)'
const MEMORY_BYTES = 128 * MIB

/** @param many how many idle sessions stand beside jobs; 0: that is left out. @param set of packages that are installed for it */
export async function measureSessions(
  product: Product,
  client: BenchClient,
  language: Language,
  { many, set, tell }: { many: number; set: string | undefined; tell: (text: string) => void },
): Promise<SessionsRow> {
  const headers = await product.key('sessions', ['sessions', 'jobs'])
  const { authorization = '' } = headers
  const { sessions, environments } = createClient({ url: product.url, key: authorization.replace('Bearer ', '') })
  // What is timed is the service: the other client does more by itself.
  const caller = createBenchClient(product.url, headers)
  const { id } = language
  const runs = (session: SessionHandle) => runsIn(caller, session)
  const started = async (more: object = {}) => {
    const session = await sessions.create({ language: id, ...more })
    await untilIdle(session)
    return session
  }
  const firstOf = async (more: object = {}) => {
    const times: number[] = []
    for (let round = 0; round < FIRSTS; round++) {
      const session = await started(more)
      times.push(...(await timeEach(1, () => runs(session))))
      await session.end()
    }
    return median(times)
  }

  try {
    tell(`sessions, ${id}: first executions`)
    const firstMs = await firstOf()
    let firstWithSetMs: number | null = null
    if (set !== undefined) {
      const environment = await environments.create({ language: id, set })
      firstWithSetMs = await firstOf({ environment: environment.id })
    }
    tell(`sessions, ${id}: later executions beside a kernel alone`)
    const bare = await startBareKernel(language)
    const session = await started()
    const [later, alone]: [number[], number[]] = [[], []]
    try {
      await rate(1, WARM_UP_MS, () => runs(session))
      for (let turn = 0; turn < LATER; turn++) {
        later.push(...(await timeEach(1, () => runs(session))))
        alone.push(await bare.run(CODE))
      }
    } finally {
      await bare.close()
    }
    await session.end()
    const waiting = await started({ limits: { memoryBytes: MEMORY_BYTES } })
    await sleep(SETTLE_MS)
    const [partsMib] = [...(await memoryOf(product)).values()].filter(({ kernel }) => kernel > 0)
    await waiting.end()
    if (!partsMib) throw new Error('there is no session')
    const idle = many > 0 ? await measureIdle(many) : null
    const idleMib = sumOf(partsMib)
    return {
      language: id,
      firstMs,
      firstWithSetMs,
      laterMs: median(later),
      bareMs: median(alone),
      idleMib,
      partsMib,
      idle,
    }
  } finally {
    caller.close()
  }

  async function measureIdle(count: number): Promise<IdleSessions> {
    const jobs = async () => {
      const medians: number[] = []
      for (let round = 0; round < ROUNDS; round++)
        medians.push(median(await timeEach(JOBS, () => hello(client, language))))
      return median(medians)
    }
    tell(`sessions, ${id}: jobs before`)
    await jobs()
    const before = await jobs()
    tell(`sessions, ${id}: ${count} of them`)
    const all: SessionHandle[] = []
    const lane = async () => {
      while (all.length < count) {
        const place = all.push(undefined as unknown as SessionHandle) - 1
        all[place] = await started({ limits: { memoryBytes: MEMORY_BYTES } })
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    await sleep(SETTLE_MS)
    tell(`sessions, ${id}: jobs beside them`)
    await jobs()
    const beside = await jobs()
    const sizes = [...(await memoryOf(product)).values()].filter(({ kernel }) => kernel > 0).map(sumOf)
    const pids = await pidsOf(product)
    const cpuOfAll = () => pids.reduce((sum, pid) => sum + cpuOf(pid), 0)
    const used = cpuOfAll()
    await sleep(CPU_SECONDS * 1000)
    const cpuMs = (cpuOfAll() - used) / CPU_SECONDS
    // All of them still live, and know what to do.
    for (const one of all) {
      await runs(one)
      await one.end()
    }
    return { count, mib: median(sizes), mostMib: Math.max(...sizes), cpuMs, before, beside }
  }
}

async function runsIn(caller: BenchClient, { id }: SessionHandle): Promise<void> {
  const { status, stdout } = await caller.post(`/v1/sessions/${id}/executions`, { code: CODE }, { prefer: 'wait=60' })
  if (status !== 'succeeded' || stdout !== '1\n')
    throw new Error(`${CODE} ends as ${String(status)} with ${JSON.stringify(stdout)}`)
}

async function hello(client: BenchClient, { id, hello: program }: Language): Promise<void> {
  const answer = await client.text('/v1/jobs', { language: id, code: program.code }, { prefer: 'wait=30' })
  const job = JSON.parse(answer) as { stages: { stdout: string }[] }
  if (job.stages.at(-1)?.stdout !== program.stdout) throw new Error(`hello world: ${answer}`)
}

async function untilIdle(session: SessionHandle): Promise<void> {
  for (;;) {
    const [context] = await session.contexts.list()
    if (context?.state === 'idle') return
    if (context?.state === 'dead') throw new Error(`its kernel is dead: ${context.message}`)
    await sleep(50)
  }
}

const sumOf = (parts: Record<Part, number>): number => PARTS.reduce((sum, part) => sum + parts[part], 0)

async function containersOf({ podmanSocket, namespace }: Product): Promise<string[]> {
  return (await createEngine(podmanSocket).containers(CONTAINER_LABEL.namespace, namespace)).map(({ id }) => id)
}

const programOf = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim()

function partOf(pid: number): Part {
  const argv = commandLine(pid)
  if (argv.includes(OPTION_AGENT)) return 'agent'
  if (argv.some((argument) => argument.includes('kernel_bridge'))) return 'bridge'
  return programOf(pid) === 'init' ? 'init' : 'kernel'
}

/** Processes of all its sandboxes, without those that watch them. */
async function pidsOf(product: Product): Promise<number[]> {
  return processesOf(new Set(await containersOf(product))).filter((pid) => programOf(pid) !== 'conmon')
}

/** What the parts of each sandbox have, by its container; in those without a session there is only init. */
async function memoryOf(product: Product): Promise<Map<string, Record<Part, number>>> {
  const found = new Map<string, Record<Part, number>>()
  for (const container of await containersOf(product)) {
    const parts = { kernel: 0, bridge: 0, agent: 0, init: 0 }
    for (const pid of processesOf(new Set([container]))) {
      if (programOf(pid) !== 'conmon') parts[partOf(pid)] += rollup(pid, 'Pss')
    }
    if (parts.agent > 0) found.set(container, parts)
  }
  return found
}

interface BareKernel {
  /** @returns what it took, in ms */
  run: (code: string) => Promise<number>
  close: () => Promise<void>
}

/** The kernel of a language in a container of its own, without an engine. */
async function startBareKernel(language: Language): Promise<BareKernel> {
  const { id, env, kernel } = language
  if (!kernel) throw new Error(`${id} has no kernel`)
  const spec = { argv: kernel.argv, env: { ...env, ...kernel.env }, cwd: '/job' }
  const root = packageRoot()
  const program = readFileSync(`${root}/bench/bare-kernel.py`, 'utf8')
  const image = kernelImage(root, language)
  const podman = podmanCommand()
  const runtime = await detectRuntime({ podman, image, dataDir: tmpdir() })
  const options = ['--rm', '--interactive', '--pull=never', '--network=none', '--log-driver=none', ...ulimitArguments()]
  const inside = [image, 'python3', '-c', program, JSON.stringify(spec)]
  const prefix = podman.mode === 'sudo' ? rootPrefix() : []
  const [command = '', ...args] = [...prefix, 'podman', '--runtime', runtime, 'run', ...options, ...inside]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('the kernel has ended')
    return String(value)
  }
  await next()
  return {
    async run(code) {
      child.stdin.write(`${JSON.stringify(code)}\n`)
      const { ms, stdout } = JSON.parse(await next()) as { ms: number; stdout: string | null }
      if (stdout !== '1\n') throw new Error(`the kernel alone wrote ${JSON.stringify(stdout)}`)
      return ms
    },
    async close() {
      child.stdin.end()
      await once(child, 'close')
    },
  }
}
