import Type, { type Static } from 'typebox'
import { findLanguage, type Language } from '../../../shared/language.ts'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { SessionRequest } from '../../../shared/sessions/requests.ts'
import { invalidRequest } from '../../http/problems.ts'

const text = Type.Record(Type.String(), Type.String())

/** The body of `POST /sandboxes`. What else it has is left alone. */
export const CreateRequest = Type.Object({
  templateID: Type.String({ minLength: 1, maxLength: 128 }),
  timeout: Type.Optional(Type.Integer({ minimum: 0, maximum: 1e9, description: 'seconds' })),
  metadata: Type.Optional(text),
  envVars: Type.Optional(text),
  autoPause: Type.Optional(Type.Boolean()),
  mcp: Type.Optional(Type.Object({})),
  iam: Type.Optional(Type.Object({})),
  volumeMounts: Type.Optional(Type.Array(Type.Unknown())),
})
export type CreateRequest = Static<typeof CreateRequest>

/** What a sandbox lives that asks for no time, in seconds. */
export const DEFAULT_TIMEOUT = 300

/** Templates of E2B's own. */
const TEMPLATES: Readonly<Record<string, Pick<SessionRequest, 'language' | 'kernel'>>> = {
  base: { kernel: false },
  'code-interpreter-v1': { language: 'python' },
  'code-interpreter': { language: 'python' },
}

/** Whether a template is one of E2B's, or a language, with or without a version. */
export const isTemplate = (id: string, languages: readonly Language[]): boolean =>
  Object.hasOwn(TEMPLATES, id) || findLanguage(languages, id.split(':', 1)[0] ?? '') !== undefined

/**
 * What a template stands for: one of E2B's, or a language, with a version after a colon if one is wanted: `python:3.x`.
 * @throws Problem `not-found`
 */
export function templateOf(
  id: string,
  languages: readonly Language[],
): Pick<SessionRequest, 'language' | 'kernel' | 'version'> {
  const own = Object.hasOwn(TEMPLATES, id) ? TEMPLATES[id] : undefined
  if (own) return own
  const [name = '', version] = id.split(':', 2)
  if (!findLanguage(languages, name)) {
    const known = [...Object.keys(TEMPLATES), ...languages.map((language) => language.id)].join(', ')
    throw new Problem(
      'not-found',
      `template "${id}" does not exist; there are ${known}, a language with a version, e.g. python:3.x, your environments by their ids, and sets of packages, e.g. python/data`,
    )
  }
  return { language: name, ...(version !== undefined && version !== '' && { version }) }
}

/**
 * The session that is asked for, without what its template stands for.
 * @param longestMs the longest that a session may live
 * @throws Problem
 */
export function sessionOfCreate(
  { timeout, metadata, envVars, autoPause, mcp, iam, volumeMounts }: CreateRequest,
  longestMs: number,
): SessionRequest {
  const refused = [
    {
      is: autoPause === true,
      pointer: '/autoPause',
      what: 'sandboxes end at their timeout here; pause one before, with its files alone',
    },
    { is: mcp !== undefined, pointer: '/mcp', what: 'sandboxes have no MCP gateway here' },
    { is: iam !== undefined, pointer: '/iam', what: 'sandboxes have no workload identity here' },
    { is: (volumeMounts?.length ?? 0) > 0, pointer: '/volumeMounts', what: 'there are no volumes here' },
  ].filter(({ is }) => is)
  if (refused.length > 0)
    throw invalidRequest(refused.map(({ pointer, what }) => ({ pointer, detail: `cannot be used: ${what}` })))
  const lifetimeMs =
    timeout === undefined ? Math.min(DEFAULT_TIMEOUT * SECOND, longestMs) : lifetimeOf(timeout, longestMs)
  return {
    maxLifetimeMs: lifetimeMs,
    // Nothing but its timeout ends it.
    idleTimeoutMs: lifetimeMs,
    ...(metadata && { metadata }),
    ...(envVars && { env: envVars }),
  }
}

function lifetimeOf(timeout: number, longestMs: number): number {
  const ms = Math.max(timeout, 1) * SECOND
  if (ms > longestMs) {
    throw invalidRequest([
      {
        pointer: '/timeout',
        detail: `is ${timeout}; a sandbox lives ${Math.floor(longestMs / SECOND)} seconds at most`,
      },
    ])
  }
  return ms
}
