import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBackends } from '../src/host/backends.ts'
import { bundleTests, type Kind } from './support/bundle-tests.ts'

/** What `global-teardown.ts` undoes, newest last. */
export interface TestRun {
  runyardUndo?: (() => Promise<unknown>)[]
}

/**
 * Compiles the test files. For those that need services, one Redis and one podman service for the whole run; each test file
 * has a namespace of its own in both. RUNYARD_TEST_REDIS and RUNYARD_TEST_PODMAN tell the test files where they are.
 */
export default async function globalSetup(_: unknown, project: { displayName: { name: Kind } }): Promise<void> {
  const kind = project.displayName.name
  const undo = ((globalThis as TestRun).runyardUndo ??= [])
  const startServices = async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'runyard-test-'))
    undo.push(() => rm(dataDir, { recursive: true, force: true }))
    const backends = await startBackends({ dataDir })
    undo.push(() => backends.close())
    process.env['RUNYARD_TEST_REDIS'] = backends.redisUrl
    process.env['RUNYARD_TEST_PODMAN'] = backends.podmanSocket
  }
  const bundle = async () => undo.push(await bundleTests(kind))
  // Whoever runs jest several times, as `npm run test:defences`, has started them.
  const isStarted = process.env['RUNYARD_TEST_REDIS'] !== undefined
  await Promise.all([bundle(), kind === 'integration' && !isStarted && startServices()])
}
