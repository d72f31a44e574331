import type { Logger } from 'pino'
import { MIB, SECOND } from '../../shared/limits.ts'
import { retry } from '../../shared/retry.ts'
import { INIT_PATH } from '../../shared/runtime-image.ts'
import type { StageStart } from './frames.ts'
import type { StageReport } from './stage-report.ts'
import { type Sandbox, SandboxBroken } from './sandbox.ts'

/** A limit that does not hold here, and what that usually means. */
export class LimitsNotEnforced extends Error {
  override readonly name = 'LimitsNotEnforced'
}

const BASE: Omit<StageStart, 'args'> = {
  env: {},
  wallMs: 10 * SECOND,
  cpuMs: 10 * SECOND,
  graceMs: 200,
  outputBytes: 4096,
  processes: 16,
  fileBytes: MIB,
  openFiles: 64,
  stackBytes: 8 * MIB,
  stdin: false,
}

interface Probe {
  limit: string
  args: string[]
  start: Partial<StageStart>
  holds(report: StageReport, stdout: string): boolean
  mend: string
}

/** Each probe is a program that breaks one limit if the host lets it. */
const PROBES: readonly Probe[] = [
  {
    limit: 'memory',
    args: ['memory'],
    start: {},
    holds: (report) => report.signal !== null && report.oomKills > 0,
    mend: 'the memory cgroup controller must be available to podman (cgroup v1: memory mounted; v2: delegated)',
  },
  {
    limit: 'processes',
    args: ['pids'],
    start: { processes: 16 },
    holds: (report, stdout) => report.exitCode === 0 && Number(stdout.trim()) > 0 && Number(stdout.trim()) <= 16,
    mend: 'the pids cgroup controller and RLIMIT_NPROC must work in user namespaces',
  },
  {
    limit: 'wall time',
    args: ['sleep'],
    start: { wallMs: 300 },
    holds: (report) => report.reason === 'wall',
    mend: 'timers do not work in this kernel',
  },
  {
    limit: 'CPU time',
    args: ['spin'],
    // On a machine that is busy it may take long to use so little.
    start: { cpuMs: 100, wallMs: 30 * SECOND },
    holds: (report) => report.reason === 'cpu',
    mend: 'the cpuacct (v1) or cpu (v2) cgroup controller must be readable inside a container',
  },
]

/** A sandbox that is lost while it is tried proves nothing, neither way. */
const TRIES = 3

/**
 * Proves on this host that limits hold, in a sandbox made for that.
 * @param timeoutFactor above 1 on a slow machine
 * @throws LimitsNotEnforced naming the limits that do not hold and what is missing; what `make` throws; SandboxBroken when one
 * sandbox after another is lost
 */
export async function proveLimits(make: () => Promise<Sandbox>, log: Logger, timeoutFactor = 1): Promise<void> {
  const prove = async () => {
    const sandbox = await make()
    await checkLimitsHold(sandbox, timeoutFactor).finally(() => sandbox.destroy())
  }
  await retry(prove, {
    pauseMs: (tries) => (tries < TRIES ? 0 : undefined),
    when: (err) => err instanceof SandboxBroken,
    failed: (err) => log.warn({ err }, 'the sandbox of the limit proof was lost; making another'),
  })
}

/** The sandbox is not fit for jobs afterwards. */
async function checkLimitsHold(sandbox: Sandbox, timeoutFactor: number): Promise<void> {
  const failures: string[] = []
  sandbox.begin(MIB)
  for (const probe of PROBES) {
    let stdout = ''
    const limits = { ...BASE, ...probe.start }
    // Where wall time is not what is tried, a slow machine must not come to its end.
    const wallMs = probe.args[0] === 'sleep' ? limits.wallMs : limits.wallMs * timeoutFactor
    const start: StageStart = { ...limits, wallMs, args: [INIT_PATH, '--probe', ...probe.args] }
    const report = await sandbox.run(start, new Uint8Array(), (_stream, bytes) => (stdout += bytes.toString()))
    if (!probe.holds(report, stdout)) {
      failures.push(`the ${probe.limit} limit does not hold (${probe.mend}); init reported ${JSON.stringify(report)}`)
    }
  }
  await sandbox.end()
  if (failures.length > 0) throw new LimitsNotEnforced(failures.join('\n'))
}
