import { runCommand, tryCommand, type CommandOptions, type CommandResult } from './command.ts'
import { rootPrefix } from './root-command.ts'

/** Podman's command line, for what is done once: images and probes. Jobs go through its API. */
export interface Podman {
  /** @throws CommandError */
  run(args: readonly string[], options?: CommandOptions): Promise<string>
  try(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  /** The same podman, with containers made by this OCI runtime. */
  withRuntime(runtime: string): Podman
}

export interface PodmanOptions {
  /** A service that answers already; without one, podman is run on this machine as root. */
  socketPath?: string | undefined
  runtime?: string | undefined
}

export function podmanCommand({ socketPath, runtime }: PodmanOptions = {}): Podman {
  const command =
    socketPath === undefined
      ? [...rootPrefix(), 'podman', ...(runtime === undefined ? [] : ['--runtime', runtime])]
      : ['podman', '--url', `unix://${socketPath}`]
  return {
    run: (args, options) => runCommand([...command, ...args], options),
    try: (args, options) => tryCommand([...command, ...args], options),
    withRuntime: (name) => podmanCommand({ socketPath, runtime: name }),
  }
}

/** The version of podman, e.g. `4.3.1`; undefined when there is none. */
export async function podmanVersion(): Promise<string | undefined> {
  const { exitCode, stdout } = await tryCommand(['podman', '--version'])
  return exitCode === 0 ? /\d+\.\d+\.\d+/.exec(stdout)?.[0] : undefined
}
