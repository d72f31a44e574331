import type { Logger } from 'pino'
import type { JobSpec } from '../../shared/job.ts'
import type { Language } from '../../shared/language.ts'
import type { JobFiles } from '../files/job-files.ts'
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
  /** The file store; without it no program of the judges' has stored files. */
  files?: Pick<JobFiles, 'read'>
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
  { pool, locate, graceMs, compiled, files }: JudgeSandboxes,
  spec: JobSpec,
  signal: AbortSignal,
  log: Logger,
): LentJudge {
  const lent: { lease: Lease; cell?: JudgeCell }[] = []
  const judge = createJudge(spec, async (program, role) => {
    const { language, image } = locate({ head: { ...spec.head, kind: 'code', language: program.language } })
    if (!language) throw new Error(`language ${program.language} is not defined on this worker`)
    const { memoryBytes } = program.limits
    const request = { image, memoryBytes, tenant: `judges of ${spec.tenant}`, shareable: spec.shareable }
    const lease = await acquirePatiently(pool, request, signal, log)
    const one: (typeof lent)[number] = { lease }
    lent.push(one)
    const options = {
      spec,
      program,
      role,
      language,
      image,
      graceMs,
      signal,
      ...(compiled && { compiled }),
      ...(files && { files }),
    }
    one.cell = createJudgeCell(lease.sandbox, options)
    return one.cell
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
    destroy: () => {
      for (const { lease } of lent) void lease.sandbox.destroy()
    },
    async clear(failed) {
      await Promise.all(lent.map((one) => clear(one, failed)))
    },
  }

  async function clear({ lease, cell }: (typeof lent)[number], failed: boolean): Promise<void> {
    if (!cell) return lease.retire()
    try {
      if (!failed && lease.reusable && cell.reusable) {
        await cell.settle()
        await lease.sandbox.end()
        return lease.release()
      }
    } catch (err) {
      log.warn({ err, jobId: spec.head.id }, 'sandbox of judges could not be cleared')
    }
    lease.retire(cell.reusable ? 'fault' : 'memory')
  }
}
