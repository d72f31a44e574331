import { SECOND } from '../../shared/limits.ts'
import { CompletionRequest, InspectionRequest } from '../../shared/sessions/requests.ts'
import { Completion, Inspection } from '../../shared/sessions/session.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { checkSizes } from '../jobs/request/check-sizes.ts'
import { CALL_PROBLEMS } from './executions.ts'
import { type SessionNeeds, sessionOf } from './needs.ts'

/** A kernel that runs code answers when that has ended; nobody who writes code waits for longer. */
const ANSWER_MS = 5 * SECOND
const MOST_MATCHES = 1000
const PROBLEMS = [...CALL_PROBLEMS, 'no-kernel', 'context-dead'] as const

/** @returns the code, with the place in it. @throws Problem `invalid-request` when that is beyond its end */
function placeIn(needs: SessionNeeds, asked: { code: string; cursor?: number }): { code: string; cursor_pos: number } {
  checkSizes({}, [{ path: '', content: asked.code, encoding: 'utf-8' }], needs.config.http.maxCodeBytes)
  const length = Array.from(asked.code).length
  const at = asked.cursor ?? length
  if (at > length) throw invalidRequest([{ pointer: '/cursor', detail: `is ${at}; the code has ${length} characters` }])
  return { code: asked.code, cursor_pos: at }
}

export const completeCode = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/complete',
  id: 'completeCode',
  tag: 'Sessions',
  summary: 'Complete code in a context',
  description:
    'What could stand at a place of the code, as the kernel knows it by its state. 429 `session-busy` while the context runs code for ' +
    'longer than 5 s.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: CompletionRequest,
    examples: { attribute: { summary: 'An attribute', value: { code: 'import os\nos.getc' }, refused: 404 } },
  },
  answers: {
    200: {
      description: 'What could stand there.',
      schema: Completion,
      examples: {
        attribute: { summary: 'One match', value: { matches: ['getcwd'], start: 13, end: 17, metadata: {} } },
      },
    },
  },
  problems: PROBLEMS,
  schemas: { CompletionRequest, Completion },
  async handle(needs: SessionNeeds, { res, params, body, send }) {
    const content = placeIn(needs, body)
    const asked = { id: body.context ?? 'default', type: 'complete_request', content, waitMs: ANSWER_MS }
    const { value } = await needs.calls.call(sessionOf(res, params.id), 'askContext', asked)
    const said = value as Record<string, unknown>
    const matches = Array.isArray(said['matches']) ? said['matches'] : []
    send(200, {
      matches: matches.filter((one): one is string => typeof one === 'string').slice(0, MOST_MATCHES),
      start: placeOf(said['cursor_start'], content.cursor_pos),
      end: placeOf(said['cursor_end'], content.cursor_pos),
      metadata: objectOf(said['metadata']),
    })
  },
})

export const inspectCode = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/inspect',
  id: 'inspectCode',
  tag: 'Sessions',
  summary: 'Describe a name in the code of a context',
  description:
    'What the kernel knows of the name at a place of the code: its documentation, its type, with `detail: "long"` its source.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: InspectionRequest,
    examples: { name: { summary: 'A function', value: { code: 'print' }, refused: 404 } },
  },
  answers: {
    200: {
      description: 'What is known of it.',
      schema: Inspection,
      examples: {
        found: {
          summary: 'A function',
          value: { found: true, data: { 'text/plain': 'Docstring: Prints the values' } },
        },
      },
    },
  },
  problems: PROBLEMS,
  schemas: { InspectionRequest, Inspection },
  async handle(needs: SessionNeeds, { res, params, body, send }) {
    const content = { ...placeIn(needs, body), detail_level: body.detail === 'long' ? 1 : 0 }
    const asked = { id: body.context ?? 'default', type: 'inspect_request', content, waitMs: ANSWER_MS }
    const { value } = await needs.calls.call(sessionOf(res, params.id), 'askContext', asked)
    const said = value as Record<string, unknown>
    send(200, { found: said['found'] === true, data: objectOf(said['data']) })
  },
})

/** What a kernel says is not believed: it is a program of the session. */
const placeOf = (value: unknown, otherwise: number): number =>
  Number.isSafeInteger(value) ? (value as number) : otherwise
const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
