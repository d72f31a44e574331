import { createHash } from 'node:crypto'
import type { StageSummary } from '../../shared/job.ts'
import type { CompiledProgram } from './compiled-programs.ts'

interface Head {
  files: { path: string; bytes: number }[]
  compilation?: { stage: StageSummary; outputBytes: number; outputOrder: string }
}

/** A compiled program as bytes: a line of JSON that says what follows, then the output of the compiler and the files one after another. */
export function packProgram({ files, compilation }: CompiledProgram): Buffer {
  const head: Head = { files: files.map(({ path, content }) => ({ path, bytes: content.length })) }
  const contents = files.map(({ content }) => content)
  if (compilation) {
    const { bytes, order } = compilation.output
    head.compilation = { stage: compilation.stage, outputBytes: bytes.length, outputOrder: order.toString('base64') }
    contents.unshift(bytes)
  }
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...contents])
}

/** @param sha256 of the pack @throws Error when the bytes are others than were packed */
export function unpackProgram(pack: Buffer, sha256: string): CompiledProgram {
  if (createHash('sha256').update(pack).digest('hex') !== sha256) throw new Error('the file store has other content')
  let at = pack.indexOf('\n') + 1
  const head = JSON.parse(pack.subarray(0, at).toString()) as Head
  const next = (length: number) => pack.subarray(at, (at += length))
  const { compilation } = head
  const output = compilation && {
    bytes: next(compilation.outputBytes),
    order: Buffer.from(compilation.outputOrder, 'base64'),
  }
  const files = head.files.map(({ path, bytes }) => ({ path, content: next(bytes) }))
  return { files, ...(compilation && output && { compilation: { stage: compilation.stage, output } }) }
}
