import { type Answer, faultOf } from './checks.ts'
import type { Named, Sample } from './corpus.ts'
import type { Mutator } from './mutate.ts'

export interface ChangedRequest {
  url: string
  /** The key of whoever calls. */
  own: string
  named: Named
  /** What is another tenant's, where the sample names it. */
  theirs: Named | undefined
  mutator: Mutator
  sample: Sample
}

/** One who has waited so long leaves: what was sent was taken. */
const PATIENCE_MS = 4000
const TYPES = [
  'application/json',
  'text/plain',
  'application/connect+json',
  'application/proto',
  'multipart/form-data; boundary=',
  'application/x-www-form-urlencoded',
  '',
]
const ENCODINGS = ['gzip', 'br', 'identity', 'gzip, gzip', 'x']
const NO_KEYS = [
  undefined,
  '',
  'ry_0',
  `ry_${'0'.repeat(12)}_${'0'.repeat(64)}`,
  `ryb_${'0'.repeat(12)}_${'0'.repeat(64)}`,
  'e2b_0000',
  'null',
]

/** Changes a request, sends it and looks at its answer. */
export async function sendChanged({
  url,
  own,
  named,
  theirs,
  mutator,
  sample,
}: ChangedRequest): Promise<{ fault?: string; status: number | string; system: string }> {
  const { pick, chance } = mutator
  const { system } = sample
  const isIn = chance(0.85)
  const key = isIn ? own : pick(NO_KEYS)
  const headers: Record<string, string> = { ...sample.headers }
  if (sample.isOfSandbox) {
    // With one's own token at another's sandbox, one comes to nothing.
    headers['x-access-token'] = isIn ? named.sandbox.token : (pick(NO_KEYS) ?? '')
  } else if (key !== undefined) {
    if (chance(0.5)) headers['authorization'] = `Bearer ${key}`
    else headers['x-api-key'] = key
  }
  let body: Buffer | undefined = sample.bytes && (chance(0.8) ? mutator.bytes(sample.bytes) : sample.bytes)
  if (sample.json !== undefined) {
    const text = JSON.stringify(chance(0.8) ? mutator.json(sample.json) : sample.json) ?? ''
    body = chance(0.15) ? mutator.bytes(Buffer.from(text)) : Buffer.from(text)
    headers['content-type'] ??= 'application/json'
  }
  if (chance(0.08)) headers['content-type'] = pick(TYPES)
  if (chance(0.05)) headers['content-encoding'] = pick(ENCODINGS)
  if (chance(0.05))
    headers[
      pick([
        'range',
        'prefer',
        'idempotency-key',
        'connect-timeout-ms',
        'keepalive-ping-interval',
        'e2b-sandbox-port',
        'x-request-id',
        'accept',
        'cookie',
        'expect',
      ])
    ] = headerText(mutator)
  const path = chance(0.25) ? changedPath(mutator, sample.path) : sample.path
  const method = chance(0.05) ? pick(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) : sample.method
  const sent = { ...sample, path, method, headers }
  let answer: Answer
  try {
    answer = await send(`${url}/${system}${path}`, method, headers, body)
  } catch (error) {
    const { name, cause } = error as Error
    // It was taken, and what it started goes on without whoever asked for it.
    if (name === 'TimeoutError' || name === 'AbortError') return { system, status: 'left' }
    return isBroken(cause) ? { system, status: 'broken' } : { system, status: 'unsent' }
  }
  const isOutside = !new URL(`${url}/${system}${path}`).pathname.startsWith(`/${system}/`)
  const wrong =
    faultOf(sent, answer, isIn || isOutside || method === 'OPTIONS', isOutside) ??
    (theirs && reaches(theirs, sent, answer) ? 'reaches what is of another tenant' : undefined)
  const told =
    wrong &&
    `${method} /${system}${path.slice(0, 200)} ${wrong}: ${answer.status} ${answer.body.toString().slice(0, 300)}, asked with ${JSON.stringify(headers['content-type'])} ${body?.toString().slice(0, 300) ?? ''}`
  return { system, status: answer.status, ...(told !== undefined && { fault: told }) }
}

async function send(
  address: string,
  method: string,
  headers: Record<string, string>,
  body: Buffer | undefined,
): Promise<Answer> {
  const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD'
  const response = await fetch(address, {
    method,
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...(hasBody && { body: new Uint8Array(body) }),
  })
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, type, body: Buffer.from(await response.arrayBuffer()) }
}

/** The gateway ended the connection before it had answered: allowed only for what HTTP refuses. */
const isBroken = (cause: unknown): boolean => /ECONNRESET|other side closed/.test(String(cause))

