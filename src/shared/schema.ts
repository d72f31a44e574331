import Type from 'typebox'

export const orNull = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()])

/** Of an object that has no other members. */
export const CLOSED = { additionalProperties: false }
