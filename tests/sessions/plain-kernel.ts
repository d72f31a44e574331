import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { detectRuntime } from '../../src/host/oci-runtime.ts'
import { podmanCommand } from '../../src/host/podman.ts'
import { ulimitArguments } from '../../src/host/ulimits.ts'
import type { Language } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { kernelImage } from '../../src/shared/runtime-image.ts'
import type { Step } from './transcript-step.ts'

/** What came of a step, in a kernel of which no engine knows. */
export interface Plain {
  stdout: string
  stderr: string
  results: { data: Record<string, unknown>; isMainResult: boolean }[]
  error: { name: string; value: string } | null
  executionCount: number | null
}

/** Kernels that the engine starts in a way of its own, as their makers say. */
const USUAL_COMMANDS: Readonly<Record<string, string[]>> = {
  python: ['python3', '-m', 'ipykernel_launcher', '-f', '{connectionFile}', '--HistoryManager.enabled=False'],
  r: ['R', '--slave', '-e', 'IRkernel::main()', '--args', '{connectionFile}'],
}

/** Runs steps in the kernel of a language, in a container of its own. @throws CommandError */
export async function runPlain(language: Language, steps: readonly Step[]): Promise<Plain[]> {
  const { kernel } = language
  if (!kernel) throw new Error(`${language.id} has no kernel`)
  const folder = await mkdtemp(join(tmpdir(), 'plain-kernel-'))
  try {
    await copyFile(join(import.meta.dirname, 'plain-kernel.py'), join(folder, 'plain-kernel.py'))
    const spec = {
      argv: USUAL_COMMANDS[language.id] ?? kernel.argv,
      env: { ...language.env, ...kernel.env },
      protocol: kernel.protocol ?? 'jupyter',
      interrupt: kernel.interrupt,
      cwd: '/job',
      steps,
    }
    await writeFile(join(folder, 'spec.json'), JSON.stringify(spec))
    const image = kernelImage(packageRoot(), language)
    const podman = podmanCommand()
    const runtime = await detectRuntime({ podman, image, dataDir: folder })
    const container = ['run', '--rm', '--pull=never', '--network=none', '--log-driver=none', ...ulimitArguments()]
    const program = [`--volume=${folder}:/plain:ro`, image, 'python3', '/plain/plain-kernel.py', '/plain/spec.json']
    const said = await podman.withRuntime(runtime).run([...container, ...program], { timeoutMs: 300_000 })
    return JSON.parse(said) as Plain[]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
