import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Language } from '../src/shared/language.ts'
import { KIB, MIB } from '../src/shared/limits.ts'
import { CONTAINER_LABEL } from '../src/shared/container-label.ts'
import { createEngine } from '../src/worker/sandbox/engine.ts'
import { processesOf } from '../tests/support/processes.ts'
import { hello } from './hello.ts'
import type { BenchClient } from './http-client.ts'
import { type Component, COMPONENTS, type Product } from './product.ts'
import { median, rate, timeEach } from './statistics.ts'

/** Clock ticks of `/proc`, which Linux fixes at 100 for programs. */
const TICK_MS = 10
const CPU_MS = 6000
const IN_FLIGHT = 4
const SAMPLES = 20

export interface CpuRow {
  policy: string
  language: string
  jobs: number
  /** CPU time for each job, in ms. `sandboxes`: everything else on the machine but this client. */
  cpuMs: Record<Component | 'sandboxes', number>
}

/** Where the CPU time of a job goes, under a steady load. What else the machine does counts as `sandboxes`. */
export async function measureCpu(
  product: Product,
  client: BenchClient,
  language: Language,
  policy: string,
): Promise<CpuRow> {
  const { sync } = hello(client, language)
  await rate(IN_FLIGHT, 1000, sync)
  const before = cpuTimes(product)
  let jobs = 0
  await rate(IN_FLIGHT, CPU_MS, () => sync().then(() => void jobs++))
  const after = cpuTimes(product)
  const names = [...COMPONENTS, 'sandboxes'] as const
  const cpuMs = Object.fromEntries(names.map((name) => [name, (after[name] - before[name]) / jobs]))
  return { policy, language: language.id, jobs, cpuMs: cpuMs as CpuRow['cpuMs'] }
}

function cpuTimes({ pids }: Product): Record<Component | 'sandboxes', number> {
  const [total = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = total.split(/ +/).slice(1).map(Number)
  const own = process.cpuUsage()
  const each = Object.fromEntries(COMPONENTS.map((name) => [name, cpuOf(pids[name])])) as Record<Component, number>
  const rest = (user + nice + system + irq + softirq) * TICK_MS - (own.user + own.system) / 1000
  return { ...each, sandboxes: rest - COMPONENTS.reduce((sum, name) => sum + each[name], 0) }
}

/** CPU time of a process and its children that have ended, in ms. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) * TICK_MS
}

export interface MemoryFigures {
  /** Resident, in MiB, when nothing has happened for a while. */
  idleMib: Record<Component, number>
  /** Gateway and worker, in MiB, with each page they share counted once. */
  bothMib: number
  /** Of init and what waits in a ready sandbox, whatever its language, on average, in MiB: what no other process shares, and its part of the rest. */
  sandboxMib: number
  conmonMib: number
  sandboxes: number
}

export async function measureMemory({ pids, podmanSocket, namespace }: Product): Promise<MemoryFigures> {
  const containers = await createEngine(podmanSocket).containers(CONTAINER_LABEL.namespace, namespace)
  const processes = processesOf(new Set(containers.map(({ id }) => id)))
  const isConmon = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'conmon'
  const sum = (some: number[]) => some.reduce((total, pid) => total + rollup(pid, 'Pss'), 0) / containers.length
  const idleMib = Object.fromEntries(COMPONENTS.map((name) => [name, rollup(pids[name], 'Rss')]))
  return {
    idleMib: idleMib as Record<Component, number>,
    bothMib: rollup(pids.gateway, 'Pss') + rollup(pids.worker, 'Pss'),
    sandboxMib: sum(processes.filter((pid) => !isConmon(pid))),
    conmonMib: sum(processes.filter(isConmon)),
    sandboxes: containers.length,
  }
}

/** A figure of all its mappings, in MiB. */
export const rollup = (pid: number, field: string): number =>
  (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) *
    KIB) /
  MIB

export interface SizeRow {
  what: string
  p50Ms: number
}

/** What output and files cost: jobs of bash, one after another. */
export async function measureSizes(client: BenchClient): Promise<SizeRow[]> {
  const rows: SizeRow[] = []
  const run = async (what: string, request: Record<string, unknown>, stdoutBytes: number) => {
    const job = async () => {
      const done = await client.post('/v1/jobs', { language: 'bash', ...request }, { prefer: 'wait=60' })
      const [stage] = done['stages'] as { stdout: string }[]
      if (stage?.stdout.length !== stdoutBytes) throw new Error(`wrong answer to ${what}`)
    }
    await timeEach(3, job)
    rows.push({ what, p50Ms: median(await timeEach(SAMPLES, job)) })
  }
  for (const bytes of [0, KIB, 100 * KIB, MIB]) {
    await run(`${bytes / KIB} KiB of output`, { code: `head -c ${bytes} /dev/zero | tr '\\0' x` }, bytes)
  }
  for (const count of [1, 10, 100]) {
    const files = Array.from({ length: count }, (_, i) => ({
      path: i === 0 ? 'main.sh' : `file${i}.txt`,
      content: i === 0 ? 'echo ok' : 'x'.repeat(KIB),
    }))
    await run(`${count} ${count === 1 ? 'file' : 'files'}`, { files, entrypoint: 'main.sh' }, 3)
  }
  return rows
}

/** The version of podman and what runs its containers, for the report. */
export const engineVersion = (): string => execFileSync('podman', ['--version'], { encoding: 'utf8' }).trim()
