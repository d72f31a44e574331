import type { ExecutionError, ExecutionStatus, Result } from '../../../shared/sessions/session.ts'

/** What a result of the code interpreter calls each media type. */
const FORMATS: Readonly<Record<string, string>> = {
  'text/plain': 'text',
  'text/html': 'html',
  'text/markdown': 'markdown',
  'image/svg+xml': 'svg',
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'application/pdf': 'pdf',
  'text/latex': 'latex',
  'application/json': 'json',
  'application/javascript': 'javascript',
}

/** One message of a run, on a line of its own: in ASCII, since clients decode each piece that arrives by itself. */
export function lineOf(message: object): string {
  const json = JSON.stringify(message)
  // oxlint-disable-next-line no-control-regex -- all that is not ASCII is looked for
  return `${json.replaceAll(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`
}

export const outputLine = (stream: 'stdout' | 'stderr', text: string, at: Date): string =>
  lineOf({ type: stream, text, timestamp: at.toISOString() })

export function resultLine({ data, isMainResult }: Pick<Result, 'data' | 'isMainResult'>): string {
  const formats: Record<string, unknown> = {}
  const extra: Record<string, unknown> = {}
  for (const [type, value] of Object.entries(data)) {
    const name = Object.hasOwn(FORMATS, type) ? FORMATS[type] : undefined
    if (name === undefined) extra[type] = value
    else if (name === 'text' && typeof value === 'string') formats[name] = withoutQuotes(value)
    else
      formats[name] =
        type.startsWith('image/') && typeof value === 'string' && type !== 'image/svg+xml' ? value.trim() : value
  }
  return lineOf({
    type: 'result',
    is_main_result: isMainResult,
    ...formats,
    ...(Object.keys(extra).length > 0 && { extra }),
  })
}

/** The text of a string's value: as it is shown, without the quotes of its representation. */
function withoutQuotes(text: string): string {
  const [quote] = text
  return text.length >= 2 && (quote === "'" || quote === '"') && text.endsWith(quote) ? text.slice(1, -1) : text
}

export const errorLine = ({ name, value, traceback }: ExecutionError): string =>
  lineOf({ type: 'error', name, value, traceback: traceback.join('\n') })

/** What is told of an execution that did not end by itself, and has told of no error. */
const ENDS: Partial<Record<ExecutionStatus, string>> = {
  interrupted: 'KeyboardInterrupt',
  'wall-time-limit': 'TimeoutError',
  'cpu-time-limit': 'TimeoutError',
  'context-lost': 'KernelDied',
  cancelled: 'Cancelled',
}

/** The lines behind all others. @param hasError whether an error was told of */
export function lastLines(
  {
    status,
    message,
    executionCount,
  }: { status: ExecutionStatus | null; message: string | null; executionCount: number | null },
  hasError: boolean,
): string {
  const name = status === null || hasError ? undefined : ENDS[status]
  return [
    name === undefined ? '' : errorLine({ name, value: message ?? '', traceback: [`${name}: ${message ?? ''}`] }),
    executionCount === null ? '' : lineOf({ type: 'number_of_executions', execution_count: executionCount }),
    lineOf({ type: 'end_of_execution' }),
  ].join('')
}
