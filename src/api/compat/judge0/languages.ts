import type { Language } from '../../../shared/language.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'

/** A language under an id of Judge0's. */
export interface Judge0Language {
  id: number
  name: string
  is_archived: boolean
  source_file: string
  compile_cmd: string | null
  run_cmd: string
}

/** A program of several files with scripts `compile` and `run`. */
export const MULTI_FILE_ID = 89
const MULTI_FILE_RUNNER = 'bash'

/** The installed languages by their ids. */
export function judge0Languages(
  languages: readonly Language[],
  runtimes: Runtimes | null | undefined,
): Judge0Language[] {
  const installed = languages.flatMap((language) => {
    const version = runtimes?.languages[language.id]
    if (version === undefined) return []
    const command = ({ argv }: { argv: readonly string[] }) => argv.join(' ')
    const entry = {
      name: nameOf(language.name, version),
      is_archived: false,
      source_file: language.fileName,
      compile_cmd: language.compile ? command(language.compile) : null,
      run_cmd: command(language.run),
    }
    const ids = language.judge0Ids.map((id) => ({ id, ...entry }))
    if (language.id !== MULTI_FILE_RUNNER) return ids
    const several = {
      ...entry,
      name: 'Multi-file program',
      source_file: 'run',
      compile_cmd: 'bash compile',
      run_cmd: 'bash run',
    }
    return [...ids, { id: MULTI_FILE_ID, ...several }]
  })
  return installed.sort((a, b) => a.id - b.id)
}

/** `Python (3.13.5)`, `C (GCC 14.2.0)`: clients show what is before the bracket. */
const nameOf = (name: string, version: string): string =>
  name.endsWith(')') ? `${name.slice(0, -1)} ${version})` : `${name} (${version})`

/** The language that an id stands for, installed or not. */
export const languageOf = (languages: readonly Language[], id: number): Language | undefined =>
  languages.find((language) =>
    id === MULTI_FILE_ID ? language.id === MULTI_FILE_RUNNER : language.judge0Ids.includes(id),
  )
