import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { DEFAULT_CEILINGS, MIB } from '../../src/shared/limits.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { resources } from '../programs/rows/resources.ts'
import type { HostileRow } from '../programs/rows/row.ts'
import type { Threat } from '../programs/rows/threats.ts'
import { testRoot } from '../support/platform.ts'
import { createBench, stage, STAGE } from './init-harness.ts'

const MEMORY_BYTES = 32 * MIB
/** Beyond what the job's own memory may be; the rest of the machine has its part in this. */
const MOST_SLAB = 64 * MIB
const MOST_KERNEL = MEMORY_BYTES + 64 * MIB
const SAMPLE_MS = 50
const PAGE_BYTES = 4096
/** What fills kernel memory ends by itself, in 4 s on a quiet machine; this ends what does not. */
const WALL_MS = 60_000
/** How long a storm, which never ends, goes on. */
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

/**
 * Others on the machine take and give back such memory at any time, among them other tests, and the kernel does not say who holds it. Each
 * look is a bound from above of what the attack took: what others took meanwhile counts as its own, and what they gave back does not
 * hide any of it, since it is counted from the lower of before and after. It takes the same in each look, so the lowest of these bounds
 * is one too. Several looks are there for others alone: without them the first would do.
 */
const LOOKS = 4

/** The most of each that was held while something ran, beyond the lower of what was before and after. */
async function growth(attack: () => Promise<unknown>) {
  const before = held()
  const most = { ...before }
  const look = () => {
    const now = held()
    most.slab = Math.max(most.slab, now.slab)
    most.kernel = Math.max(most.kernel, now.kernel)
    return now
  }
  const looking = setInterval(look, SAMPLE_MS)
  await attack().finally(() => clearInterval(looking))
  const after = look()
  return {
    slab: most.slab - Math.min(before.slab, after.slab),
    kernel: most.kernel - Math.min(before.kernel, after.kernel),
  }
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

/** Said by each before all else: a storm goes on for a while from then. */
const BEGUN = 'begun\n'

/** Runs it to its end, which must be that of a program that did all it meant to do: one that did not take anything proves nothing. */
async function attack(row: HostileRow) {
  const program = readFileSync(`${testRoot}/tests/programs/${row.program}`, 'utf8')
  const { openFiles = DEFAULT_CEILINGS.openFiles, processes = STAGE.processes } = row.limits ?? {}
  const isStorm = row.expect.status === 'wall-time-limit'
  let ending: NodeJS.Timeout | undefined
  const onOutput = () => {
    if (isStorm) ending ??= setTimeout(() => sandbox.kill(), STORM_MS)
  }
  const args = ['python3', '-u', '-c', `print('begun')\n${program}`, ...(row.args ?? [])]
  const limits = { wallMs: WALL_MS, openFiles, processes }
  const ran = await stage(sandbox, args, limits, { onOutput }).finally(() => clearTimeout(ending))
  const { reason, exitCode, signal, stdout, stderr } = ran
  // With less memory than its row has, it may take all of that instead.
  const isKilled = ran.oomKills > 0
  if (row.expect.status === 'memory-limit') expect(isKilled).toBe(true)
  const said = isKilled ? '' : String(row.expect.stdout ?? '')
  expect({ reason, exitCode, signal, stdout, stderr, oomKills: ran.oomKills }).toEqual({
    ...(isKilled ? KILLED : isStorm ? ENDED : EXITED),
    stdout: `${BEGUN}${said}`,
    stderr: '',
  })
}

const EXITED = { reason: 'exit', exitCode: 0, signal: null, oomKills: 0 }
const ENDED = { reason: 'kill', exitCode: null, signal: expect.any(Number), oomKills: 0 }
const KILLED = { reason: 'exit', exitCode: null, signal: 9, oomKills: expect.any(Number) }

test.each(attacks)("of the machine's kernel a job of 32 MiB takes little more than that: $title", async (row) => {
  const least = { slab: Infinity, kernel: Infinity }
  for (let look = 0; look < LOOKS && (least.slab >= MOST_SLAB || least.kernel >= MOST_KERNEL); look++) {
    sandbox.begin(4 * MIB)
    try {
      await stage(sandbox, 'true')
      const grown = await growth(() => attack(row))
      least.slab = Math.min(least.slab, grown.slab)
      least.kernel = Math.min(least.kernel, grown.kernel)
    } finally {
      await sandbox.end()
    }
  }
  expect(least.slab).toBeLessThan(MOST_SLAB)
  expect(least.kernel).toBeLessThan(MOST_KERNEL)
})
