import { runCommand, tryCommand, type CommandOptions, type CommandResult } from './command.ts'
import { type PodmanMode, rootMode } from './podman-mode.ts'
import { rootPrefix } from './root-command.ts'

/** Podman's command line, for what is done once: images and probes. Jobs go through its API. */
export interface Podman {
  /** How the one on this machine is run. */
  readonly mode: PodmanMode
  /** @throws CommandError */
  run(args: readonly string[], options?: CommandOptions): Promise<string>
  try(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  /** The same podman, with containers made by this OCI runtime. */
  withRuntime(runtime: string): Podman
}

export interface PodmanOptions {
  /** A service that answers already; without one, podman is run on this machine. */
  socketPath?: string | undefined
  runtime?: string | undefined
  /** As root when nothing is said: by sudo for anybody else. */
  mode?: PodmanMode
}

/** Options of podman itself: nobody reads its events, and in the journal they are several lines for each container. */
export const NO_EVENTS: readonly string[] = ['--events-backend', 'none']

export function podmanCommand({ socketPath, runtime, mode = rootMode() }: PodmanOptions = {}): Podman {
  const command =
    socketPath === undefined
      ? [
          ...(mode === 'sudo' ? rootPrefix() : []),
          'podman',
          ...NO_EVENTS,
          ...(runtime === undefined ? [] : ['--runtime', runtime]),
        ]
      : ['podman', '--url', `unix://${socketPath}`]
  return {
    mode,
    run: (args, options) => runCommand([...command, ...args], options),
    try: (args, options) => tryCommand([...command, ...args], options),
    withRuntime: (name) => podmanCommand({ socketPath, runtime: name, mode }),
  }
}

/**
 * The podman to make images with. A service on this machine keeps them where the command line does; that one is preferred
 * then, for a build through a service cannot mount this machine's apt settings.
 */
export async function podmanForImages(socketPath: string | undefined, mode: PodmanMode): Promise<Podman> {
  const local = podmanCommand({ mode })
  if (socketPath === undefined) return local
  const service = podmanCommand({ socketPath, mode })
  const [here, there] = await Promise.all([local, service].map((podman) => podman.try(STORE)))
  const isSame = here?.exitCode === 0 && there?.exitCode === 0 && here.stdout === there.stdout
  return isSame ? local : service
}

const STORE = ['info', '--format', '{{.Store.GraphRoot}} {{.Store.RunRoot}}']

/** The version of podman, e.g. `4.3.1`; undefined when there is none. */
export async function podmanVersion(): Promise<string | undefined> {
  const { exitCode, stdout } = await tryCommand(['podman', '--version'])
  return exitCode === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
}
