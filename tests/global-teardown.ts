import { rm } from 'node:fs/promises'
import type { Backends } from '../src/host/backends.ts'

export default async function globalTeardown(): Promise<void> {
  const { runyardBackends, runyardDataDir } = globalThis as unknown as {
    runyardBackends: Backends
    runyardDataDir: string
  }
  await runyardBackends.close()
  await rm(runyardDataDir, { recursive: true, force: true })
}
