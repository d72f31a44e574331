import { createHash } from 'node:crypto'
import type { StageSummary } from '../../shared/job.ts'
import type { CapturedOutput } from '../../shared/redis/stored-output.ts'
import type { ArtifactRequest } from '../../shared/artifact.ts'
import { MIB } from '../../shared/limits.ts'

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

/** What programs became when they were compiled, judges' and those of submissions, so that the next job with the same need not compile it again. */
export interface CompiledPrograms {
  get: (key: string) => CompiledProgram | undefined
  put: (key: string, files: readonly CompiledFile[], compilation?: Compilation) => void
}

/** What one program may take to be kept, and all of a worker's together. */
export const COMPILED_BYTES = 16 * MIB
const ALL_BYTES = 128 * MIB

/** Those used longest ago go first. */
export function createCompiledPrograms(maxBytes = ALL_BYTES): CompiledPrograms {
  const kept = new Map<string, CompiledProgram & { bytes: number }>()
  let total = 0
  const forget = (key: string) => {
    total -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }
  return {
    get(key) {
      const found = kept.get(key)
      if (!found) return undefined
      kept.delete(key)
      kept.set(key, found)
      return found
    },
    put(key, files, compilation) {
      forget(key)
      const bytes = files.reduce((sum, { content }) => sum + content.length, compilation?.output.bytes.length ?? 0)
      if (bytes > maxBytes) return
      kept.set(key, { files, bytes, ...(compilation && { compilation }) })
      total += bytes
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) break
        forget(oldest)
      }
    },
  }
}

/** Names what is compiled: anything that has to do with the outcome. */
export const compiledKey = (of: object): string => createHash('sha256').update(JSON.stringify(of)).digest('hex')

/** All that a compiler may leave to be kept. */
export const EVERYTHING: ArtifactRequest = { globs: ['**'], maxBytes: COMPILED_BYTES, maxFiles: 100 }
