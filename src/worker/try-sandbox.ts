import { pino } from 'pino'
import { v4 as uuid } from 'uuid'
import { loadConfig } from '../shared/config/config.ts'
import { packageRoot } from '../shared/package-root.ts'
import { makeSocketFolder } from '../shared/socket-folder.ts'
import { containerOptionsOf } from './sandbox/container-options.ts'
import { createEngine } from './sandbox/engine.ts'
import { createPodmanSandbox } from './sandbox/podman-sandbox.ts'
import { sandboxLaunch } from './sandbox/sandbox-launch.ts'

/**
 * A program: makes a sandbox as a worker with these settings would, waits until the init in it is ready, and removes it.
 * `node try-sandbox.js IMAGE` says on standard output which way the sandbox was connected, or on standard error what a worker
 * would have failed with, and ends with 1.
 */
try {
  const config = loadConfig(packageRoot())
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) })
  const lines: string[] = []
  const engine = createEngine(config.sandbox.podmanSocket ?? '', config.timeoutFactor)
  const folder = config.sandbox.sockets ? () => makeSocketFolder(config.dataDir) : undefined
  const options = containerOptionsOf(config, `trial-${uuid()}`)(
    process.argv[2] ?? '',
    config.limits.defaults.memoryBytes,
  )
  const sandbox = await createPodmanSandbox(
    engine,
    sandboxLaunch(engine, folder, config.sandbox.diskReadBytes, log),
    options,
    log,
  )
  await sandbox.destroy()
  const isDirect = lines.some((line) => line.includes('sandboxes connect to'))
  process.stdout.write(isDirect ? 'connected to a socket of the worker' : 'spoken to through podman')
  process.exit(0)
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
