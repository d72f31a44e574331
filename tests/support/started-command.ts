import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createEngine } from '../../src/worker/sandbox/engine.ts'

/** `runyard` as a process that stays. */
export interface StartedCommand {
  child: ChildProcess
  /** All it has printed so far. */
  text(): string
  ended: Promise<unknown>
}

const START_MS = 120_000

/** The compiled command. @throws Error when it is missing */
export function compiledCommand(): string {
  const main = join(packageRoot(), 'dist/cli/main.js')
  if (!existsSync(main)) throw new Error(`${main} is missing; "npm run build" makes it, and so does "npm test"`)
  return main
}

/** @param settings beside the environment of this process, of which what the tests' own Redis and podman are is left out */
export function startCommand(args: readonly string[], settings: Record<string, string>): StartedCommand {
  const { NODE_OPTIONS: _, REDIS_URL: _redis, PODMAN_SOCKET: _podman, ...env } = process.env
  const child = spawn(process.execPath, [compiledCommand(), ...args], {
    env: { ...env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()))
  return { child, text: () => text, ended: once(child, 'close') }
}

/** @throws Error with all that was printed when the words do not come */
export async function printed(started: StartedCommand, words: string): Promise<void> {
  for (const deadline = Date.now() + START_MS; !started.text().includes(words); await sleep(50)) {
    const over = Date.now() > deadline || started.child.exitCode !== null
    if (over) throw new Error(`"${words}" was not printed:\n${started.text()}`)
  }
}

/** Processes, sockets that are listened on, and containers that belong to a Runyard, which all have its data directory in their names. */
export async function leftOf(dataDir: string, namespace: string): Promise<string[]> {
  const read = (file: string) => {
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return '' // It ended meanwhile, or belongs to somebody else.
    }
  }
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) => read(file).includes(dataDir)))
    .map((pid) => `process ${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`)
  const sockets = read('/proc/net/unix')
    .split('\n')
    .filter((line) => line.includes(dataDir))
  const engine = createEngine(process.env['RUNYARD_TEST_PODMAN'] ?? '')
  const containers = await engine.containers(CONTAINER_LABEL.namespace, namespace)
  return [...processes, ...sockets, ...containers.map(({ id }) => `container ${id}`)]
}
