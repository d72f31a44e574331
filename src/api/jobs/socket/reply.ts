import Type, { type Static } from 'typebox'
import { FieldError } from '../../../shared/problems.ts'

/** A message of the client was taken. */
export const AckMessage = Type.Object({
  type: Type.Literal('ack'),
  seq: Type.Union([Type.Integer(), Type.Null()], { description: 'its own number; `null` when it has none' }),
})

/** A message of the client was not taken; the job goes on. */
export const ErrorMessage = Type.Object({
  type: Type.Literal('error'),
  code: Type.Enum(['invalid-message', 'not-interactive', 'not-running', 'input-closed', 'input-limit', 'job-ended']),
  detail: Type.String(),
  errors: Type.Optional(Type.Array(FieldError)),
  seq: Type.Optional(Type.Integer()),
})
export type ErrorMessage = Static<typeof ErrorMessage>

/** What is said to the client of a socket beside the events. */
export type Reply = Static<typeof AckMessage> | ErrorMessage
