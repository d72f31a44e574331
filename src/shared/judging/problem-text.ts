import { isUtf8 } from 'node:buffer'
import type { RequestTest } from '../requests.ts'

/** Whether the bytes are UTF-8, and come back from a text as they were. */
export const isText = (bytes: Buffer): boolean => isUtf8(bytes)

/** A file that is text; see `isText`. */
export const answerText = (bytes: Buffer): string => bytes.toString()

/** An input as a request has it, in base64 where it is no text. */
export function inputFields(bytes: Buffer = Buffer.alloc(0)): Pick<RequestTest, 'stdin' | 'stdinEncoding'> {
  if (isText(bytes)) return { stdin: bytes.toString(), stdinEncoding: 'utf-8' }
  return { stdin: bytes.toString('base64'), stdinEncoding: 'base64' }
}
