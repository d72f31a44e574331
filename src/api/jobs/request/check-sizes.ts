import type { Encoding, SourceFile } from '../../../shared/job.ts'
import { KIB, MIB } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { CodeRequest, ContainerRequest } from '../../../shared/requests.ts'

/** What the kernel takes as arguments and environment of a program, with room to spare; all of it crosses in one frame. */
const MAX_VECTOR_BYTES = 128 * KIB
const MAX_METADATA_BYTES = 4 * KIB
const MAX_TEXT_BYTES = MIB

interface Part {
  pointer: string
  bytes: number
  most: number
  /** Of several parts together. */
  names?: string
}

/**
 * Looks at how large each part of a request is, in bytes as the job gets them.
 * @param files its code, however it was sent
 * @throws Problem `too-large` that names every part with more bytes than it may have
 */
export function checkSizes(
  request: Partial<CodeRequest & ContainerRequest>,
  files: readonly SourceFile[],
  maxCodeBytes: number,
): void {
  const { args, compilerArgs, command, env, stdin, stdinEncoding, expectedOutput, metadata, tests = [] } = request
  const code = files.reduce((total, { content, encoding }) => total + textBytes(content, encoding), 0)
  const found = [
    { pointer: request.files ? '/files' : '/code', bytes: code, most: maxCodeBytes },
    text('/stdin', stdin, stdinEncoding),
    text('/expectedOutput', expectedOutput),
    vectors('', { args, compilerArgs, command, env }),
    {
      pointer: '/metadata',
      bytes: metadata ? Buffer.byteLength(JSON.stringify(metadata)) : 0,
      most: MAX_METADATA_BYTES,
    },
    ...tests.flatMap((test, index) => [
      text(`/tests/${index}/stdin`, test.stdin, test.stdinEncoding ?? stdinEncoding),
      text(`/tests/${index}/expectedOutput`, test.expectedOutput),
      text(`/tests/${index}/answer`, test.answer),
      vectors(`/tests/${index}`, { args: test.args }),
    ]),
  ].filter(({ bytes, most }) => bytes > most)
  const errors = found.map(({ pointer, bytes, most, names }: Part) => ({
    pointer,
    detail: `has ${bytes} bytes${names === undefined ? '' : ` in ${names} together`}; ${most} are allowed`,
  }))
  const [first] = errors
  if (!first) return
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  throw new Problem('too-large', `${first.pointer || 'the body'} ${first.detail}${more}`, { errors })
}

function text(pointer: string, value: string | undefined, encoding: Encoding = 'utf-8'): Part {
  return { pointer, bytes: value === undefined ? 0 : textBytes(value, encoding), most: MAX_TEXT_BYTES }
}

function textBytes(value: string, encoding: Encoding): number {
  if (encoding === 'utf-8') return Buffer.byteLength(value)
  // White space in it would count as if it were bytes.
  return Buffer.byteLength(/\s/.test(value) ? value.replaceAll(/\s+/g, '') : value, 'base64')
}

/** Arguments and environment, with what the kernel needs for each beside its text. */
function vectors(pointer: string, parts: Record<string, readonly string[] | Record<string, string> | undefined>): Part {
  const given = Object.entries(parts).flatMap(([name, vector]) => (vector ? [{ name, vector }] : []))
  const entries = given.flatMap(({ vector }) => Object.entries(vector))
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value) + 2, 0)
  const [only, second] = given
  if (only && !second) return { pointer: `${pointer}/${only.name}`, bytes, most: MAX_VECTOR_BYTES }
  return { pointer, bytes, most: MAX_VECTOR_BYTES, names: given.map(({ name }) => name).join(', ') }
}
