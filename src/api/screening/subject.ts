import type { Encoding } from '../../shared/job.ts'
import { shellWord } from '../../shared/shell-word.ts'

/** What is screened of one submission. */
export interface Subject {
  /** `path` is that of a file: its extension may tell another language than the job's. */
  texts: { pointer: string; path?: string; language: string | undefined; text: string }[]
  dependencies: { pointer: string; language: string; name: string }[]
}

export interface SubmittedFile {
  path: string
  content: string
  encoding?: Encoding | undefined
}

export interface Submitted {
  /** Language id of a job of code; undefined for a container. */
  language: string | undefined
  files: readonly SubmittedFile[]
  /** Argument vector of a container. */
  command?: readonly string[] | undefined
  dependencies?: readonly string[] | undefined
  /** JSON pointer of each file's content: `['/code']` for a request with `code`. By default `/files/N/content`. */
  pointers?: readonly string[] | undefined
}

/** Interpreters that take a program as the argument after one of their options. */
const INTERPRETERS: Record<string, { language: string; options: string[] }> = {
  bash: { language: 'bash', options: ['-c'] },
  sh: { language: 'bash', options: ['-c'] },
  dash: { language: 'bash', options: ['-c'] },
  ash: { language: 'bash', options: ['-c'] },
  zsh: { language: 'bash', options: ['-c'] },
  ksh: { language: 'bash', options: ['-c'] },
  python: { language: 'python', options: ['-c'] },
  python3: { language: 'python', options: ['-c'] },
  node: { language: 'javascript', options: ['-e', '--eval', '-p', '--print'] },
  ruby: { language: 'ruby', options: ['-e'] },
}

/** Makes of a submission what is screened of it. Files that are not UTF-8 text are left out. */
export function subjectOf({ language, files, command, dependencies, pointers }: Submitted): Subject {
  const texts: Subject['texts'] = []
  for (const [index, file] of files.entries()) {
    const text = textOf(file)
    if (text === undefined) continue
    const pointer = pointers?.[index] ?? `/files/${index}/content`
    texts.push({ pointer, path: file.path, language, text })
  }
  if (command) texts.push(...commandTexts(command))
  return {
    texts,
    dependencies: (dependencies ?? []).map((name, index) => ({
      pointer: `/dependencies/${index}`,
      language: language ?? '',
      name,
    })),
  }
}

function textOf({ content, encoding }: SubmittedFile): string | undefined {
  if (encoding !== 'base64') return content
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(content, 'base64'))
  } catch {
    return undefined
  }
}

/**
 * A container's command: as a whole it is a shell line with its arguments quoted; a program that an argument holds
 * (`sh -c`, `python3 -c`, `node -e`) is screened on its own.
 */
function commandTexts(command: readonly string[]): Subject['texts'] {
  const name = command[0]?.split('/').at(-1) ?? ''
  const interpreter = Object.hasOwn(INTERPRETERS, name) ? INTERPRETERS[name] : undefined
  if (interpreter?.language === 'bash') {
    return command.map((text, index) => ({ pointer: `/command/${index}`, language: 'bash', text }))
  }
  const line = { pointer: '/command', language: 'bash', text: command.map(quoted).join(' ') }
  if (!interpreter) return [line]
  const option = command.findIndex((argument) => interpreter.options.includes(argument))
  const program = option < 0 ? undefined : command[option + 1]
  if (program === undefined) return [line]
  return [line, { pointer: `/command/${option + 1}`, language: interpreter.language, text: program }]
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : shellWord(argument)
}
