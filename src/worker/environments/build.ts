import { closeSync, openSync, writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { EnvironmentError, EnvironmentFault, LockedPackage } from '../../shared/environments/environment.ts'
import { PACKAGE_RULES } from '../../shared/environments/package-rules.ts'
import type { Language } from '../../shared/language.ts'
import { MIB } from '../../shared/limits.ts'
import { BASE_ENV } from '../jobs/plan.ts'
import type { StageStart } from '../sandbox/frames.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { ENVIRONMENT_FOLDER } from '../sandbox/protocol.ts'
import type { StageReport } from '../sandbox/stage-report.ts'
import { RELAY_URL, withRelay } from '../way-out/way-out.ts'
import { ECOSYSTEMS } from './ecosystem.ts'
import type { PackageIndex } from './package-index.ts'
import type { TreeBounds } from './unpack.ts'

export type Installer = NonNullable<Language['environments']>

export interface BuildOptions {
  installer: Installer
  /** One with the installer, and the index at its way out. */
  sandbox: Sandbox
  index: PackageIndex
  manifest: string
  bounds: TreeBounds
  settings: BuildSettings
  /** What the sandbox may have at most. */
  limits: Pick<StageStart, 'processes' | 'openFiles' | 'stackBytes' | 'graceMs'>
  /** Where the pack is written: a name that is free. */
  pack: string
  /** Names that may have been meant by one that nobody has. */
  nearNames: (name: string) => string[]
  listener: BuildListener
}

export interface BuildSettings {
  /** Whether code of packages may run while they are compiled. */
  builds: boolean
  /** Of each step, in ms. */
  timeoutMs: number
}

/** Told of a build. Must not throw. */
export interface BuildListener {
  /** What is being done. */
  tell: (progress: string) => void
  /** What the installer said in a step, its end where that is long. */
  said: (step: string, words: string) => void
}

export interface Built {
  lock: string
  /** Those of the lock. */
  packages: LockedPackage[]
  /** The caller removes it. See `unpack.ts`. */
  pack: string
}

/** Packages cannot be had: for whoever asked. */
export class BuildFault extends Error {
  override readonly name = 'BuildFault'
  readonly code: EnvironmentFault
  constructor({ code, detail }: EnvironmentError, options?: ErrorOptions) {
    super(detail, options)
    this.code = code
  }
}

/** Room beside the packages for what installing them takes. */
const SPARE_BYTES = 128 * MIB
const WORDS_BYTES = 8 * 1024
const LOCK_BYTES = MIB

/** What the cell of an installer may hold. */
export const cellBytes = ({ maxBytes }: TreeBounds): number => maxBytes + SPARE_BYTES

/**
 * Resolves, downloads, installs and packs, in one cell without network but the index: nothing of a package is run. What comes out of the
 * cell is a lock and a pack, both to be checked by whoever uses them.
 * @throws BuildFault, SandboxBroken; nothing is left then
 */
export async function buildPackages(options: BuildOptions): Promise<Built> {
  const { installer, sandbox, manifest, bounds, pack, listener } = options
  const { tell } = listener
  sandbox.begin(cellBytes(bounds))
  const { isLock, packagesOf, canonicalLock } = PACKAGE_RULES[installer.ecosystem]
  const locked = isLock(manifest)
  sandbox.writeFile(locked ? installer.lock : installer.manifest, 0o644, Buffer.from(manifest))
  let resolved = manifest
  if (!locked) {
    tell('resolving')
    const parts: Buffer[] = []
    await step(options, 'resolve', installer.resolve, LOCK_BYTES + WORDS_BYTES, (bytes) => parts.push(bytes))
    resolved = Buffer.concat(parts).toString()
  }
  const lock = canonicalLock(resolved)
  const packages = packagesOf(lock)
  if (packages.length === 0 && lock.replaceAll(/#.*/g, '').trim() !== '')
    throw new BuildFault({ code: 'environment-failed', detail: 'the lock names no packages' })
  tell('installing')
  await step(options, 'install', installer.install, WORDS_BYTES, () => undefined)
  tell('compiling and packing')
  // At once, so that a slow disk slows the cell and not more than a piece is held.
  const file = openSync(pack, 'wx', 0o600)
  let failed: unknown
  try {
    // Paths and heads of entries beside the content.
    const most = bounds.maxBytes + bounds.maxFiles * 1100
    await step(options, 'pack', installer.pack, most, (bytes) => {
      if (failed !== undefined) return
      try {
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
      } catch (error) {
        failed = error
        sandbox.kill()
      }
    })
    if (failed !== undefined) throw failed
    return { lock, packages, pack }
  } catch (error) {
    await rm(pack, { force: true })
    throw failed ?? error
  } finally {
    closeSync(file)
  }
}

async function step(
  options: BuildOptions,
  name: 'resolve' | 'install' | 'pack',
  argv: readonly string[],
  outputBytes: number,
  take: (bytes: Buffer) => void,
): Promise<void> {
  const { installer, sandbox, bounds, limits, listener } = options
  const { builds, timeoutMs } = options.settings
  const values: Record<string, string> = {
    '{index}': `${RELAY_URL}${ECOSYSTEMS[installer.ecosystem].indexPath}`,
    '{environment}': ENVIRONMENT_FOLDER,
    '{builds}': builds ? 'on' : 'off',
    '{maxFiles}': String(bounds.maxFiles),
    '{maxBytes}': String(bounds.maxBytes),
    '{timeoutMs}': String(timeoutMs),
  }
  const args = argv.map((text) => text.replaceAll(/\{\w+\}/g, (word) => values[word] ?? word))
  const start: StageStart = {
    ...limits,
    args: name === 'pack' ? args : withRelay(args),
    env: { ...BASE_ENV, ...installer.installerEnv },
    wallMs: timeoutMs,
    cpuMs: 2 * timeoutMs,
    outputBytes,
    fileBytes: cellBytes(bounds),
    stdin: false,
  }
  let words: Buffer = Buffer.alloc(0)
  const report = await sandbox.run(start, Buffer.alloc(0), (stream, bytes) => {
    if (stream === 'stdout') take(bytes)
    else words = Buffer.concat([words, bytes]).subarray(-WORDS_BYTES)
  })
  if (words.length > 0) listener.said(name, words.toString())
  if (report.reason === 'exit' && report.exitCode === 0 && !report.truncated) return
  throw new BuildFault(whyFailed(name, report, words.toString(), options))
}

/** In the order in which one explains the other. */
function whyFailed(
  name: string,
  report: StageReport,
  words: string,
  { installer, index, bounds, settings, nearNames }: BuildOptions,
): EnvironmentError {
  const said = words.trim().slice(-4000)
  const tooLarge = `the packages and what they need have more than ${bounds.maxBytes} bytes or ${bounds.maxFiles} files, the most that is allowed`
  if (report.reason === 'wall' || report.reason === 'cpu')
    return { code: 'environment-failed', detail: `the ${name} step took longer than ${settings.timeoutMs / 1000} s` }
  const isFull =
    report.reached.includes('fileBytes') ||
    /no space left|os error 28|file too large|^too large|decompression ratio exceeded/im.test(said)
  if (report.reason === 'output' || report.truncated || report.oomKills > 0 || isFull)
    return { code: 'environment-too-large', detail: tooLarge }
  const refusal = ECOSYSTEMS[installer.ecosystem].explains(index.refusals, said)
  if (refusal) {
    const near = refusal.kind === 'unknown' && refusal.version === undefined ? nearNames(refusal.name) : []
    const reason = near.length > 0 ? `${refusal.detail}; near names: ${near.join(', ')}` : refusal.detail
    const detail = said === '' ? reason : `${reason}\n\n${said}`
    return { code: CODES[refusal.kind], detail }
  }
  const [fault] = index.faults
  const parts = [...(fault === undefined ? [] : [fault]), said === '' ? `the ${name} step failed` : said]
  return { code: 'environment-failed', detail: parts.join('\n\n') }
}

const CODES = {
  banned: 'package-not-allowed',
  unknown: 'package-unknown',
  'too-new': 'package-too-new',
  'needs-build': 'package-needs-build',
} as const
