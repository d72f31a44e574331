import semver from 'semver'
import type { Language } from '../../../shared/language.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'

/** A language as Piston lists it. */
export interface PistonRuntime {
  language: string
  version: string
  aliases: string[]
  runtime?: string
}

interface Found extends PistonRuntime {
  definition: Language
}

/** Piston's names of a language that have another one in `runtime`. */
const RUNTIME_OF: Readonly<Record<string, string>> = {
  javascript: 'node',
  c: 'gcc',
  'c++': 'gcc',
  fortran: 'gcc',
  d: 'gcc',
}

/** The installed languages under Piston's names, each at its version as semver has it. */
function found(languages: readonly Language[], runtimes: Runtimes | undefined): Found[] {
  return languages.flatMap((definition) => {
    const version = runtimes?.languages[definition.id]
    if (version === undefined) return []
    const named = namesOf(definition)
    // Another version of a language goes by the names of that first.
    const family = languages.find(({ id }) => id === definition.versionOf)
    const names = [...new Set([...(family ? namesOf(family) : []), ...named])]
    const [language = definition.id, ...aliases] = names
    const runtime = RUNTIME_OF[language]
    return [{ language, version: plain(version), aliases, ...(runtime !== undefined && { runtime }), definition }]
  })
}

/** By which Piston's clients may ask for it. */
export const namesOf = ({ pistonNames, id, aliases }: Language): string[] => [...pistonNames, id, ...aliases]

const plain = (version: string): string => semver.coerce(version)?.version ?? version

export const pistonRuntimes = (languages: readonly Language[], runtimes: Runtimes | undefined): PistonRuntime[] =>
  found(languages, runtimes).map(({ definition: _definition, ...runtime }) => runtime)

/** The language of this name or alias whose version the selector takes; of several, the newest. */
export function findRuntime(
  languages: readonly Language[],
  runtimes: Runtimes | undefined,
  name: string,
  selector: string,
): Found | undefined {
  return found(languages, runtimes)
    .filter(
      ({ language, aliases, version }) =>
        (language === name || aliases.includes(name)) && semver.satisfies(version, selector),
    )
    .sort((a, b) => semver.rcompare(a.version, b.version))[0]
}
