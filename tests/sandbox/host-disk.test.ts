import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { MIB } from '../../src/shared/limits.ts'
import { withDiskReads } from '../../src/worker/sandbox/disk-reads.ts'
import { createLaunch } from '../../src/worker/sandbox/launch.ts'
import { createBench } from './init-harness.ts'

const bench = createBench('test-host-disk')
afterAll(() => bench.close())

/** What the kernel keeps of reads of a container from disks: one line a disk. */
function boundsOf(container: string): string {
  const files = [
    ['/sys/fs/cgroup/blkio/libpod_parent', 'blkio.throttle.read_bps_device'],
    ['/sys/fs/cgroup/libpod_parent', 'io.max'],
    ['/sys/fs/cgroup/machine.slice', 'io.max'],
  ] as const
  for (const [folder, file] of files) {
    const group = list(folder).find((name) => name.startsWith(`libpod-${container}`))
    if (group !== undefined && list(join(folder, group)).includes(file)) {
      return readFileSync(join(folder, group, file), 'utf8')
    }
  }
  throw new Error(`no group of ${container} has a file for I/O: does this podman run as root, and have the controller?`)
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

test('the kernel bounds what a sandbox reads from a disk', async () => {
  const log = pino({ level: 'silent' })
  const launch = withDiskReads(createLaunch(bench.engine, undefined, log), 64 * MIB, log)
  const sandbox = await bench.make({ launch })
  expect(boundsOf(sandbox.id)).toMatch(/^\d+:\d+ (?:rbps=)?67108864\b/m)
})
