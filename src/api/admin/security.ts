import { type Request, type Response, Router } from 'express'
import Type, { type Static } from 'typebox'
import { KIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { Allowed, Block, type Blocks, type OperatorAction } from '../../shared/security/blocks.ts'
import { SecurityEventKind } from '../../shared/security/security-event.ts'
import type { SecurityEvents } from '../../shared/security/security-events.ts'
import { addressSubject, keySubject, parseSubject, type Subject, SUBJECT_WORDS } from '../../shared/security/subject.ts' // prettier-ignore
import { onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import { noQuery, queryOf } from '../http/query.ts'
import { bodyValidator } from '../http/validate.ts'

export interface AdminSecurityDeps {
  events: Pick<SecurityEvents, 'list'>
  blocks: Blocks
}

const MAX_BODY_BYTES = 4 * KIB
const DEFAULT_LIMIT = 50

const Reason = Type.Optional(Type.String({ maxLength: 200, description: 'for the record' }))

export const BlockRequest = Type.Object(
  {
    seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 1e9, description: 'until it is lifted, when absent' })),
    reason: Reason,
  },
  { additionalProperties: false },
)
export const AllowRequest = Type.Object({ reason: Reason }, { additionalProperties: false })

/** A query has strings; `kind` may stand there more than once. */
export const SecurityEventsQuery = Type.Object(
  {
    limit: Type.Optional(Type.String({ pattern: '^(?:[1-9][0-9]?|[1-4][0-9]{2}|500)$', description: '1 to 500; 50 when absent' })), // prettier-ignore
    cursor: Type.Optional(Type.String({ maxLength: 64, description: '`next` of the page before' })),
    kind: Type.Optional(Type.Array(SecurityEventKind)),
  },
  { additionalProperties: false },
)
export const BlockList = Type.Object({ blocks: Type.Array(Block, { description: 'those that end first first' }) })
type BlockList = Static<typeof BlockList>
export const AllowedList = Type.Object({ allowed: Type.Array(Allowed) })
type AllowedList = Static<typeof AllowedList>

const blockRequest = bodyValidator(BlockRequest)
const allowRequest = bodyValidator(AllowRequest)
const eventsQuery = queryOf(SecurityEventsQuery)

/**
 * What the operator sees of abuse and can do about it: `/security-events`, `/blocks`, `/allowed`. Which callers may is decided
 * before.
 */
export function adminSecurityRoutes({ events, blocks }: AdminSecurityDeps): Router {
  const router = Router()
  const body = jsonBody(MAX_BODY_BYTES)

  router
    .route('/security-events')
    .get(async (req, res) => {
      const query = eventsQuery(req)
      const limit = query.limit === undefined ? DEFAULT_LIMIT : Number(query.limit)
      const page = await events.list({ limit, before: query.cursor, kinds: query.kind }).catch((error: unknown) => {
        throw error instanceof RangeError ? fieldProblem('/cursor', 'is not the `next` of a page before') : error
      })
      answer(res, page)
    })
    .all(onlyMethods('GET'))

  router
    .route('/blocks')
    .get(noQuery, async (_req, res) => {
      answer(res, { blocks: await blocks.list() } satisfies BlockList)
    })
    .all(onlyMethods('GET'))
  router
    .route('/blocks/:subject')
    .put(noQuery, body, async (req: Request<{ subject: string }>, res) => {
      const subject = subjectOf(req)
      const { seconds = null, reason = '' } = blockRequest(req.body)
      answer(res, await blocks.block(subject, { seconds, ...actionOf(res, reason) }))
    })
    .delete(noQuery, async (req: Request<{ subject: string }>, res) => {
      const lifted = await blocks.unblock(subjectOf(req), actionOf(res, ''))
      if (!lifted) throw new Problem('not-found', 'there is no such block')
      res.status(204).end()
    })
    .all(onlyMethods('PUT', 'DELETE'))

  router
    .route('/allowed')
    .get(noQuery, async (_req, res) => {
      answer(res, { allowed: await blocks.allowed() } satisfies AllowedList)
    })
    .all(onlyMethods('GET'))
  router
    .route('/allowed/:subject')
    .put(noQuery, body, async (req: Request<{ subject: string }>, res) => {
      const subject = subjectOf(req)
      const { reason = '' } = allowRequest(req.body)
      answer(res, await blocks.allow(subject, actionOf(res, reason)))
    })
    .delete(noQuery, async (req: Request<{ subject: string }>, res) => {
      const removed = await blocks.disallow(subjectOf(req), actionOf(res, ''))
      if (!removed) throw new Problem('not-found', 'there is no such exemption')
      res.status(204).end()
    })
    .all(onlyMethods('PUT', 'DELETE'))

  return router
}

const answer = (res: Response, body: unknown): void => void res.set('Cache-Control', 'no-store').json(body)

function actionOf(res: Response, reason: string): OperatorAction {
  const { keyId, address } = res.locals.caller
  return { reason, by: keyId === null ? addressSubject(address) : keySubject(keyId) }
}

const fieldProblem = (pointer: string, detail: string) => invalidRequest([{ pointer, detail }])

function subjectOf(req: Request<{ subject: string }>): Subject {
  const subject = parseSubject(req.params.subject)
  if (subject === undefined) throw fieldProblem('/subject', `must be ${SUBJECT_WORDS}`)
  return subject
}
