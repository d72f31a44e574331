import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBackends } from '../src/host/backends.ts'

/** The product as it is run: gateway and worker as processes of their own, on a Redis and a podman service of their own. */
export interface Product {
  url: string
  close(): Promise<void>
}

/**
 * @param root of the package; `dist/` must be built
 * @param env settings that differ from the defaults
 */
export async function startProduct(root: string, env: Record<string, string>): Promise<Product> {
  const dataDir = await mkdtemp(join(tmpdir(), 'runyard-bench-'))
  const backends = await startBackends({ dataDir })
  const port = String(20_000 + Math.floor(Math.random() * 10_000))
  const settings = {
    ...process.env,
    REDIS_URL: backends.redisUrl,
    PODMAN_SOCKET: backends.podmanSocket,
    RUNYARD_NAMESPACE: `bench-${port}`,
    LOG_LEVEL: 'warn',
    PORT: port,
    ...env,
  }
  const start = (name: string) =>
    spawn(process.execPath, [join(root, 'dist', name, 'main.js')], {
      env: settings,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
  const children = [start('worker'), start('api')]
  const url = `http://127.0.0.1:${port}`
  await untilReady(url, children)
  return {
    url,
    async close() {
      for (const child of children.toReversed()) {
        if (child.exitCode !== null) continue
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await backends.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function untilReady(url: string, children: ChildProcess[]): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (children.some((child) => child.exitCode !== null)) throw new Error('the product did not start; is dist/ built?')
    const ready = await fetch(`${url}/readyz`)
      .then((response) => response.json())
      .catch(() => undefined)
    if ((ready as { workers?: number } | undefined)?.workers === 1) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('the product was not ready within 30 s')
}
