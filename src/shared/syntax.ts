import Type, { type Static } from 'typebox'

const Mark = Type.String({ minLength: 1, maxLength: 16 })
const Pair = Type.Tuple([Mark, Mark])

/** Languages whose code screening has rules for. */
export const RULED_LANGUAGES = ['bash', 'c', 'cpp', 'go', 'javascript', 'python', 'ruby', 'rust', 'typescript'] as const

/** How screening reads a language's programs. */
export const Syntax = Type.Union([
  /** By the rules of a language that it is a dialect of. */
  Type.Object({ like: Type.Enum([...RULED_LANGUAGES]) }, { additionalProperties: false }),
  Type.Object(
    {
      /**
       * A mark that begins a comment up to the end of its line, or one that begins and one that ends it. A `#` begins one at the
       * beginning of a line or after white space, a mark written with `^` before it only as the first text of a line.
       */
      comments: Type.Array(Type.Union([Mark, Pair])),
      /** A mark that begins and ends a string within a line, or two between which lines may end. */
      strings: Type.Array(Type.Union([Mark, Pair])),
      /** Comments of two marks may hold others. */
      nested: Type.Optional(Type.Boolean()),
      /** A backslash in a string takes the next character with it, unless this is false. */
      escapes: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
])
export type Syntax = Static<typeof Syntax>
/** What is a comment and what is a string. */
export type Marks = Exclude<Syntax, { like: string }>
