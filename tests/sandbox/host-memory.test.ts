import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { MIB } from '../../src/shared/limits.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { resources } from '../programs/rows/resources.ts'
import type { Threat } from '../programs/rows/threats.ts'
import { testRoot } from '../support/platform.ts'
import { createBench, python, stage, STAGE } from './init-harness.ts'

const MEMORY_BYTES = 32 * MIB
/** Beyond what the job's own memory may be; the rest of the machine has its part in this. */
const MOST_SLAB = 64 * MIB
const MOST_KERNEL = MEMORY_BYTES + 64 * MIB
const SAMPLE_MS = 50
const PAGE_BYTES = 4096
/** As long as what fills kernel memory takes at most; what never ends is ended. */
const WALL_MS = 6000
const STORM_MS = 700

const bench = createBench('test-host-memory')
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await bench.make({ memoryBytes: MEMORY_BYTES })
})
afterAll(() => bench.close())

/** What the machine's kernel holds in objects that it cannot take back, and in all ways together: no program's memory, no file's. */
function held() {
  const text = readFileSync('/proc/meminfo', 'utf8')
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? NaN) * 1024
  const others = ['MemFree', 'Buffers', 'Cached', 'AnonPages', 'SReclaimable'].map(bytes)
  // Pages that a processor keeps at hand are free, though MemFree does not count them.
  const atHand = [...readFileSync('/proc/zoneinfo', 'utf8').matchAll(/^ +count: +(\d+)$/gm)]
  const free = atHand.reduce((sum, [, pages]) => sum + Number(pages) * PAGE_BYTES, 0)
  const known = others.reduce((sum, part) => sum + part, free)
  return { slab: bytes('SUnreclaim'), kernel: bytes('MemTotal') - known }
}

/** Others on the machine take and give back such memory at any time, among them other tests; they are not there each time. */
const LOOKS = 4

/** The most of each that was held while something ran, beyond what was before. */
async function growth(attack: () => Promise<unknown>) {
  const before = held()
  const most = { ...before }
  const look = () => {
    const now = held()
    most.slab = Math.max(most.slab, now.slab)
    most.kernel = Math.max(most.kernel, now.kernel)
  }
  const looking = setInterval(look, SAMPLE_MS)
  await attack().finally(() => clearInterval(looking))
  look()
  return { slab: most.slab - before.slab, kernel: most.kernel - before.kernel }
}

/** Those whose programs take of the kernel what they can. What a heap or a file takes is a program's memory, which other tests count. */
const THREATS: readonly Threat[] = [
  'fork bomb',
  'thread bomb',
  'memory bomb in the kernel',
  'storm of events',
  'file-descriptor exhaustion',
]
const attacks = resources.filter(
  ({ threat, program }) => [threat].flat().some((one) => THREATS.includes(one)) && program.endsWith('.py'),
)

test.each(attacks)("of the machine's kernel a job of 32 MiB takes little more than that: $title", async (row) => {
  const program = readFileSync(`${testRoot}/tests/programs/${row.program}`, 'utf8')
  const wallMs = row.limits?.wallMs === undefined ? WALL_MS : STORM_MS
  const { openFiles = 1024, processes = STAGE.processes } = row.limits ?? {}
  const limits = { wallMs, openFiles, processes }
  const least = { slab: Infinity, kernel: Infinity }
  for (let look = 0; look < LOOKS && (least.slab >= MOST_SLAB || least.kernel >= MOST_KERNEL); look++) {
    sandbox.begin(4 * MIB)
    await stage(sandbox, 'true')
    const grown = await growth(async () => {
      const { reason } = await stage(sandbox, [...python(program), ...(row.args ?? [])], limits)
      expect(reason).toBe(row.limits?.wallMs === undefined ? 'exit' : 'wall')
    })
    await sandbox.end()
    least.slab = Math.min(least.slab, grown.slab)
    least.kernel = Math.min(least.kernel, grown.kernel)
  }
  expect(least.slab).toBeLessThan(MOST_SLAB)
  expect(least.kernel).toBeLessThan(MOST_KERNEL)
})
