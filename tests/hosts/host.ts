import { existsSync, readlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from '../../src/host/child.ts'
import { runCommand } from '../../src/host/command.ts'
import { logTail } from '../../src/host/log-tail.ts'
import { childrenOf } from '../support/processes.ts'

/**
 * A host: namespaces of its own for network, mounts, processes, its name and shared memory, held by a process that is its PID 1. All that
 * runs in it ends with that process, and that ends with this one, however that comes; then nothing refers to the
 * namespaces any more, and with them go their devices and mounts.
 */
export interface Host {
  readonly name: string
  readonly address: string
  /** All that it keeps is below it. */
  readonly folder: string
  /** Its PID 1, as it is seen from outside. */
  readonly pid: number
  /** Runs a program to its end in the host's network; all else is as outside. */
  inNetwork(command: readonly string[]): Promise<string>
  /** Starts a program in the host. */
  start(name: string, command: readonly string[], env?: Record<string, string>): Promise<Program>
  /** Ends everything in it. */
  close(): Promise<void>
}

export interface Program {
  readonly logFile: string
  readonly running: boolean
  /** SIGTERM; resolves when it has ended. @returns its exit code */
  stop(): Promise<number | null>
}

/**
 * What stands in the way of another podman on this kernel gets out of it: its store, its locks in shared memory, its sockets and state. The images
 * are read where they are.
 */
const PID_1 = `
set -eu
mkdir "$FOLDER/images" "$FOLDER/containers"
mount --bind "$IMAGES" "$FOLDER/images"
mount -o remount,bind,ro "$FOLDER/images"
mount --bind "$FOLDER/containers" /var/lib/containers
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
hostname "$NAME"
ip link set lo up
: >"$FOLDER/ready"
sleep infinity & wait`

const NAMESPACES = ['net', 'mount', 'uts', 'ipc', 'pid']
const READY_MS = 10_000
const STOP_MS = 90_000

/**
 * @param images the folder of podman's store outside
 * @throws Error when there can be no such namespaces
 */
export async function startHost(name: string, address: string, parent: string, images: string): Promise<Host> {
  const folder = join(parent, name)
  await mkdir(folder)
  const init = await startChild({
    name,
    command: [
      'unshare',
      ...NAMESPACES.map((one) => `--${one}`),
      '--propagation',
      'slave',
      '--fork',
      '--kill-child',
      '--mount-proc',
      'sh',
      '-c',
      PID_1,
    ],
    logFile: join(folder, 'host.log'),
    env: { ...process.env, NAME: name, FOLDER: folder, IMAGES: images },
    deathSignal: 'KILL',
  })
  await untilReady(init.pid, folder)
  const pid = childrenOf(init.pid)[0] ?? 0
  await writeFile(
    join(folder, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "/var/lib/containers/storage"\nrunroot = "/run/containers/storage"\n[storage.options]\nadditionalimagestores = ["${join(folder, 'images')}"]\n`,
  )
  const enter = ['nsenter', '--target', String(pid), ...NAMESPACES.map((one) => `--${one}`), '--']
  return {
    name,
    address,
    folder,
    pid,
    inNetwork: (command) => runCommand(['nsenter', '--target', String(pid), '--net', '--', ...command]),
    async start(what, command, env = {}) {
      const logFile = join(folder, `${what}.log`)
      const child = await startChild({
        name: `${what} on ${name}`,
        command: [...enter, ...command],
        logFile,
        env: { ...process.env, CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'), ...env },
        deathSignal: 'KILL',
      })
      let running = true
      void child.ended.then(() => (running = false))
      return {
        logFile,
        get running() {
          return running
        },
        async stop() {
          // nsenter only waits for the program; a signal to it would not get there.
          for (const program of childrenOf(child.pid)) process.kill(program, 'SIGTERM')
          const late = setTimeout(() => child.kill(), STOP_MS)
          const { exitCode } = await child.ended
          clearTimeout(late)
          return exitCode
        },
      }
    },
    async close() {
      init.kill()
      await init.ended
      for (const deadline = Date.now() + READY_MS; isThere(pid) && Date.now() < deadline;) await sleep(20)
    },
  }
}

async function untilReady(pid: number, folder: string): Promise<void> {
  const file = join(folder, 'ready')
  for (const deadline = Date.now() + READY_MS; ; await sleep(20)) {
    if (childrenOf(pid).length > 0 && existsSync(file)) return
    if (Date.now() > deadline)
      throw new Error(`${file} did not come:\n${(await logTail(join(folder, 'host.log'))).join('\n')}`)
  }
}

/** Whether the process has not ended, nor only waits to be reaped. */
function isThere(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/ns/pid`)
    return true
  } catch {
    return false
  }
}
