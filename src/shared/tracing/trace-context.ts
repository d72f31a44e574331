/** A place in a trace, as it is handed on: the headers of W3C Trace Context (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  traceparent: string
  tracestate?: string
}

export interface TraceIds {
  traceId: string
  spanId: string
  isSampled: boolean
}

const MAX_STATE_LENGTH = 512

/** @returns undefined when it is none; what a later version adds at the end is passed over */
export function parseTraceparent(text: string): TraceIds | undefined {
  const [, version = '', traceId = '', spanId = '', flags = '', rest = ''] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(text) ?? []
  if (traceId === '' || version === 'ff' || (version === '00' && rest !== '')) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

export const formatTraceparent = ({ traceId, spanId, isSampled }: TraceIds): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`

/** The context that a request's headers tell; undefined when they tell none that holds. */
export function contextOfHeaders(headers: Record<string, string | string[] | undefined>): TraceContext | undefined {
  const { traceparent, tracestate } = headers
  if (typeof traceparent !== 'string' || !parseTraceparent(traceparent)) return undefined
  const state = [tracestate ?? []].flat().join(',')
  const isUsable = state !== '' && state.length <= MAX_STATE_LENGTH && /^[\x20-\x7e]+$/.test(state)
  return { traceparent, ...(isUsable && { tracestate: state }) }
}
