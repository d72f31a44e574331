import { readFile } from 'node:fs/promises'
import { JUDGE0_VARIABLES } from './judge0.ts'
import { PISTON_VARIABLES } from './piston.ts'
import { readVariables } from './read-variables.ts'
import { translate, type Translation } from './translate.ts'

export const IMPORTED = { judge0: JUDGE0_VARIABLES, piston: PISTON_VARIABLES } as const
export type Imported = keyof typeof IMPORTED

export interface ImportOptions {
  root: string
  system: Imported
  /** `-`: standard input. */
  file: string
  json: boolean
  print: (text: string) => void
}

/**
 * Prints the settings that the configuration of another system stands for.
 * @throws Error when the file cannot be read or has none of its variables; ConfigError when a value cannot be taken over
 */
export async function importSettings({ root, system, file, json, print }: ImportOptions): Promise<void> {
  const text = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8')
  const variables = readVariables(text)
  const table: Readonly<Record<string, unknown>> = IMPORTED[system]
  if (![...variables.keys()].some((name) => Object.hasOwn(table, name))) {
    throw new Error(`${file} has no variable of ${system}; it must have lines NAME=value or NAME: value`)
  }
  const translation = translate(variables, IMPORTED[system], root)
  print(json ? JSON.stringify(translation, null, 2) : environmentFile(system, translation))
}

/** As a file of variables, which `npm start` reads when it is given to a shell or a unit. */
export function environmentFile(system: Imported, { settings, notes, without }: Translation): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${quoted(value)}`)
  return [
    `# Settings of Runyard, from the configuration of ${system}.`,
    ...(lines.length > 0 ? lines : ['# Nothing differs from the defaults.']),
    ...titled('To know', notes),
    ...titled(
      'Without a counterpart',
      without.map(({ name, why }) => `${name}: ${why}`),
    ),
  ].join('\n')
}

/** For shells, units and those who read such files alike. */
const quoted = (value: string) => (/^[\w.,:/@%+-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`)

const titled = (title: string, lines: readonly string[]): string[] =>
  lines.length > 0 ? ['', `# ${title}:`, ...lines.map((line) => `#   ${line}`)] : []
