import type { RequestHandler } from 'express'
import Type from 'typebox'
import { Scope } from '../../shared/access/api-key.ts'
import { type BrowserTokens, isOfBrowser, MAX_BROWSER_TOKENS } from '../../shared/access/browser-tokens.ts'
import { looksLikeBrowserToken } from '../../shared/access/key-text.ts'
import type { Config } from '../../shared/config/config.ts'
import { MINUTE, SECOND } from '../../shared/limits.ts'
import { Problem, queueUnavailable } from '../../shared/problems.ts'
import { invalidRequest, unauthenticated } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { presentedKey } from './presented-key.ts'

export interface BrowserTokenNeeds {
  config: Pick<Config, 'auth'>
  browserTokens: Pick<BrowserTokens, 'create'>
}

const LIFETIME_MS = 60 * MINUTE
const MOST_MS = 24 * 60 * MINUTE
const BROWSER_SCOPES = ['sessions', 'jobs'] as const

const BrowserTokenRequest = Type.Object(
  {
    origin: Type.String({
      maxLength: 256,
      description:
        'of the pages that may use it, as browsers name it: scheme, host, and port unless it is the usual one',
    }),
    scopes: Type.Optional(
      Type.Array(Type.Enum(BROWSER_SCOPES), {
        minItems: 1,
        maxItems: 2,
        uniqueItems: true,
        description: 'what it opens, of what the caller has itself; `sessions` when absent',
      }),
    ),
    lifetimeMs: Type.Optional(
      Type.Integer({ minimum: MINUTE, maximum: MOST_MS, description: 'one hour when absent; at most a day' }),
    ),
  },
  { additionalProperties: false },
)

const CreatedBrowserToken = Type.Object({
  id: Type.String(),
  token: Type.String({ description: 'the token itself, `ryb_...`: shown only now, and not stored' }),
  origin: Type.String(),
  scopes: Type.Array(Scope),
  createdAt: Type.String({ format: 'date-time' }),
  expiresAt: Type.String({ format: 'date-time' }),
})

export const browserTokenRoutes = [
  defineRoute({
    method: 'post',
    path: '/v1/browser-tokens',
    id: 'createBrowserToken',
    tag: 'Browser tokens',
    summary: 'Make a token for a page',
    description:
      'A page of the named origin runs code with the token, without an API key. It sees only what was made with this token, has rates ' +
      'of its own, and ends with the key that made it. What it makes counts as sessions of your tenant.',
    scopes: ['sessions', 'jobs'],
    body: {
      schema: BrowserTokenRequest,
      examples: { page: { summary: 'For the pages of a site', value: { origin: 'https://docs.example.com' } } },
    },
    answers: { 201: { description: 'The token. Only this answer contains `token`.', schema: CreatedBrowserToken } },
    problems: ['too-many-tokens'],
    cache: 'no-store',
    schemas: { BrowserTokenRequest },
    async handle({ config, browserTokens }: BrowserTokenNeeds, { body, caller, send }) {
      if (caller.keyId === null && config.auth !== 'none') throw unauthenticated('this needs a key')
      if (isOfBrowser(caller.tenant)) throw new Problem('insufficient-scope', 'a browser token makes no others')
      const { scopes = ['sessions'], lifetimeMs = LIFETIME_MS } = body
      const lacking = scopes.filter((scope) => !caller.scopes.includes(scope))
      if (lacking.length > 0) {
        const detail = `has ${lacking.join(', ')}; the caller has ${caller.scopes.join(', ')}`
        throw invalidRequest([{ pointer: '/scopes', detail }])
      }
      const fields = { keyId: caller.keyId, account: caller.tenant, origin: checkOrigin(body.origin), scopes }
      const made = await browserTokens.create({ ...fields, lifetimeMs })
      if ('roomInMs' in made) {
        const detail = `your key has ${MAX_BROWSER_TOKENS} browser tokens that are valid, the most that is allowed; use one for many visits, or ask for shorter lives`
        throw new Problem('too-many-tokens', detail, {
          headers: { 'Retry-After': String(Math.ceil(made.roomInMs / SECOND)) },
        })
      }
      const { record, token } = made
      const { id, origin, createdAt, expiresAt } = record
      send(201, { id, token, origin, scopes, createdAt, expiresAt })
    },
  }),
]

/** An origin as browsers name it. @throws Problem `invalid-request` */
function checkOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null'
  if (/^https?:\/\/[\w.:[\]-]+$/.test(origin) && origin === text.toLowerCase().replace(/\/$/, '')) return origin
  throw invalidRequest([
    { pointer: '/origin', detail: 'must be an origin, a scheme and a host without a path: https://docs.example.com' },
  ])
}

/** Where pages with a token go. */
const FOR_PAGES = /^\/(?:v1|jupyter|codapi)\//i
const METHODS = 'GET, POST, PUT, PATCH, DELETE'
const HEADERS = 'accept, authorization, content-type, idempotency-key, last-event-id, prefer, x-xsrftoken'
const EXPOSED = 'Location, Preference-Applied, Retry-After, X-Request-Id'

declare module 'express-serve-static-core' {
  interface Locals {
    /** Whether a page of another origin shows a browser token: whether it is good for that origin is looked at with the token. */
    showsBrowserToken?: boolean
  }
}

/**
 * Lets pages of the origins that tokens were made for ask, and read what is answered to their tokens. Nothing else changes: a request
 * without a token of that form is refused as from any other page.
 */
export function fromPages(tokens: Pick<BrowserTokens, 'isKnownOrigin'>): RequestHandler {
  return async (req, res, next) => {
    const { origin, 'access-control-request-method': asked } = req.headers
    if (origin === undefined || !FOR_PAGES.test(req.path)) return next()
    const shown = presentedKey(req)
    const showsToken = shown !== undefined && 'key' in shown && looksLikeBrowserToken(shown.key)
    const isPreflight = req.method === 'OPTIONS' && asked !== undefined
    if (!showsToken && !isPreflight) return next()
    const isKnown = await tokens.isKnownOrigin(origin.toLowerCase()).catch((error: unknown) => {
      throw queueUnavailable(error)
    })
    if (!isKnown) return next()
    res.vary('Origin')
    res.set('Access-Control-Allow-Origin', origin)
    if (isPreflight) {
      res.set({
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Allow-Headers': HEADERS,
        'Access-Control-Max-Age': '600',
      })
      return void res.status(204).end()
    }
    res.set('Access-Control-Expose-Headers', EXPOSED)
    res.locals.showsBrowserToken = true
    next()
  }
}
