import { isUtf8 } from 'node:buffer'
import type { Stage } from '../../shared/job.ts'
import type { OutputStream } from '../sandbox/sandbox.ts'
import { createCharacterSplitter } from './output-text.ts'

/** Gathers what one stage writes; how much that can be is limited at its source. */
export interface StageOutput {
  /** @returns the part of it that ends between two characters, for whoever shows it at once */
  push(stream: OutputStream, bytes: Buffer): Buffer
  /**
   * The end of both streams.
   * @param truncated whether a limit cut them: half a character at the end is dropped then
   * @returns what had been held back of each
   */
  end(truncated: boolean): Record<OutputStream, Buffer>
  /** The three texts of a stage. One encoding for all of them: base64 as soon as one is not UTF-8. */
  texts(): Pick<Stage, 'stdout' | 'stderr' | 'output' | 'encoding'>
}

export function createStageOutput(): StageOutput {
  const pieces: { stream: OutputStream; bytes: Buffer }[] = []
  const splitters = { stdout: createCharacterSplitter(), stderr: createCharacterSplitter() }
  const join = (wanted?: OutputStream) =>
    Buffer.concat(pieces.filter(({ stream }) => !wanted || stream === wanted).map(({ bytes }) => bytes))
  const keep = (stream: OutputStream, bytes: Buffer) => {
    if (bytes.length > 0) pieces.push({ stream, bytes })
    return bytes
  }
  return {
    push: (stream, bytes) => keep(stream, splitters[stream].push(bytes)),
    end(truncated) {
      const rest = { stdout: splitters.stdout.end(), stderr: splitters.stderr.end() }
      if (truncated) return { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) }
      return { stdout: keep('stdout', rest.stdout), stderr: keep('stderr', rest.stderr) }
    },
    texts() {
      const all = { stdout: join('stdout'), stderr: join('stderr'), output: join() }
      const encoding = isUtf8(all.stdout) && isUtf8(all.stderr) && isUtf8(all.output) ? 'utf-8' : 'base64'
      const text = (bytes: Buffer) => bytes.toString(encoding === 'utf-8' ? 'utf8' : 'base64')
      return { stdout: text(all.stdout), stderr: text(all.stderr), output: text(all.output), encoding }
    },
  }
}
