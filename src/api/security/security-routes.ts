import Type from 'typebox'
import { KIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { Allowed, Block, type Blocks, type OperatorAction } from '../../shared/security/blocks.ts'
import { SecurityEventKind, SecurityEventPage } from '../../shared/security/security-event.ts'
import type { SecurityEvents } from '../../shared/security/security-events.ts'
import { addressSubject, keySubject, parseSubject, type Subject, SUBJECT_WORDS } from '../../shared/security/subject.ts'
import type { Caller } from '../http/caller.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'

const MAX_BODY_BYTES = 4 * KIB
const DEFAULT_LIMIT = 50

const Reason = Type.Optional(Type.String({ maxLength: 200, description: 'for the record' }))

export const BlockRequest = Type.Object(
  {
    seconds: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1e9, description: 'until somebody lifts it, when absent' }),
    ),
    reason: Reason,
  },
  { additionalProperties: false },
)
export const AllowRequest = Type.Object({ reason: Reason }, { additionalProperties: false })

/** A query has strings; `kind` may stand there more than once. */
const SecurityEventsQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({ pattern: '^(?:[1-9][0-9]?|[1-4][0-9]{2}|500)$', description: '1 to 500; 50 when absent' }),
    ),
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the previous page' })),
    kind: Type.Optional(Type.Array(SecurityEventKind)),
  },
  { additionalProperties: false },
)
const BlockList = Type.Object({ blocks: Type.Array(Block, { description: 'the first to end first' }) })
const AllowedList = Type.Object({ allowed: Type.Array(Allowed) })

const block: Block = {
  subject: 'address:192.0.2.7',
  since: '2027-01-31T12:00:00.000Z',
  until: '2027-01-31T13:00:00.000Z',
  reason: 'tries keys',
  by: 'key:4f2a91c07b3e',
}
const allowed: Allowed = {
  subject: 'address:192.0.2.7',
  since: '2027-01-31T12:00:00.000Z',
  reason: 'our own monitoring',
  by: 'key:4f2a91c07b3e',
}

export interface BlocksNeeds {
  blocks: Blocks
}

const common = { tag: 'Administration', scopes: ['admin'], cache: 'no-store' } as const
const params = { subject: PATH.subject }

/** What the operator sees of abuse and can do about it. */
export const SECURITY_ROUTES = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/security-events',
    id: 'listSecurityEvents',
    summary: 'List security events',
    description:
      'Newest first: refused submissions, rate limits, failed authentications, escape attempts, and what operators did. ' +
      '`kind` may be given several times.',
    query: SecurityEventsQuery,
    answers: { 200: { description: 'One page.', schema: SecurityEventPage } },
    async handle({ events }: { events: Pick<SecurityEvents, 'list'> }, { query, send }) {
      const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit)
      const page = await events.list({ limit, before: query.cursor, kinds: query.kind }).catch((error: unknown) => {
        throw error instanceof RangeError ? fieldProblem('/cursor', 'is not the `next` of a page') : error
      })
      send(200, page)
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/blocks',
    id: 'listBlocks',
    summary: 'List blocked callers',
    answers: {
      200: {
        description: 'The current blocks.',
        schema: BlockList,
        examples: { one: { summary: 'One block', value: { blocks: [block] } } },
      },
    },
    schemas: { BlockList },
    async handle({ blocks }: BlocksNeeds, { send }) {
      send(200, { blocks: await blocks.list() })
    },
  }),
  defineRoute({
    ...common,
    method: 'put',
    path: '/v1/admin/blocks/:subject',
    id: 'blockCaller',
    summary: 'Block a caller',
    description: 'Applies to the next request of the caller, on every gateway.',
    params,
    body: {
      schema: BlockRequest,
      examples: {
        hour: { summary: 'For an hour', value: { seconds: 3600, reason: 'tries keys' } },
        forever: { summary: 'Until somebody lifts it', value: {} },
      },
      maxBytes: MAX_BODY_BYTES,
    },
    answers: {
      200: { description: 'The block.', schema: Block, examples: { hour: { summary: 'For an hour', value: block } } },
    },
    schemas: { BlockRequest },
    async handle({ blocks }: BlocksNeeds, request) {
      const { seconds = null, reason = '' } = request.body
      request.send(200, await blocks.block(subjectOf(request), { seconds, ...actionOf(request, reason) }))
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/v1/admin/blocks/:subject',
    id: 'unblockCaller',
    summary: 'Lift a block',
    description: 'Also resets the score and the history of blocks.',
    params,
    answers: { 204: { description: 'The block is lifted.' } },
    async handle({ blocks }: BlocksNeeds, request) {
      const lifted = await blocks.unblock(subjectOf(request), actionOf(request, ''))
      if (!lifted) throw new Problem('not-found', 'this caller is not blocked')
      request.send(204)
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/allowed',
    id: 'listAllowed',
    summary: 'List exempt callers',
    answers: {
      200: {
        description: 'The exemptions.',
        schema: AllowedList,
        examples: { one: { summary: 'One exemption', value: { allowed: [allowed] } } },
      },
    },
    schemas: { AllowedList },
    async handle({ blocks }: BlocksNeeds, { send }) {
      send(200, { allowed: await blocks.allowed() })
    },
  }),
  defineRoute({
    ...common,
    method: 'put',
    path: '/v1/admin/allowed/:subject',
    id: 'allowCaller',
    summary: 'Exempt a caller from blocks',
    description: 'Also lifts a current block.',
    params,
    body: {
      schema: AllowRequest,
      examples: { monitoring: { summary: 'Your own monitoring', value: { reason: 'our own monitoring' } } },
      maxBytes: MAX_BODY_BYTES,
    },
    answers: {
      200: {
        description: 'The exemption.',
        schema: Allowed,
        examples: { monitoring: { summary: 'Your own monitoring', value: allowed } },
      },
    },
    schemas: { AllowRequest },
    async handle({ blocks }: BlocksNeeds, request) {
      const { reason = '' } = request.body
      request.send(200, await blocks.allow(subjectOf(request), actionOf(request, reason)))
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/v1/admin/allowed/:subject',
    id: 'disallowCaller',
    summary: 'Remove an exemption',
    params,
    answers: { 204: { description: 'The exemption is removed.' } },
    async handle({ blocks }: BlocksNeeds, request) {
      const removed = await blocks.disallow(subjectOf(request), actionOf(request, ''))
      if (!removed) throw new Problem('not-found', 'this caller is not exempt')
      request.send(204)
    },
  }),
]

function actionOf({ caller: { keyId, address } }: { caller: Caller }, reason: string): OperatorAction {
  return { reason, by: keyId === null ? addressSubject(address) : keySubject(keyId) }
}

const fieldProblem = (pointer: string, detail: string) => invalidRequest([{ pointer, detail }])

/** @throws Problem `invalid-request` */
function subjectOf({ params: { subject: text } }: { params: { subject: string } }): Subject {
  const subject = parseSubject(text)
  if (subject === undefined) throw fieldProblem('/subject', `must be ${SUBJECT_WORDS}`)
  return subject
}
