import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import type { EnvironmentRecord, LockedPackage, PackageBan } from '../../shared/environments/environment.ts'
import { lockId } from '../../shared/environments/environment-oversight.ts'
import type { EnvironmentRecords } from '../../shared/environments/environment-records.ts'
import { banDetail, banOf, PACKAGE_RULES } from '../../shared/environments/package-rules.ts'
import { MIB, SECOND } from '../../shared/limits.ts'
import { makeSocketFolder } from '../../shared/socket-folder.ts'
import type { WorkerCore } from '../core.ts'
import { BASE_ENV } from '../jobs/plan.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { createUpstream } from '../way-out/upstream.ts'
import { openWayOut } from '../way-out/way-out.ts'
import { BuildFault, type BuildListener, type Built, buildPackages, cellBytes, type Installer } from './build.ts'
import { ECOSYSTEMS } from './ecosystem.ts'
import { isNoRoom, type Tree, type TreeStore } from './tree-store.ts'
import { PackFault } from './unpack.ts'

export interface BuilderOptions {
  trees: TreeStore
  /** How packages of an installed language are installed, and the image that can, where that is here. */
  installerOf: (language: string) => { installer: Installer; image: string | undefined; version: string } | undefined
  /** Makes the sandbox of an installer. @param wayOut folder of its way out */
  makeSandbox: (image: string, memoryBytes: number, wayOut: string | undefined) => Promise<Sandbox>
  /** Names of packages that exist, which may have been meant by one that does not. */
  nearNames: (language: string, name: string) => string[]
  /** Told how many bytes a build has downloaded. Must not throw. */
  downloaded: (bytes: number) => void
}

/** Builds environments, one call each, and keeps them on this host. */
export interface Builder {
  /** Names what a lock gives on this host: another runtime or installer gives other bytes. @throws Error when the language is not here */
  keyOf(language: string, lock: string): string
  /**
   * Builds and keeps an environment on this host.
   * @param manifest what is wanted, or a lock
   * @throws BuildFault for whoever asked; SandboxBroken and others when we failed
   */
  build(record: EnvironmentRecord, manifest: string, listener: BuildListener): Promise<Brought>
}

/** An environment that was built, and is held here until it is released. */
export interface Brought extends Built {
  key: string
  size: Tree
  release: () => void
}

/** For the installer itself, beside its files. */
const MEMORY_BYTES = 768 * MIB

