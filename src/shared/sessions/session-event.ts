import Type, { type Static } from 'typebox'
import { ExactBytes } from '../job.ts'
import { Comm } from './comm.ts'
import { CommandState, Context, Execution, ExecutionError, FileChange, Result, Session, Watch } from './session.ts'

const closed = Type.Object
/** Of which execution or command a piece of output is. */
const of = {
  execution: Type.Optional(Type.String({ format: 'uuid' })),
  command: Type.Optional(Type.String({ format: 'uuid' })),
}

/** One entry of a session's event stream. `ended` is the last. */
export const SessionEvent = Type.Union([
  closed({ type: Type.Literal('session'), data: Session }),
  closed({
    type: Type.Literal('ending'),
    data: Type.Object({
      reason: Type.Enum(['idle', 'lifetime']),
      endsAt: Type.String({ format: 'date-time', description: 'unless it is used, or extended' }),
    }),
  }),
  closed({ type: Type.Literal('context'), data: Context }),
  closed({
    type: Type.Literal('execution'),
    data: Type.Omit(Execution, ['results', 'stdout', 'stderr', 'error', 'warnings']),
  }),
  closed({
    type: Type.Enum(['stdout', 'stderr']),
    data: Type.Object({
      ...of,
      data: Type.String({ description: 'a piece of the output, cut anywhere between characters' }),
      dataBase64: ExactBytes,
    }),
  }),
  closed({
    type: Type.Enum(['output', 'output-updated']),
    data: Type.Object({ execution: Type.String(), ...Result.properties }),
  }),
  closed({ type: Type.Literal('output-cleared'), data: Type.Object({ execution: Type.String() }) }),
  closed({
    type: Type.Literal('error'),
    data: Type.Object({ execution: Type.String(), ...ExecutionError.properties }),
  }),
  closed({
    type: Type.Literal('input-request'),
    data: Type.Object({
      execution: Type.String(),
      context: Type.String(),
      prompt: Type.String(),
      password: Type.Boolean(),
    }),
  }),
  closed({ type: Type.Literal('comm'), data: Comm }),
  closed({ type: Type.Literal('command'), data: CommandState }),
  closed({ type: Type.Literal('watch'), data: Watch }),
  closed({
    type: Type.Literal('files'),
    data: Type.Object({
      watch: Type.String({ format: 'uuid' }),
      changes: Type.Array(FileChange, { description: 'what changed since the last of these' }),
    }),
  }),
  closed({ type: Type.Literal('ended'), data: Session }),
])
export type SessionEvent = Static<typeof SessionEvent>
