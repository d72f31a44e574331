import { createHash, timingSafeEqual } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { parseKey } from '../../../shared/access/key-text.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Budget } from '../../rate-limit/rate-limiter.ts'
import {
  INTERPRETER_PORT,
  isHealthPath,
  isSandboxPath,
  isServedAt,
  type Target,
  targetOfHeaders,
  targetOfHost,
} from './addresses.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { goneBody } from './e2b-problem.ts'
import { keyOfSpelling } from './key-spelling.ts'
import { sessionIdOf } from './sandbox-ids.ts'

/** What runs something new takes from the budget of submissions, all else from that of reading. */
const RUNS = /^\/(?:(?:v2\/)?sandboxes|execute|contexts|process\.Process\/Start)\/?$/i
const STREAMS = /^application\/connect\+/

/** Turns what comes for a host name of E2B's domain into a request of this system, whatever its path. */
export function byHostName(domain: string, place: string): RequestHandler {
  return (req, _res, next) => {
    const target = domain === '' ? undefined : targetOfHost(req.headers.host ?? '', domain)
    if (!target) return next()
    if (target !== 'service') {
      req.headers['e2b-sandbox-id'] = target.sandboxId
      req.headers['e2b-sandbox-port'] = String(target.port)
    }
    req.url = `${place}${req.url}`
    next()
  }
}

/**
 * Finds out who calls. The service is shown keys; a sandbox is shown the token that its owner got with it, and its calls are those
 * of the holder of the key that it was opened with.
 */
export function sandboxAccess(needs: E2bNeeds): RequestHandler {
  return async (req, res, next) => {
    res.locals.budget = (req.method === 'POST' && RUNS.test(req.path) ? 'submit' : 'read') satisfies Budget
    const target = targetOfHeaders(req.headers)
    if (!isSandboxPath(req.path) || (isHealthPath(req.path) && target.sandboxId === undefined)) {
      spellKeys(req, needs.config.auth)
      return next()
    }
    if (/^\/(?:process|filesystem)\./i.test(req.path)) {
      res.locals.rpc = STREAMS.test(req.headers['content-type'] ?? '') ? 'stream' : 'unary'
    }
    const { sandboxId, port } = target
    if (sandboxId === undefined || port === undefined) {
      const detail =
        'the request names no sandbox: it has the headers E2b-Sandbox-Id and E2b-Sandbox-Port, or goes to a name of the sandbox'
      throw new Problem('invalid-header', detail)
    }
    if (await openSandbox(needs, { sandboxId, port }, req, res)) next()
  }
}

/** @returns false when it has answered */
async function openSandbox(needs: E2bNeeds, target: Target, req: Request, res: Response): Promise<boolean> {
  const { sessions, records, access, config } = needs
  const { sandboxId, port } = target
  const id = sessionIdOf(sandboxId)
  const [first, record] = id === undefined ? [] : await Promise.all([sessions.records.read(id), records.find(id)])
  const found = record && record.sessionId !== id ? await sessions.records.read(record.sessionId) : first
  if (!found || !record || found.session.state === 'ended') {
    await access.asStranger(req, res)
    res.status(502).json(goneBody(sandboxId))
    return false
  }
  // It needs no token: it costs whoever asks, not the holder of the key.
  if (isHealthPath(req.path) && (req.method === 'GET' || req.method === 'HEAD')) {
    await access.asStranger(req, res)
    if (!isServedAt(req.path, port)) sendClosedPort(res, target)
    else if (port === INTERPRETER_PORT) res.json('OK')
    else res.status(204).end()
    return false
  }
  if (!isOpenedBy(record.token, req)) {
    const shows = tokensOf(req).length > 0 || signatureIn(req) !== undefined
    if (shows) await access.refuse(`a wrong access token of the sandbox ${sandboxId} was sent`, req, res)
    if (config.auth !== 'none') throw new Problem('unauthenticated', 'the request has no access token of the sandbox')
  }
  await access.asHolder(record.keyId, req, res)
  if (res.locals.caller.tenant !== found.tenant) {
    res.status(502).json(goneBody(sandboxId))
    return false
  }
  if (!isServedAt(req.path, port)) {
    sendClosedPort(res, target)
    return false
  }
  res.locals.sandbox = { sandboxId, port, session: found.session }
  return true
}

function sendClosedPort(res: Response, { sandboxId, port }: Target): void {
  const message = `The sandbox is running but port is not open: no network leads to port ${port} of a sandbox here`
  res.status(502).json({ sandboxId, message, port, code: 502 })
}

const TOKEN_HEADERS = ['x-access-token', 'e2b-traffic-access-token'] as const

type Shown = Pick<Request, 'method' | 'path' | 'headers' | 'query'>

const tokensOf = ({ headers }: Pick<Shown, 'headers'>): string[] =>
  TOKEN_HEADERS.flatMap((name) => String(headers[name] ?? '').split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '')

/** What is shown as the signature of a file; elsewhere it means nothing. */
const signatureIn = ({ path, query }: Pick<Shown, 'path' | 'query'>): string | undefined =>
  /^\/files\/?$/i.test(path) && typeof query['signature'] === 'string' && query['signature'] !== ''
    ? query['signature'].trim()
    : undefined

/** Whether a request shows a sandbox's token in a header, or what signs its one download or upload. */
export function isOpenedBy(token: string, req: Shown): boolean {
  if (tokensOf(req).some((shown) => isSame(shown, token))) return true
  const signature = signatureIn(req)
  const wanted = signature === undefined ? undefined : wantedSignature(token, req)
  return signature !== undefined && wanted !== undefined && isSame(signature, wanted)
}

/** What signs the download or upload of one file; undefined when it has expired. */
function wantedSignature(token: string, { method, query }: Shown): string | undefined {
  const text = (name: string) => (typeof query[name] === 'string' ? query[name] : '')
  const until = text('signature_expiration')
  if (until !== '' && !(Number(until) * 1000 > Date.now())) return undefined
  const operation = method === 'POST' ? 'write' : 'read'
  return signatureOf({ path: text('path'), operation, user: text('username'), token, until })
}

/** @param signed `until` is in seconds since 1970, or empty */
export function signatureOf(signed: {
  path: string
  operation: 'read' | 'write'
  user: string
  token: string
  until: string
}): string {
  const { path, operation, user, token, until } = signed
  const parts = [path, operation, user, token, ...(until === '' ? [] : [until])]
  return `v1_${createHash('sha256').update(parts.join(':')).digest('base64').replace(/=+$/, '')}`
}

const isSame = (a: string, b: string): boolean => {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

/**
 * Spells the keys of E2B's clients as keys are spelled here. Those clients always send one: where none is needed, what cannot be a key
 * is left out.
 */
function spellKeys(req: Request, auth: E2bNeeds['config']['auth']): void {
  const { headersDistinct } = req
  const keys = headersDistinct['x-api-key']?.map(keyOfSpelling)
  if (!keys) return
  const kept = auth === 'none' ? keys.filter((key) => parseKey(key.trim()) !== undefined) : keys
  if (kept.length > 0) headersDistinct['x-api-key'] = kept
  else delete headersDistinct['x-api-key']
}
