import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeEnd, startChild, type Child } from './child.ts'
import { logTail } from './log-tail.ts'
import { NO_EVENTS } from './podman.ts'
import { type PodmanMode, rootMode } from './podman-mode.ts'
import { startRootChild } from './root-child.ts'

export interface PodmanService {
  readonly socketPath: string
  readonly child: Child
  /** Stops the service and removes its socket. Idempotent. */
  close(): Promise<void>
}

export interface PodmanServiceOptions {
  /** Where the socket is made; see `makeSocketFolder`. */
  socketFolder: string
  logFile: string
  /** OCI runtime of every container the service makes; a request cannot choose another. */
  runtime: string
  /** Runs conmon in conmon's place (`sandbox/host`). */
  conmon: string
  /** Whose the service is: of root, also through sudo, or of this user. As root when nothing is said. */
  mode?: PodmanMode | undefined
  /** Multiplies how long its answer is waited for: `TIMEOUT_FACTOR`. */
  timeoutFactor?: number | undefined
  /** Label of containers that never ran and are to be removed when the service has ended, e.g. `name=value`. */
  label?: string | undefined
}

/**
 * Runs the service; once it has ended, removes what it was making in that moment. A sandbox that runs ends with its worker by itself,
 * but one whose worker and service were killed between its creation and its start has nobody who would end it. The
 * service is bound to this shell's life, as the shell is to its parent's.
 */
const GUARD = `
label=$1 runtime=$2; shift 2
setpriv --pdeathsig KILL -- "$@" & service=$!
trap 'kill "$service"' TERM
wait "$service"; code=$?
trap '' TERM
while kill -0 "$service" 2>/dev/null; do wait "$service"; code=$?; done
if [ -n "$label" ]; then
  ids=$(podman ps --all --quiet --filter "label=$label" --filter status=created --filter status=initialized)
  [ -z "$ids" ] || podman --runtime "$runtime" rm --force $ids
fi
exit "$code"`

const START_MS = 15_000
/** What one answer has, on a machine that is not slow. */
const PING_MS = 5_000

/**
 * Runs `podman system service` and waits until it answers.
 * @throws Error with the end of its log when it does not
 */
export async function startPodmanService(options: PodmanServiceOptions): Promise<PodmanService> {
  const socketPath = podmanSocketIn(options.socketFolder)
  await rm(socketPath, { force: true })
  const start = (options.mode ?? rootMode()) === 'sudo' ? startRootChild : startChild
  const child = await start({
    socketPath,
    name: 'podman service',
    command: ['sh', '-c', GUARD, 'sh', options.label ?? '', options.runtime, ...serviceCommand(options, socketPath)],
    logFile: options.logFile,
    // conmon leaves a file named `oom` where it stands when a container meets its memory limit.
    cwd: dirname(options.logFile),
    deathSignal: 'TERM',
  })
  let closing: Promise<void> | undefined
  const service: PodmanService = {
    socketPath,
    child,
    close() {
      return (closing ??= (async () => {
        await child.stop(5_000)
        await rm(socketPath, { force: true })
      })())
    },
  }
  const fault = await faultOfStart(socketPath, child, options.timeoutFactor ?? 1)
  if (fault === undefined) return service
  await service.close()
  throw new Error(`podman's service ${fault}:\n${(await logTail(options.logFile)).join('\n')}`)
}

/** The socket of a service that was told to make it in this folder. */
export const podmanSocketIn = (socketFolder: string): string => join(socketFolder, 'podman.sock')

const serviceCommand = ({ runtime, conmon }: PodmanServiceOptions, socketPath: string) => [
  'podman',
  ...NO_EVENTS,
  '--runtime',
  runtime,
  '--conmon',
  conmon,
  'system',
  'service',
  '--time=0',
  `unix://${socketPath}`,
]

/** What is to be given as `conmon`. @param root the folder that holds `sandbox/` */
export const conmonIn = (root: string): string => join(root, 'sandbox/host/build/conmon')

async function faultOfStart(socketPath: string, child: Child, timeoutFactor: number): Promise<string | undefined> {
  const timeoutMs = START_MS * timeoutFactor
  let ended: string | undefined
  void child.ended.then((end) => (ended = describeEnd(end)))
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await sleep(25)) {
    if (await podmanAnswers(socketPath, PING_MS * timeoutFactor)) return undefined
    if (ended !== undefined) return ended
  }
  return `did not answer within ${timeoutMs / 1000} s`
}

/** Whether a podman service answers at this socket. */
export function podmanAnswers(socketPath: string, timeoutMs = PING_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: timeoutMs }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
      response.on('error', () => resolve(false))
    })
    ping.on('timeout', () => ping.destroy())
    ping.on('error', () => resolve(false))
    ping.end()
  })
}
