import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../shared/package-root.ts'
import { podmanVersion, type Podman } from './podman.ts'
import { ulimitArguments } from './ulimits.ts'

/** There where a machine has cgroups of version 1 with a second tree of version 2 beside them. */
const SECOND_TREE = '/sys/fs/cgroup/unified/cgroup.controllers'

/**
 * Names and paths, tried in this order. crun goes first: with it a container takes some 15 % less CPU time than with runc.
 * Where it refuses the machine's cgroups, ours runs it (`sandbox/host/crun.c`). Others (gVisor's `runsc`) are used only when
 * asked for.
 */
export function ociRuntimes(): string[] {
  const own = existsSync(SECOND_TREE) ? [join(packageRoot(), 'sandbox/host/build/crun')] : []
  return ['crun', ...own, 'runc']
}

export interface RuntimeProbe {
  runtime: string
  /** Undefined when it works, else what the container engine said. */
  fault: string | undefined
}

/**
 * Runs one container that has what a sandbox has: the only proof that a runtime works with this machine's cgroups. Its standard input is
 * a pipe: crun gives what stands there to the root of the container, and without a pipe that is the machine's `/dev/null`.
 */
export async function probeRuntime(
  podman: Podman,
  runtime: string,
  image: string,
  timeoutFactor = 1,
): Promise<RuntimeProbe> {
  const timeoutMs = PROBE_MS * timeoutFactor
  const result = await podman
    .withRuntime(runtime)
    .try(['run', '--rm', '--interactive', ...SANDBOX_LIKE, ...ulimitArguments(), image, '/bin/true'], { timeoutMs })
  return {
    runtime,
    fault: result.exitCode === 0 ? undefined : lastLine(result.stderr) || `no answer within ${timeoutMs / 1000} s`,
  }
}

const PROBE_MS = 30_000
const SANDBOX_LIKE = [
  ['--pull', 'never'],
  ['--network', 'none'],
  ['--userns', 'auto:size=65536'],
  ['--memory', '64m'],
  ['--memory-swap', '64m'],
  ['--pids-limit', '32'],
  ['--cpu-shares', '512'],
  ['--log-driver', 'none'],
  ['--cap-drop', 'all'],
  ['--read-only'],
].flat()

export interface DetectOptions {
  podman: Podman
  /** Any image with `/bin/true`. */
  image: string
  /** The one to use, without trying others. */
  asked?: string | undefined
  /** Multiplies how long an answer is waited for: `TIMEOUT_FACTOR`. */
  timeoutFactor?: number | undefined
  /** Folder in which the answer is kept; another podman, mode or kernel is asked anew. */
  dataDir: string
}

/**
 * Finds the OCI runtime that can run containers here.
 * @throws Error with what each of them said, when none can
 */
export async function detectRuntime(options: DetectOptions): Promise<string> {
  const candidates: readonly string[] = options.asked === undefined ? ociRuntimes() : [options.asked]
  const key = [options.podman.mode, await podmanVersion(), release(), ...candidates].join(' ')
  const cacheFile = join(options.dataDir, 'oci-runtime.json')
  const cached = await readCache(cacheFile)
  if (cached?.key === key) return cached.runtime
  const faults: string[] = []
  for (const candidate of candidates) {
    const { runtime, fault } = await probeRuntime(options.podman, candidate, options.image, options.timeoutFactor)
    if (fault === undefined) {
      await mkdir(options.dataDir, { recursive: true })
      await writeFile(cacheFile, JSON.stringify({ key, runtime }))
      return runtime
    }
    faults.push(`  ${runtime}: ${fault}`)
  }
  throw new Error(`no OCI runtime can run a container on this machine:\n${faults.join('\n')}`)
}

async function readCache(file: string): Promise<{ key: string; runtime: string } | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { key: string; runtime: string }
  } catch {
    return undefined
  }
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? ''
