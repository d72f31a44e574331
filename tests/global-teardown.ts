import { rm } from 'node:fs/promises'
import type { Backends } from '../src/host/backends.ts'

export default async function globalTeardown(): Promise<void> {
  const { runyardBackends, runyardDataDir, runyardRemoveServices } = globalThis as unknown as {
    runyardBackends: Backends
    runyardDataDir: string
    runyardRemoveServices: () => Promise<void>
  }
  await runyardBackends.close()
  await runyardRemoveServices()
  await rm(runyardDataDir, { recursive: true, force: true })
}
