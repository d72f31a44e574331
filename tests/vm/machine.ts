import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CommandResult, tryCommand } from '../../src/host/command.ts'
import { MINUTE, SECOND } from '../../src/shared/limits.ts'
import type { Disk } from './disk.ts'
import { ownPort } from '../support/own-port.ts'

/** A virtual machine that runs, spoken to by ssh over loopback. What is written to its disk goes with it. */
export interface Machine {
  /** Of port 3000 of its loopback. */
  url: string
  /** Runs a line of shell, with a login of its own. @throws Error with what it printed, when it fails */
  run(line: string, user?: string): Promise<string>
  try(line: string, user?: string): Promise<CommandResult>
  /** Runs a line of shell in the foreground of a terminal. */
  terminal(line: string, user?: string): Terminal
  /** Starts it again and waits until it is up. */
  reboot(): Promise<void>
  close(): Promise<void>
}

export interface Terminal {
  /** What was printed so far. */
  readonly text: string
  /** Undefined while it runs. */
  readonly exitCode: number | undefined
  /** Resolves when what was printed has this, rejects when it ended before or it took too long. */
  until(words: string | RegExp, timeoutMs: number): Promise<void>
  /** Ctrl-C, and waits for its end. */
  interrupt(timeoutMs: number): Promise<void>
}

/** A machine that lives for a trial has a key that nobody knows. It may take long to answer. */
const SSH_OPTIONS =
  '-o LogLevel=ERROR -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null ' +
  '-o ConnectTimeout=300 -o ServerAliveInterval=60 -o ServerAliveCountMax=10'
/** Polite: a whole processor is emulated, for hours. */
const NICE = process.env['VM_NICE'] ?? '15'
/** Two ports, as a machine that is kept tells them (`VM_KEEP`): it is gone on with, none is started. */
const ATTACHED = process.env['VM_ATTACH']?.split(',').map(Number)
const BOOT_MS = 60 * MINUTE
const COMMAND_MS = 60 * MINUTE

/** Whether this machine's processor helps: a device alone does not say so. */
export function hasKvm(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return false
  }
  return /^flags\s*:.*\b(?:vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
}

/**
 * @param kernelOptions beside those that it needs to boot
 * @param folder for its console's log, and what is temporary
 * @param key private, of who may log in
 */
