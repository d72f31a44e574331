import { MIB } from '../../limits.ts'
import { inGroup, integer, type Setting, string } from './setting.ts'

export const SANDBOX_SETTINGS: readonly Setting[] = inGroup('Sandbox', [
  {
    name: 'PODMAN_SOCKET',
    kind: string,
    default: '',
    description: "Path of podman's API socket. Empty: `npm start` runs its own `podman system service`.",
  },
  {
    name: 'PODMAN_MODE',
    kind: { type: 'choice', of: ['auto', 'root', 'rootless'] },
    default: 'auto',
    description:
      'How podman is run where `PODMAN_SOCKET` is empty. `root`: as root, through sudo for anybody else. `rootless`: as this user, which the machine must be [prepared](rootless.md) for. `auto`: as root for root, rootless where a user can, else through sudo.',
  },
  {
    name: 'OCI_RUNTIME',
    kind: string,
    default: '',
    description:
      'The OCI runtime of the `podman system service` that `npm start` runs: `crun`, `runc`, `runsc` or a path. Empty: crun, crun without the second tree of mixed cgroups (`sandbox/host/crun.c`), else runc, whichever runs a probe container.',
  },
  {
    name: 'SANDBOX_SOCKETS',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    description:
      "`on`: sandboxes talk to their worker over Unix sockets in `run` of `RUNYARD_DATA_DIR`, past podman's service, which saves CPU time. If podman cannot mount that folder, as for a worker in a container, the worker detects it and uses podman's service.",
  },
  {
    name: 'KERNEL_FAULT_LOG',
    kind: { type: 'choice', of: ['off', 'keep'] },
    default: 'off',
    description:
      '`keep`: the kernel of the worker’s machine continues to log crashes of programs, with names that the programs chose. `off`: a worker that is root sets `debug.exception-trace` to 0 when it starts.',
  },
  {
    name: 'SANDBOX_REUSE',
    kind: { type: 'choice', of: ['tenant', 'never'] },
    default: 'tenant',
    description:
      '`tenant`: a sandbox runs jobs of one tenant, each in its own cell. `never`: every job gets its own container.',
  },
  {
    name: 'SANDBOX_MAX_JOBS',
    kind: integer(1),
    default: '500',
    description: 'Jobs after which a sandbox is retired.',
  },
  {
    name: 'SANDBOX_MAX_AGE_SECONDS',
    kind: integer(1),
    default: '1800',
    description: 'Age at which a sandbox is retired.',
  },
  {
    name: 'POOL_READY',
    kind: integer(0, 256),
    default: '1',
    description: 'Sandboxes to keep ready for each installed language. Recent demand adds to it.',
  },
  {
    name: 'POOL_MEMORY_BYTES',
    kind: { ...integer(0), isOptional: true },
    default: '',
    description:
      'Memory that idle sandboxes of a worker may hold together. Languages that jobs asked for come first: the interpreters of others are not started ahead when there is no room. Empty: a quarter of the machine.',
  },
  {
    name: 'PREWARM',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    description:
      '`on`: idle sandboxes start the interpreter ahead, where the language can, and it waits for its program. Each takes memory: 3 MB for Python, 20 MB for JavaScript, 0.5 MB for Bash.',
  },
  {
    name: 'CONTAINER_IMAGES',
    kind: { type: 'list' },
    default: '',
    description: 'Images allowed in container jobs beside those of the languages, comma-separated.',
  },
  {
    name: 'CPU_WEIGHT',
    kind: integer(2, 262144),
    default: '512',
    description: 'CPU shares of a sandbox, where 1024 is one ordinary process of the host.',
  },
  {
    name: 'DISK_READ_BYTES',
    kind: integer(0, 2 ** 40),
    default: String(256 * MIB),
    description:
      'Bytes a second that a sandbox may read from each disk of the machine; cached files do not count. 0: no bound. Needs a worker that is root.',
  },
  {
    name: 'KILL_GRACE_MS',
    kind: integer(0, 60_000),
    default: '5000',
    description: 'Time between SIGTERM and SIGKILL when a limit other than CPU time ends a job.',
  },
])
