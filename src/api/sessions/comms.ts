import { v7 as uuid } from 'uuid'
import { CommRequest, SentComm } from '../../shared/sessions/comm.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { NOT_BASE64, plainBase64 } from '../jobs/request/base64.ts'
import { checkSizes } from '../jobs/request/check-sizes.ts'
import { CALL_PROBLEMS } from './executions.ts'
import { type SessionNeeds, sessionOf } from './needs.ts'

const moved = {
  type: 'comm_msg',
  content: { comm_id: '5f1c', data: { method: 'update', state: { value: 7 } } },
} as const

/** Passes a message of a widget to the kernel of a context. What it causes comes as events, under the id that is answered. */
export const sendComm = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/contexts/:context/comms',
  id: 'sendComm',
  tag: 'Sessions',
  summary: 'Send a message of a widget to its kernel',
  description:
    'Interactive widgets and what shows them talk over comms of the Jupyter protocol. What the kernel says comes as events `comm`; those that a ' +
    'message of yours causes have its id as `parent`, and end with the type `status`. The kernel gets it when what runs before it has ended.',
  scopes: ['sessions'],
  params: { id: PATH.session, context: PATH.context },
  body: {
    schema: CommRequest,
    examples: { moved: { summary: 'A slider was moved', value: moved, refused: 404 } },
  },
  answers: { 202: { description: 'The kernel gets it.', schema: SentComm } },
  problems: [...CALL_PROBLEMS, 'no-kernel', 'context-dead', 'too-large'],
  schemas: { CommRequest, SentComm },
  async handle({ calls, config }: SessionNeeds, { res, params, body, send }) {
    checkSizes({}, [{ path: '', content: JSON.stringify(body), encoding: 'utf-8' }], config.http.maxCodeBytes)
    const buffers = body.buffers && plainBuffers(body.buffers)
    const asked = { ...body, ...(buffers && { buffers }), id: uuid(), context: params.context }
    send(202, (await calls.call(sessionOf(res, params.id), 'sendComm', asked)).value)
  },
})

/** Each as one line of padded base64. @throws Problem `invalid-request` */
function plainBuffers(buffers: readonly string[]): string[] {
  const plain = buffers.map(plainBase64)
  const errors = plain.flatMap((text, index) =>
    text === undefined ? [{ pointer: `/buffers/${index}`, detail: NOT_BASE64 }] : [],
  )
  if (errors.length > 0) throw invalidRequest(errors)
  return plain.filter((text) => text !== undefined)
}
