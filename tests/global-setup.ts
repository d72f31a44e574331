import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBackends } from '../src/host/backends.ts'
import { bundleServices } from './support/bundle-services.ts'

/**
 * One Redis and one podman service for the whole run. Each test file has a namespace of its own in both.
 * RUNYARD_TEST_REDIS and RUNYARD_TEST_PODMAN tell the test files where they are.
 */
export default async function globalSetup(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'runyard-test-'))
  const [backends, removeServices] = await Promise.all([startBackends({ dataDir }), bundleServices()])
  process.env['RUNYARD_TEST_REDIS'] = backends.redisUrl
  process.env['RUNYARD_TEST_PODMAN'] = backends.podmanSocket
  Object.assign(globalThis, {
    runyardBackends: backends,
    runyardDataDir: dataDir,
    runyardRemoveServices: removeServices,
  })
}
