import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import Docker, { type ContainerCreateOptions } from 'dockerode'
import { SECOND } from '../../shared/limits.ts'
import { retry } from '../../shared/retry.ts'

/** A container whose standard streams are attached, as one multiplexed stream. */
export interface AttachedContainer {
  id: string
  /** In: standard input. Out: blocks of standard output and error (see `createDockerDemux`). Ends with the container. */
  stream: Duplex
}

export interface EngineImage {
  /** Every tag of the image. */
  references: string[]
  labels: Record<string, string>
}

export interface EngineContainer {
  id: string
  labels: Record<string, string>
  createdAt: number
}

/** What Runyard asks of podman's Docker-compatible API. Every call has a time limit of its own. */
export interface Engine {
  /** Multiplies the time limits of calls, and of what waits for a sandbox: `TIMEOUT_FACTOR`. */
  readonly timeoutFactor: number
  /** @throws when the engine does not answer within 2 s */
  ping(): Promise<void>
  /**
   * What it is, what it runs containers with, and which cgroup controllers it was delegated, as a text that differs when one of
   * them does. @throws when it does not answer
   */
  identity(): Promise<string>
  /**
   * Creates and starts a container and attaches to it before it runs, so that nothing it says is lost.
   * @throws when the engine refuses; nothing is left behind then
   */
  launch(options: ContainerCreateOptions): Promise<AttachedContainer>
  /**
   * Creates and starts a container to which the engine keeps no stream.
   * @returns its id
   * @throws when the engine refuses; nothing is left behind then
   */
  start(options: ContainerCreateOptions): Promise<string>
  /** Whether the container runs; false when there is none any more. */
  isRunning(id: string): Promise<boolean>
  /** Kills and removes. Resolves when it is gone, also when it was before. */
  remove(id: string): Promise<void>
  /** Images that have the label, whatever its value. Podman computes for longer than to start a container. */
  images(label: string): Promise<EngineImage[]>
  /**
   * A text that differs once an image was added, named or removed, where the engine's store can be seen from here; undefined elsewhere.
   * It costs next to nothing.
   */
  imagesMark(): Promise<string | undefined>
  /** Containers, running or not, with this value of the label. */
  containers(label: string, value: string): Promise<EngineContainer[]>
}

interface EngineVersion {
  Version: string
  Components?: { Name: string; Version: string }[]
}

const CALL_TIMEOUT_MS = 10_000
const PING_TIMEOUT_MS = 2_000
/** Removal may meet a container in the middle of its own exit; podman then answers 500 for a moment. */
const REMOVE_BACKOFF_MS = [50, 200, 500, 1000, 2000]

/** A list meets a container or an image at its very end, too: podman 4.3 answers 500 for the whole of it. */
const LIST_BACKOFF_MS = [20, 100, 300, 1000]

/**
 * @param socketPath of `podman system service`, or of any engine with Docker's API
 * @param timeoutFactor above 1 on a slow machine
 */
export function createEngine(socketPath: string, timeoutFactor = 1): Engine {
  const docker = new Docker({ socketPath })
  // Its types know no options.
  const version = docker.version.bind(docker) as unknown as (options: {
    abortSignal: AbortSignal
  }) => Promise<EngineVersion>
  const callMs = CALL_TIMEOUT_MS * timeoutFactor
  let store: PodmanInfo['store']

  /** @param prepare is called between creation and start. @returns the container's id */
  const start = async (options: ContainerCreateOptions, prepare?: (id: string) => Promise<unknown>) => {
    const container = await answered('create a container', callMs, (abortSignal) =>
      docker.createContainer({ ...options, abortSignal }),
    )
    try {
      await prepare?.(container.id)
      await answered('start a container', callMs, (abortSignal) => container.start({ abortSignal }))
      return container.id
    } catch (error) {
      await remove(container.id).catch(() => undefined)
      throw error
    }
  }

  /** Podman looks up the Debian package of each of its programs for it. @returns undefined of another engine */
  const podman = async () => {
    const info = await answered('tell its state', callMs, (abortSignal) => podmanInfo(docker, abortSignal))
    store = info?.store
    return info
  }

  const remove = (id: string) => {
    const container = docker.getContainer(id)
    const once = () =>
      answered('remove a container', callMs, (abortSignal) => container.remove({ force: true, v: true, abortSignal }))
    return patiently(once, REMOVE_BACKOFF_MS).then(() => undefined, unlessGone)
  }

  return {
    timeoutFactor,
    ping: async () => {
      // Its types know the callback only.
      const ping = docker.ping.bind(docker) as (options: { abortSignal: AbortSignal }) => Promise<unknown>
      await answered('answer a ping', PING_TIMEOUT_MS * timeoutFactor, (abortSignal) => ping({ abortSignal }))
    },
    identity: async () => {
      const info = await podman()
      if (info) return JSON.stringify(identityOf(info))
      const { Version, Components } = await answered('tell its version', callMs, (abortSignal) =>
        version({ abortSignal }),
      )
      return JSON.stringify([Version, Components?.map((part) => [part.Name, part.Version])])
    },
    launch: async (options) => {
      let stream: Duplex | undefined
      try {
        const id = await start(options, async (created) => (stream = await attach(docker, created, callMs)))
        if (!stream) throw new Error(`container ${id} was not attached`)
        return { id, stream }
      } catch (error) {
        stream?.destroy()
        throw error
      }
    },
    start: (options) => start(options),
    isRunning: async (id) => {
      const inspect = (abortSignal: AbortSignal) => docker.getContainer(id).inspect({ abortSignal })
      const found = await answered('inspect a container', callMs, inspect).catch(unlessGone)
      return found?.State.Running ?? false
    },
    remove,
    images: async (label) => {
      const options = { filters: { label: [label] } }
      const list = (abortSignal: AbortSignal) => docker.listImages({ ...options, abortSignal })
      const images = await patiently(() => answered('list images', callMs, list), LIST_BACKOFF_MS)
      return images.map((image) => ({ references: image.RepoTags ?? [], labels: image.Labels ?? {} }))
    },
    imagesMark: async () => {
      // Told with its identity, or asked once. It may not answer now, or its store be another machine's.
      if (!store) await podman().catch(() => undefined)
      const found = store && (await stat(imageList(store), { bigint: true }).catch(() => undefined))
      return found && [found.ino, found.size, found.mtimeNs].join(' ')
    },
    containers: async (label, value) => {
      const options = { all: true, filters: { label: [`${label}=${value}`] } }
      const list = (abortSignal: AbortSignal) => docker.listContainers({ ...options, abortSignal })
      const found = await patiently(() => answered('list containers', callMs, list), LIST_BACKOFF_MS)
      return found.map(({ Id, Labels, Created }) => ({ id: Id, labels: Labels, createdAt: Created * 1000 }))
    },
  }
}

