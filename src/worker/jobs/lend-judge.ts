import type { Logger } from 'pino'
import type { JobSpec } from '../../shared/job.ts'
import type { Language } from '../../shared/language.ts'
import { acquirePatiently } from '../sandbox/acquire-patiently.ts'
import type { Lease, SandboxPool } from '../sandbox/pool.ts'
import type { CompiledPrograms } from '../judging/compiled-programs.ts'
import { createJudge, type Judge } from '../judging/judge.ts'
import type { JudgeCell } from '../judging/judge-cell.ts'
import { createJudgeCell } from './judge-sandbox.ts'

export interface JudgeSandboxes {
  pool: SandboxPool
  locate: (spec: Pick<JobSpec, 'head'>) => { language: Language | undefined; image: string }
  graceMs: number
  compiled?: CompiledPrograms
}

/** The judge of one job, with the sandbox that it may need. */
export interface LentJudge extends Judge {
  /** Ends it, whatever runs in it: it took too long. */
  destroy(): void
  /** Gives its sandbox back when the job has ended. @param failed it is removed @returns never rejects */
  clear(failed: boolean): Promise<void>
}

/**
 * Judges get a sandbox when they need one. It is never one in which programs that are judged run, before or after: in the pool, judges
 * are a tenant beside their own.
 */
export function lendJudge(
  { pool, locate, graceMs, compiled }: JudgeSandboxes,
  spec: JobSpec,
  signal: AbortSignal,
  log: Logger,
): LentJudge {
  let lease: Lease | undefined
  let cell: JudgeCell | undefined
  const judge = createJudge(spec, async (program, role) => {
    const { language, image } = locate({ head: { ...spec.head, kind: 'code', language: program.language } })
    if (!language) throw new Error(`language ${program.language} is not defined on this worker`)
    const { memoryBytes } = program.limits
    const request = { image, memoryBytes, tenant: `judges of ${spec.tenant}`, shareable: spec.shareable }
    lease = await acquirePatiently(pool, request, signal, log)
    const options = { spec, program, role, language, image, graceMs, ...(compiled && { compiled }) }
    cell = createJudgeCell(lease.sandbox, options)
    return cell
  })
  return {
    interacts: judge.interacts,
    get refusedCalls() {
      return judge.refusedCalls
    },
    prepare: judge.prepare,
    check: judge.check,
    converse: judge.converse,
    kill: judge.kill,
    destroy: () => void lease?.sandbox.destroy(),
    async clear(failed) {
      if (!lease || !cell) return lease?.retire()
      try {
        if (!failed && lease.reusable && cell.reusable) {
          await lease.sandbox.end()
          return lease.release()
        }
      } catch (err) {
        log.warn({ err, jobId: spec.head.id }, 'sandbox of judges could not be cleared')
      }
      lease.retire(cell.reusable ? 'fault' : 'memory')
    },
  }
}
