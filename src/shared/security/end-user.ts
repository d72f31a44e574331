import Type, { type Static } from 'typebox'

/**
 * Whom a platform runs a job for, as it names its own users: an opaque id, kept with the job. Scores and blocks are its, and not
 * those of the key that all of them share.
 */
export const EndUser = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]*$',
  description: 'the person you submit this for, as an opaque id: abuse counts against this user instead of your key',
})
export type EndUser = Static<typeof EndUser>
