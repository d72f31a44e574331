import type { ContainerCreateOptions } from 'dockerode'
import type { Config } from '../../shared/config/config.ts'
import { KIB, type Limits } from '../../shared/limits.ts'
import { CONTAINER_LABEL } from '../../shared/container-label.ts'
import { INIT_PATH } from '../../shared/runtime-image.ts'

export interface ContainerSpec {
  image: string
  namespace: string
  worker: string
  memoryBytes: number
  /** Shares, where 1024 is one ordinary process. */
  cpuWeight: number
  /** The operator's ceilings: a job's own limits lie below and are kept by init. */
  ceilings: Limits
  /** Size of the file system the first job finds, in bytes. */
  fileBytes: number
}

/** What this worker asks for, by image and memory of a job. */
export function containerOptionsOf({ namespace, sandbox, limits }: Config, worker: string) {
  return (image: string, memoryBytes: number): ContainerCreateOptions =>
    containerOptions({
      image,
      memoryBytes,
      namespace,
      worker,
      cpuWeight: sandbox.cpuWeight,
      ceilings: limits.ceilings,
      fileBytes: limits.defaults.fileBytes,
    })
}

/** Init, its decoys, the leaders of two cells and the short-lived process that clears one. */
const INIT_PROCESSES = 8
/**
 * It has to be given, since podman would ask for more than it may have in some places. Of a user's own podman with crun it is
 * what all sandboxes together may have; what one may have its control group says.
 */
const MIN_NPROC = 1024

/**
 * What podman is asked for. The container is the outer wall; init builds the inner one (see docs/sandbox-protocol.md), for
 * which it needs three capabilities in its own user namespace, NET_ADMIN to raise the loopback of a cell's network
 * namespace, and a /proc that podman has not covered, since the kernel lets nobody mount a fresh one otherwise. SETPCAP it gives up
 * before there is a cell: it empties its bounding set with it.
 *
 * Podman's AppArmor profile forbids every mount, and so the cell. A profile of ours would have to be loaded on each machine
 * that has an engine, and podman refuses a profile by name where AppArmor is off and for users; `unconfined` it takes anywhere.
 */
export function containerOptions(spec: ContainerSpec): ContainerCreateOptions {
  const { ceilings } = spec
  const ulimit = (name: string, value: number) => ({ Name: name, Soft: value, Hard: value })
  return {
    Image: spec.image,
    Entrypoint: [INIT_PATH],
    Cmd: [`--bytes=${spec.fileBytes}`],
    Env: [],
    Hostname: 'sandbox',
    User: '0:0',
    WorkingDir: '/',
    // Init ends by itself when its input does; a container that is to be removed gets no time for goodbyes.
    StopSignal: 'SIGKILL',
    StopTimeout: 0,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Labels: { [CONTAINER_LABEL.namespace]: spec.namespace, [CONTAINER_LABEL.worker]: spec.worker },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: ['SYS_ADMIN', 'SETUID', 'SETGID', 'NET_ADMIN', 'SETPCAP'],
      SecurityOpt: ['unmask=all', 'no-new-privileges', 'apparmor=unconfined'],
      UsernsMode: 'auto:size=65536',
      PidMode: '',
      IpcMode: 'private',
      Memory: spec.memoryBytes,
      MemorySwap: spec.memoryBytes,
      CpuShares: spec.cpuWeight,
      PidsLimit: ceilings.processes + INIT_PROCESSES,
      ShmSize: 64 * KIB,
      // podman mounts these unsized when it is not told otherwise. The cell covers them; nobody but init ever sees them.
      Tmpfs: {
        '/tmp': 'size=64k,mode=0755,nosuid,nodev,noexec',
        '/run': 'size=256k,mode=0755,nosuid,nodev,noexec',
        '/var/tmp': 'size=64k,mode=0755,nosuid,nodev,noexec',
      },
      Ulimits: [
        ulimit('nofile', Math.max(ceilings.openFiles, 256)),
        ulimit('nproc', Math.max(ceilings.processes + INIT_PROCESSES, MIN_NPROC)),
        // With a limit of 0 a host whose core_pattern is a pipe still starts its handler on a stranger's core; not with 1.
        ulimit('core', 1),
      ],
      LogConfig: { Type: 'none', Config: {} },
    },
  }
}
