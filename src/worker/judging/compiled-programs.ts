import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StageSummary } from '../../shared/job.ts'
import type { CapturedOutput } from '../../shared/redis/stored-output.ts'
import type { ArtifactRequest } from '../../shared/artifact.ts'
import { MIB } from '../../shared/limits.ts'
import type { CompiledStore } from './compiled-store.ts'

/** A file that a compiler left. */
export interface CompiledFile {
  path: string
  content: Buffer
}

/** How a program was compiled whose compiler its owner is told of. */
export interface Compilation {
  stage: StageSummary
  output: CapturedOutput
}

/** What a compiler left. */
export interface CompiledProgram {
  files: readonly CompiledFile[]
  compilation?: Compilation
}

/** What programs became when they were compiled, judges' and those of submissions, so that no job with the same need compile it again, on any worker. */
export interface CompiledPrograms {
  get: (key: string) => Promise<CompiledProgram | undefined>
  put: (key: string, program: CompiledProgram) => void
  /**
   * What a program became; when another job compiles it now, after that. A job that compiled in vain is waited for once, so that as many as there are
   * do not fail one after another.
   * @param leaseMs how long compiling it takes at most
   * @returns what it became, or what ends the caller's turn to compile it, which `put` comes before
   */
  getOrBegin: (key: string, leaseMs: number, signal: AbortSignal) => Promise<CompiledProgram | (() => Promise<void>)>
  /** Resolves when what was put is where other workers find it. */
  close: () => Promise<void>
}

/** What one program may take to be kept, and all of a worker's together. */
export const COMPILED_BYTES = 16 * MIB
const ALL_BYTES = 128 * MIB
/** Between two looks whether another worker has compiled a program. */
const LOOK_MS = 50

/**
 * Those of this worker that were used longest ago go first.
 * @param store that of all workers
 */
export function createCompiledPrograms(maxBytes = ALL_BYTES, store?: CompiledStore): CompiledPrograms {
  const kept = new Map<string, CompiledProgram & { bytes: number }>()
  /** Those that are compiled here now. */
  const begun = new Map<string, Promise<void>>()
  const saving = new Map<string, Promise<void>>()
  let total = 0
  const forget = (hash: string) => {
    total -= kept.get(hash)?.bytes ?? 0
    kept.delete(hash)
  }
  const keep = (hash: string, program: CompiledProgram) => {
    forget(hash)
    const { files, compilation } = program
    const bytes = files.reduce((sum, { content }) => sum + content.length, compilation?.output.bytes.length ?? 0)
    if (bytes > maxBytes) return
    kept.set(hash, { ...program, bytes })
    total += bytes
    for (const oldest of kept.keys()) {
      if (total <= maxBytes) break
      forget(oldest)
    }
  }
  const get = async (hash: string): Promise<CompiledProgram | undefined> => {
    const found = kept.get(hash) ?? (await store?.find(hash))
    if (found) keep(hash, found)
    return found
  }
  /** Resolves when nobody compiles it any more. */
  const waitForOthers = async (hash: string, signal: AbortSignal): Promise<void> => {
    const here = begun.get(hash)
    if (here) await Promise.race([here, aborted(signal)])
    while (!signal.aborted && !begun.has(hash) && (await store?.isBegun(hash)) === true) await sleep(LOOK_MS)
  }
  /** @returns undefined when another was first */
  const begin = async (hash: string, leaseMs: number): Promise<(() => Promise<void>) | undefined> => {
    if (begun.has(hash)) return undefined
    let resolve = () => {}
    begun.set(hash, new Promise((done) => (resolve = done)))
    const endElsewhere = store ? await store.begin(hash, leaseMs) : async () => {}
    const end = async () => {
      begun.delete(hash)
      resolve()
      await saving.get(hash)
      await endElsewhere?.()
    }
    if (endElsewhere) return end
    await end()
    return undefined
  }

  return {
    get,
    put(key, program) {
      keep(key, program)
      if (!store) return
      const saved = store.save(key, program).finally(() => saving.delete(key))
      saving.set(key, saved)
    },
    async getOrBegin(hash, leaseMs, signal) {
      for (let waits = 0; ; waits++) {
        const found = await get(hash)
        if (found) return found
        const end = await begin(hash, leaseMs)
        if (end) {
          // It may have been compiled since.
          const now = await get(hash)
          if (!now) return end
          await end()
          return now
        }
        if (waits > 0 || signal.aborted) return async () => {}
        await waitForOthers(hash, signal)
      }
    },
    async close() {
      await Promise.all(saving.values())
      await store?.close()
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Names what is compiled: whose it is, and anything that has to do with the outcome. */
export const compiledKey = (of: { tenant: string } & Record<string, unknown>): string =>
  createHash('sha256').update(JSON.stringify(of)).digest('hex')

/** All that a compiler may leave to be kept. */
export const EVERYTHING: ArtifactRequest = { globs: ['**'], maxBytes: COMPILED_BYTES, maxFiles: 100 }
