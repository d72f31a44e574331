import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { MIB } from '../../src/shared/limits.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { testRoot } from '../support/platform.ts'
import { createBench, python, stage } from './init-harness.ts'

const bench = createBench('test-host-memory')
let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await bench.make({ memoryBytes: 32 * MIB })
})
afterAll(() => bench.close())

/** What the machine's kernel holds and cannot take back, and all that nobody can have any more, in bytes. */
function held() {
  const text = readFileSync('/proc/meminfo', 'utf8')
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]) * 1024
  return { slab: bytes('SUnreclaim'), taken: bytes('MemTotal') - bytes('MemAvailable') }
}

test.each(['netlink', 'udp', 'tcp'])(
  'a job of 32 MiB takes little more than that of the machine by %s',
  async (kind) => {
    const program = readFileSync(`${testRoot}/tests/programs/fill-kernel-buffers.py`, 'utf8')
    sandbox.begin(4 * MIB)
    await stage(sandbox, 'true')
    const before = held()
    let after = before
    const ran = await stage(
      sandbox,
      [...python(program), kind],
      { openFiles: 1024 },
      { onOutput: () => (after = held()) },
    )
    await sandbox.end()
    expect(ran).toMatchObject({ reason: 'exit', exitCode: 0, stdout: 'full\n' })
    expect(after.slab - before.slab).toBeLessThan(64 * MIB)
    // All else that runs on the machine has a part in this; without bounds it is some thousand MiB.
    expect(after.taken - before.taken).toBeLessThan(640 * MIB)
  },
)
