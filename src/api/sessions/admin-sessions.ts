import Type from 'typebox'
import { AdminSessionPage, TenantSession } from '../../shared/sessions/session.ts'
import type { SessionRecords } from '../../shared/sessions/session-records.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'
import { runningSession } from './examples.ts'
import type { SessionNeeds } from './needs.ts'
import { sendSessionEvents, SESSION_EVENTS } from './sessions.ts'
import { noSession, type SessionCalls } from './session-calls.ts'
import { closeSession } from './start-session.ts'

export interface AdminSessionNeeds extends Pick<SessionNeeds, 'feed' | 'open'> {
  records: SessionRecords
  calls: SessionCalls
  audit: Audit
}

const DEFAULT_LIMIT = 50

const AdminSessionsQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 50 when absent' })),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the previous page' })),
    tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  },
  { additionalProperties: false },
)
const common = { tag: 'Administration', scopes: ['admin'] } as const
const tenantSession = { ...runningSession, tenant: 'acme', worker: '3f1c9a52-6a0e-4f0b-9d2b-6a1d6f1f9d10' }

const read = async ({ records }: Pick<AdminSessionNeeds, 'records'>, id: string) => {
  const found = await records.read(id.toLowerCase())
  if (!found) throw noSession()
  return found
}

/** The sessions of all tenants, with what they write. Files and variables in them are for their tenants. */
export const adminSessionRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/sessions',
    id: 'listAllSessions',
    summary: 'List the sessions of all tenants that live',
    description: 'Newest first, and how much memory they have together.',
    query: AdminSessionsQuery,
    answers: {
      200: {
        description: 'One page.',
        schema: AdminSessionPage,
        examples: {
          page: {
            summary: 'The last page',
            value: {
              sessions: [tenantSession],
              next: null,
              count: 1,
              memoryBytes: tenantSession.limits.memoryBytes,
            },
          },
        },
      },
    },
    cache: 'no-store',
    schemas: { TenantSession, AdminSessionPage },
    async handle({ records }: AdminSessionNeeds, { query, send }) {
      const { limit, cursor, tenant } = query
      const all = (await records.live()).filter((one) => tenant === undefined || one.tenant === tenant)
      const before = cursor === undefined ? undefined : decodeCursor(cursor)
      const rest = before === undefined ? all : all.filter(({ session }) => session.id < before)
      const page = rest.slice(0, limit === undefined ? DEFAULT_LIMIT : Number(limit))
      const last = page.at(-1)?.session.id
      send(200, {
        sessions: page.map(({ session, ...whose }) => ({ ...session, ...whose })),
        next: last === undefined || page.length === rest.length ? null : encodeCursor(last),
        count: all.length,
        memoryBytes: all.reduce((sum, { session }) => sum + session.limits.memoryBytes, 0),
      })
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/sessions/:id',
    id: 'readAnySession',
    summary: 'Read a session of any tenant',
    params: { id: PATH.session },
    answers: {
      200: {
        description: 'The session.',
        schema: TenantSession,
        examples: { running: { summary: 'A session that runs', value: tenantSession } },
      },
    },
    cache: 'no-store',
    async handle(needs: AdminSessionNeeds, { params, send }) {
      const { session, tenant, worker = null } = await read(needs, params.id)
      send(200, { ...session, tenant, worker })
    },
  }),
  defineRoute({
    ...common,
    ...SESSION_EVENTS,
    method: 'get',
    path: '/v1/admin/sessions/:id/events',
    id: 'streamAnySessionEvents',
    summary: 'Follow a session of any tenant',
    description: 'As `/v1/sessions/{id}/events` does.',
    params: { id: PATH.session },
    headers: ['Last-Event-ID'],
    async handle(needs: AdminSessionNeeds, { req, res, params }) {
      await sendSessionEvents(needs, (await read(needs, params.id)).session, req, res)
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/v1/admin/sessions/:id',
    id: 'endAnySession',
    summary: 'End a session of any tenant',
    description: 'Its owner sees the reason `deleted`. A session that has ended does not change.',
    params: { id: PATH.session },
    answers: {
      200: { description: 'The ended session.', schema: TenantSession },
      202: { description: 'The session is still ending: its worker took longer than 5 s.', schema: TenantSession },
    },
    async handle(needs: AdminSessionNeeds, request) {
      const { records, audit } = needs
      const id = request.params.id.toLowerCase()
      const found = await read(needs, id)
      const { tenant } = found
      const worker = found.worker ?? null
      if (found.session.state === 'ended') return request.send(200, { ...found.session, tenant, worker })
      audit(request, 'session-ended', `the session ${id} of the tenant ${tenant} was ended`)
      const session = await closeSession(needs, { id, tenant }, async () => {
        const now = (await records.read(id))?.session
        if (!now) throw noSession()
        return now
      })
      request.send(session.state === 'ended' ? 200 : 202, { ...session, tenant, worker })
    },
  }),
]
