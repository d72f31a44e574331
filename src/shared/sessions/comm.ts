import Type, { type Static } from 'typebox'

/**
 * Comms of the Jupyter protocol: channels between code and what shows its results, such as interactive widgets. Their messages pass as
 * they are.
 */
export const COMM_TYPES = ['comm_open', 'comm_msg', 'comm_close'] as const
export type CommType = (typeof COMM_TYPES)[number]

const content = Type.Record(Type.String(), Type.Unknown(), {
  description: 'as the Jupyter protocol has it, e.g. `comm_id`, `target_name`, `data`',
})
const metadata = Type.Record(Type.String(), Type.Unknown())
const buffers = Type.Array(Type.String({ contentEncoding: 'base64' }), {
  maxItems: 64,
  description: 'binary parts, each as base64',
})

/** The body of `POST /v1/sessions/:id/contexts/:context/comms`. */
export const CommRequest = Type.Object(
  {
    type: Type.Enum(COMM_TYPES),
    content,
    metadata: Type.Optional(metadata),
    buffers: Type.Optional(buffers),
  },
  { additionalProperties: false },
)
export type CommRequest = Static<typeof CommRequest>

/** A message that was passed to a kernel. */
export const SentComm = Type.Object({
  id: Type.String({ format: 'uuid', description: '`parent` of the events that it causes' }),
})
export type SentComm = Static<typeof SentComm>

/** A message of a kernel, in the event `comm`. */
export const Comm = Type.Object({
  context: Type.String(),
  type: Type.String({
    description:
      '`comm_open`, `comm_msg`, `comm_close`; of what a message of yours causes also its output, as the Jupyter protocol has it, and at the end `status`',
  }),
  content,
  metadata,
  buffers: Type.Optional(buffers),
  execution: Type.Optional(Type.String({ format: 'uuid', description: 'the execution that caused it' })),
  parent: Type.Optional(Type.String({ description: 'id of the message of yours that caused it' })),
})
export type Comm = Static<typeof Comm>
