import type { ContainerCreateOptions } from 'dockerode'
import type { Logger } from 'pino'
import type { Config } from '../../shared/config/config.ts'
import { MIB } from '../../shared/limits.ts'
import { makeSocketFolder } from '../../shared/socket-folder.ts'
import { containerOptionsOf } from './container-options.ts'
import type { Engine } from './engine.ts'
import { keepProof } from './keep-proof.ts'
import { quietKernelLog } from './kernel-log.ts'
import { createPodmanSandbox, shortId } from './podman-sandbox.ts'
import type { PrewarmProgram } from './prewarmed.ts'
import { ENVIRONMENT_FOLDER } from './protocol.ts'
import { partsOf, WAY_OUT_FOLDER } from './sandbox-image.ts'
import { sandboxLaunch } from './sandbox-launch.ts'
import type { FaultKind, Sandbox } from './sandbox.ts'
import { proveLimits } from './self-check.ts'

/** Makes this worker's sandboxes, and knows those that live. */
export interface SandboxMaker {
  /**
   * @param image also with an environment, as `withEnvironment` has it
   * @param wayOut folder with the socket of its way out, if it has one
   * @throws as `createPodmanSandbox`
   */
  make(image: string, memoryBytes: number, wayOut?: string): Promise<Sandbox>
  /** Whether a container is a sandbox of this worker's that lives. */
  has(container: string): boolean
  /** An image to try things with. */
  anyImage(): string
}

export interface SandboxMakerOptions {
  config: Config
  /** Its id. */
  worker: string
  engine: Engine
  images: {
    /** Of the languages that are installed. */
    all: () => readonly string[]
    /** What can be prewarmed in a sandbox of this image. */
    prewarm: (image: string) => PrewarmProgram | undefined
  }
  /** Has the folders of environments, and keeps one while it is mounted. Whoever lends a sandbox keeps it from then on. */
  trees: { folder: (key: string) => string; hold: (key: string) => () => void }
  observer: MakerObserver
  log: Logger
}

/** Told of every sandbox, for observer. Must not throw. */
export interface MakerObserver {
  sandboxStarted: (ms: number) => void
  sandboxNotStarted: () => void
  sandboxFault: (kind: FaultKind) => void
}

function createSandboxMaker(options: SandboxMakerOptions): SandboxMaker {
  const { config, worker, engine, images, trees, observer, log } = options
  const { sandbox: settings } = config
  const [firstImage] = images.all()
  if (firstImage === undefined)
    throw new Error('no language is installed for this version of Runyard; npx runyard languages install python')
  const living = new Set<string>()
  const launch = sandboxLaunch(
    engine,
    settings.sockets ? () => makeSocketFolder(config.dataDir) : undefined,
    settings.diskReadBytes,
    log,
  )
  const optionsOf = containerOptionsOf(config, worker)

  return {
    async make(sandboxImage, memoryBytes, wayOut) {
      const begun = performance.now()
      const { image, environment } = partsOf(sandboxImage)
      const release = environment === undefined ? undefined : trees.hold(environment)
      const mounts = [
        ...(environment === undefined ? [] : [bind(trees.folder(environment), ENVIRONMENT_FOLDER)]),
        ...(wayOut === undefined ? [] : [bind(wayOut, WAY_OUT_FOLDER)]),
      ]
      const spec = withMounts(optionsOf(image, memoryBytes), mounts)
      const making = createPodmanSandbox(engine, launch, spec, log, images.prewarm(sandboxImage), observer.sandboxFault)
      const sandbox = await making
        .catch((error: unknown) => {
          observer.sandboxNotStarted()
          throw error
        })
        .finally(() => release?.())
      observer.sandboxStarted(performance.now() - begun)
      living.add(sandbox.id)
      void sandbox.gone.then(() => living.delete(sandbox.id))
      return sandbox
    },
    has: (container) => living.has(shortId(container)),
    anyImage: () => images.all()[0] ?? firstImage,
  }
}

const bind = (Source: string, Target: string) => ({ Type: 'bind' as const, Source, Target, ReadOnly: true })

function withMounts(
  options: ContainerCreateOptions,
  mounts: readonly ReturnType<typeof bind>[],
): ContainerCreateOptions {
  if (mounts.length === 0) return options
  const there = options.HostConfig?.Mounts ?? []
  return { ...options, HostConfig: { ...options.HostConfig, Mounts: [...there, ...mounts] } }
}

/** Small, so that the memory probe is over soon. */
const PROBE_MEMORY_BYTES = 64 * MIB

/**
 * Makes sure that limits hold in the sandboxes it makes, unless that was proved before.
 * @throws Error when no language is installed or podman does not answer, LimitsNotEnforced when this host cannot keep limits
 */
export async function createProvenMaker(
  options: SandboxMakerOptions & {
    /** What the engine said of itself. */
    identity: string
  },
): Promise<SandboxMaker> {
  const { config, identity, log } = options
  const { sandbox: settings, timeoutFactor, dataDir } = config
  const maker = createSandboxMaker(options)
  if (!settings.keepFaultLog) await quietKernelLog(log)
  const image = maker.anyImage()
  const prove = () => proveLimits(() => maker.make(image, PROBE_MEMORY_BYTES), log, timeoutFactor)
  const { Labels: _labels, ...asked } = containerOptionsOf(config, options.worker)(image, PROBE_MEMORY_BYTES)
  await keepProof(dataDir, { engine: identity, asked }, prove, log)
  return maker
}
