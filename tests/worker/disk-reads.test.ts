import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { withDiskReads } from '../../src/worker/sandbox/disk-reads.ts'
import type { Launch } from '../../src/worker/sandbox/launch.ts'
import type { Transport } from '../../src/worker/sandbox/transport.ts'

let folder: string
let said: string[]
const log = pino({}, { write: (line: string) => void said.push((JSON.parse(line) as { msg: string }).msg) })
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-test-'))
  said = []
  for (const [name, dev] of Object.entries({
    // Of one length: a kernel takes each bound, where a file keeps the end of a longer one that was written first.
    vda: '254:0',
    vdb: '254:1',
    loop0: '7:0',
    zram0: '253:0',
    'dm-0': '252:0',
  })) {
    put(`block/${name}/dev`, `${dev}\n`)
  }
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function put(path: string, text = '') {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}
const text = (path: string) => readFileSync(join(folder, path), 'utf8')
const launch: Launch = async () => ({ container: 'c1' }) as unknown as Transport
const started = (bytes: number) =>
  withDiskReads(launch, bytes, log, { cgroups: join(folder, 'cgroup'), disks: join(folder, 'block') })({})

test.each([
  ['version 1', 'cgroup/blkio/libpod_parent/libpod-c1/blkio.throttle.read_bps_device', /^254:[01] 1000$/],
  ['version 2, by systemd', 'cgroup/machine.slice/libpod-c1.scope/io.max', /^254:[01] rbps=1000$/],
])('a container’s group has a bound for each disk, under cgroups of %s', async (_, file, bound) => {
  put(file)
  await started(1000)
  expect(text(file)).toMatch(bound)
  expect(said).toEqual([])
})

test('its weight is less than that of others where the kernel weighs', async () => {
  put('cgroup/machine.slice/libpod-c1.scope/io.max')
  put('cgroup/machine.slice/libpod-c1.scope/io.bfq.weight', '999')
  await started(1000)
  expect(text('cgroup/machine.slice/libpod-c1.scope/io.bfq.weight')).toMatch(/^10/)
})

test('a machine where nothing can be bounded is told of once', async () => {
  const all = withDiskReads(launch, 1000, log, { cgroups: join(folder, 'none'), disks: join(folder, 'block') })
  await all({})
  await all({})
  expect(said).toEqual([expect.stringContaining('not bounded')])
})

test('entries that are no disks, and disks that take no bound, stop nothing', async () => {
  mkdirSync(join(folder, 'block/nvme0c0n1'), { recursive: true })
  put('cgroup/machine.slice/libpod-c1.scope/io.max')
  await started(1000)
  expect(text('cgroup/machine.slice/libpod-c1.scope/io.max')).toMatch(/rbps=1000$/)
  expect(said).toEqual([])
})

test('a machine without disks has nothing to bound', async () => {
  rmSync(join(folder, 'block'), { recursive: true })
  await started(1000)
  expect(said).toEqual([])
})

test('0 sets no bound', async () => {
  const file = 'cgroup/machine.slice/libpod-c1.scope/io.max'
  put(file)
  await started(0)
  expect(text(file)).toBe('')
})