export async function startMachine(
  disk: Disk,
  options: { name: string; kernelOptions: string; folder: string; key: string; say: (text: string) => void },
): Promise<Machine> {
  const { name, folder, key, say } = options
  await mkdir(folder, { recursive: true })
  const [port = 0, gateway = 0] = ATTACHED ?? [await ownPort(), await ownPort()]
  const consoleLog = join(folder, `${name}.console.log`)
  const qemu = ATTACHED ? undefined : startQemu(qemuArguments(disk, options.kernelOptions, port, consoleLog), folder)
  say(`VM_ATTACH=${port},${gateway}: ssh -p ${port} -i ${key} root@127.0.0.1; its gateway is port ${gateway} here`)

  const ssh = (user: string, ...more: string[]) => [
    ...`-F none -p ${port} -l ${user} ${SSH_OPTIONS}`.split(' '),
    '-i',
    key,
    ...more,
    '127.0.0.1',
  ]
  const attempt = (line: string, user: string, timeoutMs = COMMAND_MS) =>
    tryCommand(['ssh', ...ssh(user), line], { timeoutMs })
  let tunnel: ChildProcess | undefined

  const untilUp = async () => {
    const began = performance.now()
    for (;;) {
      if (qemu?.child.exitCode != null) throw new Error(`qemu ended with ${qemu.child.exitCode}: ${qemu.said()}`)
      if (/^\[.*Kernel panic/m.test(await readFile(consoleLog, 'utf8').catch(() => ''))) {
        throw new Error(`the kernel of the machine panicked:\n${(await readFile(consoleLog, 'utf8')).slice(-2000)}`)
      }
      if (performance.now() - began > BOOT_MS) {
        throw new Error(
          `no login within ${BOOT_MS / MINUTE} minutes:\n${(await readFile(consoleLog, 'utf8')).slice(-2000)}`,
        )
      }
      if ((await attempt('true', 'root', 6 * MINUTE)).exitCode === 0) break
      await sleep(2 * SECOND)
    }
    const { stdout } = await attempt('systemctl is-system-running --wait', 'root')
    tunnel?.kill()
    tunnel = spawn('ssh', ssh('root', '-N', '-o', 'ExitOnForwardFailure=yes', '-L', `${gateway}:127.0.0.1:3000`), {
      stdio: 'ignore',
    })
    say(`up after ${((performance.now() - began) / 1000).toFixed(0)} s, systemd says ${stdout.trim()}`)
  }

  const machine: Machine = {
    url: `http://127.0.0.1:${gateway}`,
    try: (line, user = 'root') => attempt(line, user),
    async run(line, user = 'root') {
      const { exitCode, stdout, output } = await attempt(line, user)
      if (exitCode !== 0) throw new Error(`${line}: ended with ${exitCode}: ${output.trim().slice(-3000)}`)
      return stdout
    },
    terminal: (line, user = 'root') => openTerminal(ssh(user, '-tt'), line),
    async reboot() {
      const before = await machine.run('cat /proc/sys/kernel/random/boot_id')
      await attempt('systemctl reboot', 'root', MINUTE)
      for (const deadline = Date.now() + BOOT_MS; Date.now() < deadline; await sleep(2 * SECOND)) {
        const { exitCode, stdout } = await attempt('cat /proc/sys/kernel/random/boot_id', 'root', 6 * MINUTE)
        if (exitCode === 0 && stdout !== before) break
      }
      await untilUp()
    },
    async close() {
      tunnel?.kill()
      if (!qemu || qemu.child.exitCode !== null) return
      const ended = new Promise((resolve) => qemu.child.once('exit', resolve))
      qemu.child.kill('SIGTERM')
      await ended
    },
  }
  try {
    await untilUp()
  } catch (error) {
    await machine.close()
    throw error
  }
  return machine
}

function startQemu(args: string[], folder: string): { child: ChildProcess; said(): string } {
  const env = { ...process.env, TMPDIR: folder }
  const child = spawn('nice', ['-n', NICE, 'qemu-system-x86_64', ...args], { stdio: ['ignore', 'ignore', 'pipe'], env })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  process.once('exit', () => child.kill('SIGKILL'))
  return { child, said: () => said.trim() }
}

function qemuArguments(disk: Disk, kernelOptions: string, port: number, consoleLog: string): string[] {
  // With a thread for each emulated processor, a kernel that rewrites its own code (static keys) now and then runs half of the new
  // instruction, and panics.
  const accelerator = hasKvm() ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg,thread=single,tb-size=1024']
  return [
    ...accelerator,
    ...'-smp 2 -m 5G -display none -monitor none -device virtio-rng-pci -serial'.split(' '),
    `file:${consoleLog}`,
    '-kernel',
    disk.kernel,
    '-initrd',
    disk.initrd,
    '-append',
    `root=/dev/vda rw console=ttyS0 ${kernelOptions}`,
    '-drive',
    `file=${disk.image},format=raw,if=virtio,cache=unsafe,snapshot=on`,
    // Nothing outside is reached from in there, and it is reached by ssh alone.
    '-nic',
    `user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`,
  ]
}

function openTerminal(args: string[], line: string): Terminal {
  const child = spawn('ssh', [...args, line], { stdio: ['pipe', 'pipe', 'pipe'] })
  let text = ''
  let exitCode: number | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (more: string) => (text += more.replaceAll('\r', '')))
  }
  child.on('close', (code) => (exitCode = code ?? -1))
  const wait = async (until: () => boolean, timeoutMs: number, what: string) => {
    for (const deadline = Date.now() + timeoutMs; !until(); await sleep(100)) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / SECOND} s:\n${text.slice(-3000)}`)
    }
  }
  const has = (words: string | RegExp) => (typeof words === 'string' ? text.includes(words) : words.test(text))
  return {
    get text() {
      return text
    },
    get exitCode() {
      return exitCode
    },
    async until(words, timeoutMs) {
      await wait(() => has(words) || exitCode !== undefined, timeoutMs, `waiting for ${String(words)}`)
      if (!has(words)) throw new Error(`ended with ${exitCode} before it said ${String(words)}:\n${text.slice(-3000)}`)
    },
    async interrupt(timeoutMs) {
      child.stdin.write('\x03')
      await wait(() => exitCode !== undefined, timeoutMs, 'ending after Ctrl-C')
    },
  }
}
