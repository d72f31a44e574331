import Type, { type Static } from 'typebox'

/**
 * Whom a platform runs a job for, as it names its own users: an opaque id, kept with the job. Scores and blocks are its, and not
 * those of the key that all of them share.
 */
export const EndUser = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[^\\p{C}\\p{Zl}\\p{Zp}]*$',
  description:
    'whom this is for, an opaque id of yours: what it does counts against this user and not against your key',
})
export type EndUser = Static<typeof EndUser>
