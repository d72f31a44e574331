import Type, { type Static } from 'typebox'
import { CLOSED } from '../../shared/schema.ts'

const optional = Type.Optional
const Patterns = Type.Array(Type.String({ minLength: 1, maxLength: 300 }), { minItems: 1, maxItems: 200 })
const Words = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 500 })

/** Patterns by where they look; any one of them is a match. */
export const Patterned = Type.Object(
  { code: optional(Patterns), command: optional(Patterns), text: optional(Patterns), string: optional(Patterns) },
  CLOSED,
)
export type Patterned = Static<typeof Patterned>

/** When a rule matches: any of its parts does. */
export const Match = Type.Object(
  {
    ...Patterned.properties,
    /** Every one of these is found somewhere in the same text. */
    together: optional(Type.Array(Type.Array(Patterned, { minItems: 2, maxItems: 8 }), { minItems: 1, maxItems: 20 })),
    /**
     * A loop without end whose body has one of `calls` (when given) and none of `unless`, in a text with one of the patterns
     * of `beside` (when given).
     */
    loop: optional(Type.Object({ calls: optional(Words), unless: Words, beside: optional(Patterned) }, CLOSED)),
    /** A command that is piped into itself, in the background. */
    selfPipe: optional(Type.Literal(true)),
  },
  { ...CLOSED, minProperties: 1 },
)

export type Match = Static<typeof Match>

/** A screening rule: an entry of `rules` in a file under `screening/`. */
export const Rule = Type.Object(
  {
    id: Type.String({ pattern: '^[a-z][a-z0-9-]{1,63}$' }),
    languages: Type.Union([Type.Literal('any'), Type.Array(Type.String(), { minItems: 1 })]),
    severity: Type.Enum(['block', 'warn']),
    /** `language` rules only warn under the policy `standard`. */
    scope: Type.Enum(['general', 'language']),
    /** Told to whoever sent the program. */
    reason: Type.String({ minLength: 1, maxLength: 300 }),
    match: Match,
    /** What an honest program may have too: found like `match`, and only warned of under `standard`. */
    suspect: optional(Match),
    /** It spares a text that names an address of its own machine and none of another. */
    outside: optional(Type.Literal(true)),
  },
  CLOSED,
)
export type Rule = Static<typeof Rule>

const Packages = Type.Object({ popular: Words, genuine: optional(Words) }, CLOSED)

/** What is suspicious among the dependencies of a program. */
export const DependencyRules = Type.Object(
  {
    /** Words that make a package's name suspicious, standing alone between marks. */
    keywords: optional(Words),
    /** By language: names that are imitated, and names that look like an imitation and are none. */
    packages: optional(Type.Record(Type.String(), Packages)),
  },
  CLOSED,
)
export type DependencyRules = Static<typeof DependencyRules>

/** A file of rules: `screening/*.json` and the operator's own. */
export const RuleFile = Type.Object(
  {
    rules: optional(Type.Array(Rule)),
    /** By language, patterns of code that runs shell commands: where one matches, the program's strings are screened. */
    runners: optional(Type.Record(Type.String(), Patterns)),
    /** By language, patterns of code that starts commands where something else shows that it does: `run(` after an import. */
    calls: optional(Type.Record(Type.String(), Patterns)),
    dependencies: optional(DependencyRules),
  },
  CLOSED,
)
export type RuleFile = Static<typeof RuleFile>

/** All rules of a gateway, from all files. */
export interface Rules {
  rules: Rule[]
  runners: Record<string, string[]>
  calls: Record<string, string[]>
  dependencies: { keywords: string[]; packages: Record<string, { popular: string[]; genuine: string[] }> }
}
