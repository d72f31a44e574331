import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Language } from '../src/shared/language.ts'

/**
 * The floor: the same interpreter, or compiler and program, from the same image, started as plain processes without any isolation but
 * chroot.
 */
export interface BareProcess {
  /** Runs the hello program once. @throws Error when it prints something else */
  run(): Promise<void>
  close(): Promise<void>
}

/**
 * Mounts a language's image and makes its hello program ready.
 * @param image reference of the image
 */
export async function createBareProcess(language: Language, image: string): Promise<BareProcess> {
  const upper = await mkdtemp(join(tmpdir(), 'runyard-bench-'))
  const lower = execFileSync('podman', ['image', 'mount', image]).toString().trim()
  const merged = join(upper, 'root')
  for (const name of ['root', 'up', 'work']) mkdirSync(join(upper, name))
  execFileSync('mount', [
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=${lower},upperdir=${upper}/up,workdir=${upper}/work`,
    merged,
  ])
  execFileSync('mount', ['-t', 'proc', 'proc', join(merged, 'proc')])
  execFileSync('mount', ['--bind', '/dev', join(merged, 'dev')])
  writeFileSync(join(merged, 'job', language.fileName), language.hello.code)
  const fill = (argv: readonly string[]) =>
    argv.flatMap((part) => {
      if (part === '{compilerArgs}') return []
      return part === '{entrypoint}' || part === '{sources}' ? `/job/${language.fileName}` : part
    })
  // Every job compiles anew, and so does this.
  const commands = [...(language.compile ? [fill(language.compile.argv)] : []), fill(language.run.argv)]
  const env = { ...language.env, PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: '/job', LANG: 'C.UTF-8' }
  let made = 0
  const print = (argv: string[]) =>
    new Promise<string>((resolve, reject) => {
      const child = spawn('chroot', [merged, ...argv], { env, stdio: ['ignore', 'pipe', 'inherit'] })
      let output = ''
      child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      child.on('error', reject)
      child.on('close', () => resolve(output))
    })
  return {
    async run() {
      // Those that are compiled at once get a folder each, as jobs do.
      const folder = language.compile ? `/job/${(made++ % 64).toString()}` : '/job'
      if (language.compile) mkdirSync(join(merged, folder), { recursive: true })
      let output = ''
      for (const argv of commands) output = await print(language.compile ? ['env', `--chdir=${folder}`, ...argv] : argv)
      if (output !== language.hello.stdout) throw new Error(`${language.id} printed ${JSON.stringify(output)}`)
    },
    async close() {
      for (const path of ['dev', 'proc', '.']) execFileSync('umount', [join(merged, path)])
      execFileSync('podman', ['image', 'unmount', image])
      await rm(upper, { recursive: true, force: true })
    },
  }
}
