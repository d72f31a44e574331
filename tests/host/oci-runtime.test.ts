import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { listImages } from '../../src/host/images/image-store.ts'
import { probeImage } from '../../src/host/images/references.ts'
import { detectRuntime, ociRuntimes, probeRuntime } from '../../src/host/oci-runtime.ts'
import { podmanCommand } from '../../src/host/podman.ts'

const podman = podmanCommand()
const dataDir = mkdtempSync(join(tmpdir(), 'runyard-oci-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

test('crun runs a sandbox here, by ours where it refuses the cgroups, and is the one that is found', async () => {
  const image = probeImage(await listImages(podman))
  const cruns = ociRuntimes().filter((runtime) => basename(runtime) === 'crun')
  expect(cruns).toHaveLength(existsSync('/sys/fs/cgroup/unified/cgroup.controllers') ? 2 : 1)
  const probes = []
  for (const runtime of cruns) probes.push(await probeRuntime(podman, runtime, image))
  const working = probes.filter(({ fault }) => fault === undefined).map(({ runtime }) => runtime)
  expect([probes, working.length > 0]).toEqual([probes, true])
  expect(await detectRuntime({ podman, image, dataDir })).toBe(working[0])
})

test("the machine's /dev/null stays whose it was", async () => {
  const owner = () => {
    const { uid, gid, mode } = statSync('/dev/null')
    return { uid, gid, mode }
  }
  const before = owner()
  const image = probeImage(await listImages(podman))
  for (const runtime of ociRuntimes()) await probeRuntime(podman, runtime, image)
  expect(owner()).toEqual(before)
})

test('one that is asked for and cannot run is told with what it said', async () => {
  const image = probeImage(await listImages(podman))
  const asked = '/nowhere/runtime'
  await expect(detectRuntime({ podman, image, asked, dataDir })).rejects.toThrow(
    /^no OCI runtime can run a container on this machine:\n {2}\/nowhere\/runtime: .+/,
  )
})

test('of what podman is told by command no event is kept, which the journal of a machine would show', async () => {
  expect(await podman.run(['info', '--format', '{{.Host.EventLogger}}'])).toBe('none\n')
})
