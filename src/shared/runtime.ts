import Type, { type Static } from 'typebox'
import { Limits } from './limits.ts'

/** A language, as callers see it. */
export const Runtime = Type.Object({
  language: Type.String({ description: 'its id' }),
  name: Type.String(),
  versionOf: Type.Optional(
    Type.String({
      description: 'of another version of a language: the id of that language, whose `version` ranges it may meet',
    }),
  ),
  version: Type.Union([Type.String(), Type.Null()], { description: '`null` when not installed' }),
  aliases: Type.Array(Type.String()),
  fileName: Type.String({ description: 'the name that `code` gets' }),
  otherExtensions: Type.Optional(
    Type.Array(Type.String(), { description: 'what its programs are called as well, e.g. `.cc` beside `.cpp`' }),
  ),
  compiled: Type.Boolean(),
  installed: Type.Boolean(),
  /** What a job gets that asks for none. */
  limits: Limits,
  /** The most the caller may ask for. */
  ceilings: Limits,
  packages: Type.Array(Type.String(), { description: 'packages that `dependencies` may name' }),
  installsPackages: Type.Boolean({ description: 'whether `dependencies` may name packages that are not there yet' }),
  packageSets: Type.Array(
    Type.Object({
      name: Type.String(),
      packages: Type.Array(Type.String()),
      installed: Type.Boolean({ description: 'whether whoever names it need not wait for its installation' }),
    }),
    {
      description: 'packages that are usual together: `environment` of a job may be such a name, e.g. `python/data`',
    },
  ),
  kernel: Type.Boolean({ description: 'whether sessions in it take executions: its kernel is installed' }),
  hello: Type.String({ description: 'a program that prints `Hello, world!`' }),
})
export type Runtime = Static<typeof Runtime>