/** The file in which podman keeps which images there are, and writes anew when that changes. */
const imageList = ({ graphRoot, graphDriverName }: NonNullable<PodmanInfo['store']>): string =>
  join(graphRoot, `${graphDriverName}-images`, 'images.json')

interface PodmanInfo {
  host: Record<string, unknown> & { conmon?: { version: string }; ociRuntime?: { version: string } }
  version: { Version: string }
  store?: { graphRoot: string; graphDriverName: string }
}

/** What podman's own API says of itself and of cgroups; Docker's has nothing of delegation. @returns undefined from another engine */
async function podmanInfo(docker: Docker, abortSignal: AbortSignal): Promise<PodmanInfo | undefined> {
  const dial = {
    path: '/v4.0.0/libpod/info',
    method: 'GET',
    abortSignal,
    statusCodes: { 200: true },
  }
  const modem = docker.modem as unknown as {
    dial(options: typeof dial, done: (error: Error | null, answer: Partial<PodmanInfo>) => void): void
  }
  return new Promise((resolve, reject) => {
    modem.dial(dial, (error, answer) => {
      if (error && abortSignal.aborted) return reject(error)
      if (error || !answer.host || !answer.version) return resolve(undefined)
      const { host, version, store } = answer
      resolve({ host, version, ...(store && { store }) })
    })
  })
}

const identityOf = ({ host, version }: PodmanInfo) => [
  [version.Version, host.conmon?.version, host.ociRuntime?.version],
  [host['cgroupVersion'], host['cgroupManager'], host['cgroupControllers']],
]

/**
 * dockerode's own `attach` writes its options as JSON into the container's standard input when it hijacks the connection;
 * dialling with the options in the query and an empty body does not.
 */
function attach(docker: Docker, id: string, timeoutMs: number): Promise<Duplex> {
  const dial = {
    path: `/containers/${id}/attach?`,
    method: 'POST',
    isStream: true,
    hijack: true,
    openStdin: true,
    file: Buffer.alloc(0),
    statusCodes: { 101: true, 200: true, 400: 'bad parameter', 404: 'no such container', 500: 'server error' },
    options: { _query: { stream: 1, stdin: 1, stdout: 1, stderr: 1 } },
  }
  const modem = docker.modem as unknown as {
    dial(options: typeof dial, done: (error: Error | null, stream: Duplex) => void): void
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`attach to ${id} took over ${timeoutMs} ms`)), timeoutMs)
    modem.dial(dial, (error, stream) => {
      clearTimeout(timer)
      if (error) reject(error)
      else resolve(stream)
    })
  })
}

/** @throws TimeoutError that names what was asked when the time is up, else what the call threw */
async function answered<T>(what: string, timeoutMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return await call(signal)
  } catch (error) {
    if (!signal.aborted) throw error
    const late = new Error(`podman did not ${what} within ${timeoutMs / SECOND} s`, { cause: error })
    throw Object.assign(late, { name: 'TimeoutError' })
  }
}

/** @throws unless the engine said that there is no such container */
function unlessGone(error: unknown): undefined {
  if ((error as { statusCode?: number }).statusCode !== 404) throw error
}

/**
 * What podman answers, asked again after each of the pauses while it fails over what comes to its end at this moment.
 * @throws the last failure, or the first that is none of these
 */
async function patiently<T>(call: () => Promise<T>, pausesMs: readonly number[]): Promise<T> {
  const mayPass = (error: unknown) => [409, 500].includes((error as { statusCode?: number }).statusCode ?? 0)
  return retry(call, { pauseMs: (tries) => pausesMs[tries - 1], when: mayPass })
}
