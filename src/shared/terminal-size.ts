import Type, { type Static } from 'typebox'

const size = (description: string) => Type.Integer({ minimum: 1, maximum: 1000, description })

/** Of a pseudo terminal, in characters. */
export const TerminalSize = Type.Object(
  { columns: size('characters in a line'), rows: size('lines') },
  { additionalProperties: false },
)
export type TerminalSize = Static<typeof TerminalSize>
