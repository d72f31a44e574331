import Type from 'typebox'
import { Encoding } from '../../../shared/job.ts'
import { TerminalSize } from '../../../shared/terminal-size.ts'
import { type FieldError, Problem } from '../../../shared/problems.ts'
import { type InputMessage, SIGNAL_NAMES } from '../../../shared/redis/job-input.ts'
import { invalidRequest } from '../../http/problems.ts'
import { jsonFaults } from '../../http/json-faults.ts'
import { NOT_BASE64, plainBase64 } from '../request/base64.ts'
import { bodyValidator } from '../../http/validate.ts'

const seq = Type.Optional(
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'a message is taken once under a number' }),
)
const closed = { additionalProperties: false }

const Kind = Type.Object({ type: Type.Enum(['stdin', 'eof', 'signal', 'resize']) })

/** What a client sends over `GET /v1/jobs/:id/io`. */
export const StdinMessage = Type.Object(
  { type: Type.Literal('stdin'), data: Type.String(), encoding: Type.Optional(Encoding), seq },
  closed,
)
export const EofMessage = Type.Object({ type: Type.Literal('eof'), seq }, closed)
export const SignalMessage = Type.Object({ type: Type.Literal('signal'), signal: Type.Enum(SIGNAL_NAMES), seq }, closed)
/** The size of the job's terminal. */
export const ResizeMessage = Type.Object({ type: Type.Literal('resize'), ...TerminalSize.properties, seq }, closed)

const kind = bodyValidator(Kind)
const stdin = bodyValidator(StdinMessage)
const eof = bodyValidator(EofMessage)
const signal = bodyValidator(SignalMessage)
const resize = bodyValidator(ResizeMessage)

const NONE = Buffer.alloc(0)

/** A message that cannot be used. */
export interface Unusable {
  detail: string
  errors: FieldError[]
}

/** Reads one text message of a client. */
export function readMessage(text: string): InputMessage | { unusable: Unusable } {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof Problem) return { unusable: { detail: error.message, errors: error.errors ?? [] } }
    if (error instanceof SyntaxError) return { unusable: { detail: 'the message is not JSON', errors: [] } }
    throw error
  }
}

function parse(text: string): InputMessage {
  const value: unknown = JSON.parse(text)
  const faults = jsonFaults(text)
  if (faults.length > 0) throw invalidRequest(faults)
  switch (kind(value).type) {
    case 'stdin': {
      const { data, encoding = 'utf-8', seq: number = null } = stdin(value)
      return { kind: 'stdin', data: bytesOf(data, encoding), seq: number }
    }
    case 'eof':
      return { kind: 'eof', data: NONE, seq: eof(value).seq ?? null }
    case 'resize': {
      const { columns, rows, seq: number = null } = resize(value)
      return { kind: 'resize', data: Buffer.from(JSON.stringify({ columns, rows })), seq: number }
    }
    case 'signal': {
      const { signal: name, seq: number = null } = signal(value)
      return { kind: 'signal', data: Buffer.from(name), seq: number }
    }
  }
}

function bytesOf(data: string, encoding: Encoding): Buffer {
  if (encoding === 'base64') {
    const plain = plainBase64(data)
    if (plain === undefined) throw invalidRequest([{ pointer: '/data', detail: NOT_BASE64 }])
    return Buffer.from(plain, 'base64')
  }
  return Buffer.from(data)
}
