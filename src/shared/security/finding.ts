import Type, { type Static } from 'typebox'

/** A place in a submission that a screening rule is about. */
export const Finding = Type.Object({
  rule: Type.String({ description: 'id of the rule, e.g. `python-os-system`' }),
  severity: Type.Enum(['block', 'warn']),
  reason: Type.String(),
  pointer: Type.String({ description: 'JSON pointer into the request, e.g. `/code`, `/files/0/content`' }),
  line: Type.Integer({ description: 'from 1' }),
  column: Type.Integer({ description: 'from 1, in UTF-16 units' }),
  excerpt: Type.String({ description: 'the line, at most 120 characters of it around the place' }),
})
export type Finding = Static<typeof Finding>
