import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeOnce } from '../src/shared/close-once.ts'
import type { Language } from '../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, effectiveLimits } from '../src/shared/limits.ts'
import { stackKib } from '../src/worker/jobs/plan.ts'
import { BARE_COMMANDS } from '../tests/support/bare-commands.ts'
import { releaseAtSignal } from './release-at-signal.ts'

/**
 * The floor: the same interpreter, or compiler and program, from the same image, started as plain processes without any isolation but
 * chroot.
 */
export interface BareProcess {
  /** Runs the hello program once. @throws Error when it prints something else */
  run(): Promise<void>
  close(): Promise<void>
}

/** Minor numbers of the memory devices programs use. Nodes of their own: whoever clears up behind a run that was killed takes nobody else's. */
const DEVICES = { null: 3, zero: 5, full: 7, random: 8, urandom: 9 }

/**
 * Mounts a language's image and makes its hello program ready.
 * @param image reference of the image
 */
export async function createBareProcess(language: Language, image: string): Promise<BareProcess> {
  const root = await mkdtemp(join(tmpdir(), 'runyard-bench-'))
  const lower = execFileSync('podman', ['image', 'mount', image]).toString().trim()
  // As for a job: nothing of the image can be written, such as a compiler's cache, and its own folder is in memory.
  const mounts = [
    ['--bind', lower, root],
    ['-o', 'remount,bind,ro', root],
    ['-t', 'proc', 'proc', join(root, 'proc')],
    ['-t', 'tmpfs', 'tmpfs', join(root, 'dev')],
    ['-t', 'tmpfs', 'tmpfs', join(root, 'job')],
    ['-t', 'tmpfs', 'tmpfs', join(root, 'tmp')],
  ]
  let mounted = 0
  const release = closeOnce(
    ...['tmp', 'job', 'dev', 'proc', '.'].map((path, index) => () => {
      // A program that was running when this process was to end may still be there.
      if (mounted >= mounts.length - index) execFileSync('umount', ['--lazy', join(root, path)])
    }),
    () => execFileSync('podman', ['image', 'unmount', image]),
    () => rmdir(root),
  )
  const forget = releaseAtSignal(release)
  for (const mount of mounts) {
    execFileSync('mount', mount)
    mounted++
  }
  for (const [name, minor] of Object.entries(DEVICES)) {
    execFileSync('mknod', ['--mode=666', join(root, 'dev', name), 'c', '1', String(minor)])
  }
  writeFileSync(join(root, 'job', language.fileName), language.hello.code)
  const { stackBytes } = effectiveLimits({}, language.limits, DEFAULT_LIMITS, DEFAULT_CEILINGS)
  const fill = (argv: readonly string[]) =>
    argv.flatMap((part) => {
      if (part === '{compilerArgs}') return []
      if (part === '{entrypoint}' || part === '{sources}') return `/job/${language.fileName}`
      return part.replace('{stackKib}', String(stackKib(stackBytes)))
    })
  const typed = BARE_COMMANDS[language.id]
  // Every job compiles anew, and so does this.
  const commands =
    typed === undefined
      ? [...(language.compile ? [fill(language.compile.argv)] : []), fill(language.run.argv)]
      : [['sh', '-c', `cp /job/${language.fileName} . && ${typed}`]]
  const env = { ...language.env, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: '/job', LANG: 'C.UTF-8' }
  let made = 0
  const print = (argv: string[]) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn('chroot', [root, ...argv], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      child.on('error', reject)
      child.on('close', () => resolve(output))
    })
  return {
    async run() {
      // Those that are compiled get a new folder each, as jobs do.
      const folder = language.compile ? `/job/${(made++).toString()}` : '/job'
      if (language.compile) mkdirSync(join(root, folder))
      let output = ''
      for (const argv of commands) output = await print(language.compile ? ['env', `--chdir=${folder}`, ...argv] : argv)
      if (language.compile) rmSync(join(root, folder), { recursive: true })
      if (output !== language.hello.stdout) throw new Error(`${language.id} printed ${JSON.stringify(output)}`)
    },
    async close() {
      forget()
      await release()
    },
  }
}
