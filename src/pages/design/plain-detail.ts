import type { FieldError, RunyardError } from '../../client/client.ts'

/** What the API says of a field, as a sentence that stands beside the field. @param figure how a number of it is shown */
export function plainDetail(detail: string, figure: (value: number) => string = String): string {
  const most = /; the most this \w+ allows is (\d+)$/.exec(detail)?.[1]
  const plain =
    most === undefined
      ? detail
          .replace('must be integer', 'must be a whole number')
          .replace('must be >= ', 'must be at least ')
          .replace('must be <= ', 'must be at most ')
      : `at most ${most}`
  const text = plain.replaceAll(/(?<![\w.-])\d+(?![\w-]|\.\d)/g, (digits) => figure(Number(digits)))
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

/** What did not work, as a page tells it: where no answer of Runyard's came, the client's own words are those of a log. */
export function messageOf({ code, message }: Pick<RunyardError, 'code' | 'message'>): string {
  if (code === 'unreachable') {
    return 'No answer: the network or the service is down. Submitted programs continue without this page.'
  }
  return code === 'unknown' ? 'The answer did not come from Runyard but from a server before it.' : message
}

const PLACES: Record<string, string> = {
  code: 'Program',
  stdin: 'Standard input',
  args: 'Arguments',
  language: 'Language',
  limits: 'Limits',
  webhook: 'Webhook',
  tenant: 'Tenant',
  name: 'Name',
  scopes: 'Scopes',
  reason: 'Reason',
}

/** A field of a request in words, for what has no field of its own on a page: `/files/0/path` is `Files 1, path`. */
export function placeOf({ pointer }: Pick<FieldError, 'pointer'>): string {
  const parts: string[] = []
  for (const part of pointer.split('/').slice(1)) {
    if (/^\d+$/.test(part) && parts.length > 0) parts.push(`${parts.pop()} ${Number(part) + 1}`)
    else parts.push(parts.length === 0 ? (PLACES[part] ?? part) : part.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  return parts.length === 0 ? 'The request' : parts.join(', ')
}