/** @param closing ends the builds that are under way */
export function createBuilder(
  { config, log }: WorkerCore,
  records: Pick<EnvironmentRecords, 'bans'>,
  { trees, installerOf, makeSandbox, nearNames, downloaded }: BuilderOptions,
  closing: AbortSignal,
): Builder {
  const { packages: settings } = config
  const bounds = { maxBytes: settings.maxBytes, maxFiles: settings.maxFiles }
  const defaults = new Map<string, Promise<string>>()

  /** Of an installer: the operator's, the machine's, or its own. */
  const indexOf = async (language: string, installer: Installer, image: string): Promise<string> => {
    const configured = await ECOSYSTEMS[installer.ecosystem].configuredIndex(settings)
    if (configured !== undefined) return configured
    const known = defaults.get(language) ?? askDefault(installer, image)
    defaults.set(language, known)
    return known.catch((error: unknown) => {
      defaults.delete(language)
      throw error
    })
  }

  const askDefault = async (installer: Installer, image: string): Promise<string> => {
    const sandbox = await makeSandbox(image, 256 * MIB, undefined)
    try {
      sandbox.begin(16 * MIB)
      sandbox.writeFile(installer.manifest, 0o644, Buffer.alloc(0))
      let said = ''
      const start = { ...stageLimits(), args: installer.defaultIndex, env: { ...BASE_ENV, ...installer.installerEnv } }
      const times = { wallMs: 30 * SECOND, cpuMs: 30 * SECOND, outputBytes: 64 * 1024, fileBytes: 16 * MIB }
      await sandbox.run({ ...start, ...times, stdin: false }, Buffer.alloc(0), (_stream, bytes) => {
        said += bytes.toString()
      })
      const url = /https?:\/\/\S+/.exec(said)?.[0]
      if (url === undefined) throw new Error(`the installer names no default index: ${said}`)
      return url
    } finally {
      await sandbox.destroy()
    }
  }

  const stageLimits = () => ({
    processes: Math.min(256, config.limits.ceilings.processes),
    openFiles: Math.max(256, config.limits.ceilings.openFiles),
    stackBytes: config.limits.defaults.stackBytes,
    graceMs: config.sandbox.graceMs,
  })

  const keyOf: Builder['keyOf'] = (language, lock) => {
    const found = installerOf(language)
    if (!found) throw new Error(`${language} is not installed on this worker`)
    const { version, installer } = found
    const same = PACKAGE_RULES[installer.ecosystem].canonicalLock(lock)
    return createHash('sha256')
      .update(JSON.stringify([language, version, process.arch, installer, same]))
      .digest('hex')
  }

  const bansOf = async (ecosystem: PackageBan['ecosystem']) =>
    (await records.bans()).filter((ban) => ban.ecosystem === ecosystem)

  /** Unpacks what was built. @throws BuildFault when it is banned, too large, or the disk is full; the pack is gone then */
  const keep = async (language: string, built: Built, ecosystem: PackageBan['ecosystem']): Promise<Brought> => {
    let release: (() => void) | undefined
    try {
      // Once more: a build takes its time, and what is banned meanwhile is not kept either.
      refuseBanned(built.packages, await bansOf(ecosystem))
      const key = keyOf(language, built.lock)
      release = trees.hold(key)
      const size = (await trees.find(key)) ?? (await trees.add(key, built.pack, lockId(language, built.lock)))
      return { ...built, key, size, release }
    } catch (error) {
      release?.()
      await rm(built.pack, { force: true })
      throw error
    }
  }

  return {
    keyOf,
    async build({ view }, manifest, listener) {
      const { installer, image, version = '' } = installerOf(view.language) ?? {}
      if (!installer || image === undefined)
        throw new Error(`no installer of packages for ${view.language} is on this worker`)
      const begun = performance.now()
      const ecosystem = ECOSYSTEMS[installer.ecosystem]
      const bans = await bansOf(installer.ecosystem)
      const address = new URL(await indexOf(view.language, installer, image))
      const { timeoutFactor } = config
      const most = { maxBytes: 2 * bounds.maxBytes, maxRequests: 5000, maxMs: 3 * settings.timeoutMs, timeoutFactor }
      const upstream = createUpstream({ allow: settings.reach }, most, closing)
      const index = ecosystem.createIndex({
        index: address,
        upstream,
        minAgeMs: settings.minAgeMs,
        bans,
        failed: (err) => log.warn({ err, environment: view.id }, 'package index failed'),
        gives: (file) => listener.tell(`installing ${file}`),
      })
      const pack = await trees.newPack()
      const wayOut = await openWayOut(await makeSocketFolder(config.dataDir), { request: index.handle })
      let sandbox: Sandbox | undefined
      const stop = () => void sandbox?.destroy()
      try {
        sandbox = await makeSandbox(image, cellBytes(bounds) + MEMORY_BYTES, wayOut.folder)
        closing.throwIfAborted()
        closing.addEventListener('abort', stop)
        const limits = stageLimits()
        const near = (name: string) => nearNames(view.language, name)
        const built = await buildPackages({
          installer,
          sandbox,
          index,
          manifest,
          bounds,
          settings,
          limits,
          pack,
          nearNames: near,
          listener,
        })
        // One that was built before keeps its lock, by which other hosts know it.
        const lock = manifest === view.lock ? undefined : ecosystem.shortLock?.(built.lock, index, version)
        return await keep(view.language, { ...built, lock: lock ?? built.lock }, installer.ecosystem)
      } catch (error) {
        throw keptFault(error) ?? error
      } finally {
        closing.removeEventListener('abort', stop)
        await sandbox?.destroy()
        await wayOut.close()
        await upstream.close()
        const { bytes, requests, hosts } = upstream.used
        downloaded(bytes)
        const ms = Math.round(performance.now() - begun)
        const what = { environment: view.id, hosts: [...hosts], requests, bytes, ms, files: index.given.length }
        log.info(what, 'way out of an installer closed')
      }
    },
  }
}

/** What was built and cannot be kept here, for whoever asked; undefined when it is our fault. */
function keptFault(error: unknown): BuildFault | undefined {
  if (error instanceof PackFault)
    return new BuildFault({ code: 'environment-too-large', detail: `the packages ${error.message}` })
  return isNoRoom(error) ? fullFault(error) : undefined
}

/** For whoever asked: this host has no room for the packages. Details of its disk are for the log. */
export const fullFault = (error: Error): BuildFault =>
  new BuildFault(
    {
      code: 'environments-full',
      detail: 'this worker has no room to install the packages; try again later, or tell the operator',
    },
    { cause: error },
  )

/** @throws BuildFault when there is a package among them that an operator bans */
export function refuseBanned(packages: readonly LockedPackage[], bans: readonly PackageBan[]): void {
  for (const { name, version } of packages) {
    const ban = banOf(bans, name, version)
    if (ban) throw new BuildFault({ code: 'package-not-allowed', detail: banDetail(`${name} ${version}`, ban) })
  }
}
