import { CONNECT_STATUSES } from '../../../src/api/compat/e2b/connect-protocol.ts'
import type { Sample } from './corpus.ts'

export interface Answer {
  status: number
  type: string
  body: Buffer
}

/** Of a tenant that never calls: no answer may have it. */
export const SECRET = 'canary-of-another-tenant'

const parsed = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString()) as unknown
  } catch {
    return undefined
  }
}
const has = (body: unknown, name: string, kind: string) =>
  typeof body === 'object' && body !== null && typeof (body as Record<string, unknown>)[name] === kind

/** Whether a body has texts by field. */
const hasMessages = (body: unknown): boolean =>
  typeof body === 'object' &&
  Object.values(body ?? {})
    .flat()
    .every((one) => typeof one === 'string')

/** Whether a refusal has the form that clients of the system read. */
const SHAPES: Record<Sample['system'], (body: unknown, answer: Answer, sample: Sample) => boolean> = {
  // One error, or the messages of each field; of a batch, those of each submission.
  judge0: (body, { status }) =>
    has(body, 'error', 'string') || (status === 422 && [body].flat().every((one) => hasMessages(one))),
  piston: (body) => has(body, 'message', 'string'),
  jobe: (body, { type }) => typeof body === 'string' || type.startsWith('text/plain'),
  sandboxfusion: (body) => has(body, 'detail', 'string') || has(body, 'detail', 'object'),
  codapi: (body) => has(body, 'stderr', 'string') && has(body, 'ok', 'boolean'),
  e2b: (body, { status }) =>
    has(body, 'message', 'string') &&
    (has(body, 'code', 'number')
      ? (body as { code: number }).code === status
      : Object.hasOwn(CONNECT_STATUSES, (body as { code: string }).code)),
  jupyter: (body) => has(body, 'message', 'string') && has(body, 'reason', 'string'),
}

/** What may be answered with 5xx, and why. */
function isExpectedFault(sample: Sample, { status }: Answer): boolean {
  const { system } = sample
  // No room, or no worker: it ends by itself.
  if (status === 503 || status === 504) return true
  // A sandbox that is gone, a port that is closed; what cannot be done here.
  return system === 'e2b' && (status === 502 || status === 501)
}

/**
 * @param isIn whether a key was shown, or none is needed
 * @param isOutside whether the path leads to none of the system's
 * @returns what is wrong with an answer; undefined: nothing
 */
export function faultOf(sample: Sample, answer: Answer, isIn: boolean, isOutside: boolean): string | undefined {
  const { status, body } = answer
  const text = body.toString()
  if (text.includes(SECRET)) return 'tells of another tenant'
  if (/\n\s+at .+:\d+:\d+|node_modules\//.test(text)) return 'tells of the code of the server'
  if (status >= 500 && !isExpectedFault(sample, answer)) return `is ${status} without a cause`
  if (isOutside) return undefined
  // A request that HTTP itself refuses never comes to a system.
  if (status === 400 && body.length === 0) return undefined
  if (!isIn && status < 300 && sample.isOpen !== true && !isOutcome(sample, text)) return 'lets in one without a key'
  if (status >= 400 && sample.method !== 'HEAD' && !SHAPES[sample.system](parsed(body), answer, sample))
    return `has another form: ${answer.type}`
  return undefined
}

/** Refusals that go with 200: the last frame of a Connect stream. */
function isOutcome({ headers }: Sample, text: string): boolean {
  return headers?.['content-type'] === 'application/connect+json' && /\{"error":\{"code":"/.test(text)
}