/** Something was done with what is another's, or it was shown. */
function reaches(
  { sandbox, kernel, submission }: Named,
  { path, method, headers, isOfSandbox }: Sample,
  { status, body }: Answer,
): boolean {
  if (status >= 300 || method === 'OPTIONS') return false
  const text = body.toString()
  // A refusal of a stream stands in its body, which HEAD leaves out.
  if (isOfSandbox && method === 'HEAD' && headers?.['content-type'] === 'application/connect+json') return false
  if (isOfSandbox) return !/\{"error":\{"code":"/.test(text) && path.split('?')[0] !== '/health'
  return [sandbox.id, kernel, submission].some((id) => text.includes(id) || path.split('?')[0]?.includes(id))
}

function changedPath({ pick, whole, text }: Mutator, path: string): string {
  const [place = '', query = ''] = path.split('?')
  const parts = place.split('/')
  const at = 1 + whole(Math.max(1, parts.length - 1))
  const odd = pick([
    '%00',
    '%2e%2e',
    '..',
    '%ff',
    'a'.repeat(3000),
    '%2F',
    '',
    '__proto__',
    'constructor',
    '0',
    '-1',
    text(parts[at] ?? 'x'),
    '%',
    '%E0%A4%A',
    '{}',
    '*',
  ])
  if (query !== '' && whole(2) === 0) {
    const pairs = query.split('&')
    const index = whole(pairs.length)
    const [name = ''] = (pairs[index] ?? '').split('=')
    pairs[index] = pick([
      `${name}=${odd}`,
      `${name}[]=1`,
      `${name}[a]=1`,
      `${name}`,
      `${name}=1&${name}=2`,
      `__proto__[x]=1`,
      `${name}=${'9'.repeat(30)}`,
    ])
    return escaped(`${place}?${pairs.join('&')}`)
  }
  return escaped(
    `${parts.map((part, index) => (index === at ? odd : part)).join('/')}${query === '' ? '' : `?${query}`}`,
  )
}

/** As a client could send it: without what HTTP's first line cannot have. */
const escaped = (path: string): string =>
  path.replaceAll(/[^\u0021-\u007e]/gu, (letter) => encodeURIComponent(Buffer.from(letter).toString()))

const headerText = ({ text, pick }: Mutator): string =>
  pick(['0', '-1', '1e9', 'wait=60', 'respond-async', 'bytes=0-', '*/*', text('wait=1')]).replaceAll(
    /[^\u0021-\u007e]/g,
    '',
  )

/** Sends a request as it is, with a right key or with none. @returns what is wrong with its answer */
export async function sendAs(
  { url, own, named }: Pick<ChangedRequest, 'url' | 'own' | 'named'>,
  sample: Sample,
  title: string,
  shown?: Readonly<Record<string, string>>,
): Promise<{ fault?: string; status: number | string; system: string }> {
  const { system, path, method } = sample
  const right = sample.isOfSandbox ? { 'x-access-token': named.sandbox.token } : { 'x-api-key': own }
  const body = sample.bytes ?? (sample.json === undefined ? undefined : Buffer.from(JSON.stringify(sample.json)))
  const headers = {
    ...(sample.json !== undefined && { 'content-type': 'application/json' }),
    ...sample.headers,
    ...(shown ?? right),
  }
  let answer: Answer
  try {
    answer = await send(`${url}/${system}${path}`, method, headers, body)
  } catch (error) {
    return { system, status: (error as Error).name === 'TimeoutError' ? 'left' : 'unsent' }
  }
  const wrong = faultOf(sample, answer, shown === undefined, false)
  const told =
    wrong &&
    `${method} /${system}${path.slice(0, 200)}, ${title}, ${wrong}: ${answer.status} ${answer.body.toString().slice(0, 300)}`
  return { system, status: answer.status, ...(told !== undefined && { fault: told }) }
}

/** How strangers show what is no key, in the headers of each system. */
export const STRANGERS: readonly Readonly<Record<string, string>>[] = [
  {},
  ...NO_KEYS.filter((key) => key !== undefined).flatMap((key) => [
    { authorization: `Bearer ${key}` },
    { authorization: `token ${key}` },
    { authorization: key },
    { 'x-api-key': key },
    { 'x-auth-token': key },
    { 'x-auth-user': key },
    { 'x-access-token': key },
    { 'e2b-traffic-access-token': key },
  ]),
  { authorization: 'Basic dXNlcjo=' },
  { cookie: 'session=1; _xsrf=1' },
]
