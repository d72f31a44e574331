import Type, { type TSchema } from 'typebox'
import { MAX_WAIT_SECONDS } from './prefer.ts'

export interface PathParameter {
  description: string
  schema: TSchema
  example?: string
}

interface Header {
  description: string
  schema: TSchema
  required?: true
  example?: string
}

const jobUuid = Type.String({ format: 'uuid' })

/** Names in braces of a path. */
export const PATH = {
  job: { description: 'id of a job', schema: jobUuid },
  environment: { description: 'id of an environment', schema: Type.String({ format: 'uuid' }) },
  storedFile: { description: 'id of a file', schema: Type.String({ format: 'uuid' }) },
  batch: { description: 'id of a batch', schema: Type.String({ format: 'uuid' }) },
  problem: { description: 'id of a problem', schema: Type.String({ format: 'uuid' }) },
  artifact: {
    description: 'path of the file as in `artifacts` of the job; slashes need no encoding',
    schema: Type.String(),
    example: 'out/plot.png',
  },
  session: { description: 'id of a session', schema: Type.String({ format: 'uuid' }) },
  execution: { description: 'id of an execution', schema: Type.String({ format: 'uuid' }) },
  context: { description: 'id of a context', schema: Type.String(), example: 'default' },
  command: { description: 'id of a command', schema: Type.String({ format: 'uuid' }) },
  watch: { description: 'id of a watch', schema: Type.String({ format: 'uuid' }) },
  file: {
    description: 'path of the file, relative to the working folder of the session; slashes need no encoding',
    schema: Type.String(),
    example: 'out/plot.png',
  },
  delivery: { description: 'id of a delivery, the `webhook-id` of its attempts', schema: Type.String() },
  installation: { description: 'id of an installation', schema: Type.String({ format: 'uuid' }) },
  language: { description: 'id of a language', schema: Type.String(), example: 'rust' },
  languageGroup: { description: 'id of a group of languages', schema: Type.String(), example: 'web' },
  key: { description: 'id of a key', schema: Type.String() },
  subject: {
    description:
      'the caller: `address:` and an IPv4 address or IPv6 network of 64 bits, `key:` and an id, or `end-user:`, a tenant, `:` and its end user',
    schema: Type.String(),
    example: 'address:192.0.2.7',
  },
} as const satisfies Record<string, PathParameter>

/** Headers that a request may have. */
export const REQUEST_HEADERS = {
  'Idempotency-Key': {
    description:
      'Yours to choose. For 24 hours the same key with the same body answers with the same job, so that a request whose ' +
      'answer was lost can be repeated; with another body it is 422 `idempotency-mismatch`.',
    schema: Type.String({ minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' }),
  },
  Prefer: {
    description: `\`wait=N\`: wait for the end of the job, or of all jobs of the batch, N seconds at most (and never over ${MAX_WAIT_SECONDS}); RFC 7240.`,
    schema: Type.String(),
    example: 'wait=10',
  },
  'If-None-Match': {
    description: 'The `ETag` of your copy: 304 while it is current.',
    schema: Type.String(),
  },
  Range: {
    description:
      'One range of bytes, e.g. `bytes=0-1023` (RFC 9110): 206 with that part. Several ranges are answered with all.',
    schema: Type.String(),
    example: 'bytes=0-1023',
  },
  'If-Range': {
    description: 'The `ETag` of your copy: with another, `Range` is passed over.',
    schema: Type.String(),
  },
  'Last-Event-ID': {
    description:
      'Id of the last event you received; the stream continues after it. `EventSource` sends it automatically.',
    schema: Type.String(),
  },
} as const satisfies Record<string, Header>
export type RequestHeader = keyof typeof REQUEST_HEADERS

/** Headers that a response may have, and whose meaning is Runyard's own. */
export const RESPONSE_HEADERS = {
  'X-Request-Id': {
    description: 'The id of this request in the log of the gateway.',
    schema: Type.String({ format: 'uuid' }),
    required: true,
  },
  RateLimit: {
    description:
      'Your budget now: `r` requests are left, one more in `t` seconds (draft-ietf-httpapi-ratelimit-headers-10).',
    schema: Type.String(),
    example: '"submit";r=9;t=1',
  },
  'RateLimit-Policy': {
    description: 'Your budget: `q` at once, full again after `w` seconds.',
    schema: Type.String(),
    example: '"submit";q=10;w=10',
  },
  'Retry-After': {
    description: 'Seconds to wait before trying again. Absent when unknown, or when trying again does not help.',
    schema: Type.Integer({ minimum: 1 }),
  },
  Location: {
    description: 'Address of the new resource, e.g. `/v1/jobs/<id>`.',
    schema: Type.String(),
  },
  ETag: {
    description: 'Names this version; send it back as `If-None-Match`.',
    schema: Type.String(),
    required: true,
  },
  'Preference-Applied': {
    description: 'The longest wait that was applied: `wait=N`. Present when `Prefer` asked for one.',
    schema: Type.String(),
    example: 'wait=10',
  },
  'Idempotent-Replayed': {
    description: 'The `Idempotency-Key` was used before with the same body; this is the resource of the first answer.',
    schema: Type.Literal('true'),
  },
  'Accept-Ranges': { description: '`Range` is understood.', schema: Type.Literal('bytes') },
  'Content-Range': {
    description: 'Which bytes these are, and how many there are: `bytes 0-1023/4096`; `bytes */4096` when none are.',
    schema: Type.String(),
    required: true,
    example: 'bytes 0-1023/4096',
  },
  Allow: { description: 'The allowed methods.', schema: Type.String() },
  'WWW-Authenticate': {
    description: 'How to send a key (RFC 6750).',
    schema: Type.String(),
    required: true,
    example: 'Bearer realm="runyard"',
  },
  'Content-Disposition': {
    description: 'Browsers save the file under its name and never display it.',
    schema: Type.String(),
    required: true,
  },
  'Set-Cookie': { description: 'The session cookie, set or removed.', schema: Type.String(), required: true },
  Upgrade: { description: 'The protocol to upgrade to.', schema: Type.Literal('websocket'), required: true },
  'Sec-WebSocket-Version': { description: 'The supported version.', schema: Type.Literal('13') },
} as const satisfies Record<string, Header>
export type ResponseHeader = keyof typeof RESPONSE_HEADERS

/** As OpenAPI writes it. */
export function header({ description, schema, required, example }: Header): object {
  return { description, schema, ...(required && { required }), ...(example !== undefined && { example }) }
}
