import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/shared/package-root.ts'

/** A fenced block of a document, and what the comment above it asks for: see "Commands in documents" in CONTRIBUTING.md. */
export interface DocBlock {
  /** From the package's folder, e.g. `docs/cli.md`. */
  file: string
  /** Of the fence, from 1. */
  line: number
  /** The heading above it. */
  title: string
  language: string
  code: string
  /** The block of `text` right behind it. */
  output: string | undefined
  mark: Mark
}

export type Mark =
  | { how: 'run' | 'receiver' | 'serves' | 'starts' | 'slowly' | 'restarts' }
  | { how: 'exits'; code: number }
  | { how: 'not'; reason: string }

/** What programs and people can run; whatever else a fence may name is data. */
export const RUNNABLE = ['sh', 'console', 'js', 'python'] as const
export const DATA = [
  '',
  'text',
  'json',
  'dockerfile',
  'mermaid',
  'nginx',
  'caddy',
  'ini',
  'yaml',
  'html',
  'ts',
] as const

const root = packageRoot()

/** All documents of the package, README.md first. */
export function documents(): string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  const above = readdirSync(root).filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
  return [
    ...above.toSorted().toReversed(),
    ...below
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name))
      .toSorted(),
  ]
}

/** @throws Error naming file and line when a comment above a block asks for what there is not */
export function blocksOf(file: string): DocBlock[] {
  return parseBlocks(file, readFileSync(join(root, file), 'utf8'))
}

/** As `blocksOf`, of a text. */
export function parseBlocks(file: string, text: string): DocBlock[] {
  const pattern =
    /^#+ ([^\n]+)$|(?:^<!-- ((?:not )?run\b[^\n]*?) -->\n\n?)?^```(\w*)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?/gms
  let title = ''
  const found: DocBlock[] = []
  for (const { 0: all, 1: heading, 2: mark, 3: language = '', 4: code = '', 5: output, index } of text.matchAll(
    pattern,
  )) {
    if (heading !== undefined) {
      title = heading
      continue
    }
    const line = text.slice(0, index + all.indexOf('```')).split('\n').length
    found.push({ file, line, title, language, code, output, mark: readMark(mark, `${file}:${line}`) })
  }
  return found
}

function readMark(text: string | undefined, place: string): Mark {
  if (text === undefined) return { how: 'run' }
  const [, not] = /^not run: (.+)$/.exec(text) ?? []
  if (not !== undefined) return { how: 'not', reason: not }
  const [, code] = /^run: exits (\d+)$/.exec(text) ?? []
  if (code !== undefined) return { how: 'exits', code: Number(code) }
  for (const how of ['receiver', 'serves', 'starts', 'slowly', 'restarts'] as const)
    if (text === `run: ${how}`) return { how }
  throw new Error(
    `${place}: "<!-- ${text} -->" is no mark; there are "not run: REASON", "run: exits N", "run: receiver", ` +
      '"run: serves", "run: starts", "run: slowly" and "run: restarts"',
  )
}

export interface ShownCommand {
  command: string
  output: string
}

/** The commands of a `console` block, each with what is shown below it. @throws Error when it does not begin with `$ ` */
export function shownCommands(code: string): ShownCommand[] {
  const found: ShownCommand[] = []
  let open = false
  for (const line of code.split('\n').slice(0, -1)) {
    const last = found.at(-1)
    if (line.startsWith('$ ')) found.push({ command: line.slice(2), output: '' })
    else if (last === undefined) throw new Error(`a console block begins with "$ ", not with "${line}"`)
    else if (open) last.command += `\n${line}`
    else last.output += `${line}\n`
    const quotes = found.at(-1)?.command.split("'").length ?? 1
    open = (line.startsWith('$ ') || open) && (line.endsWith('\\') || quotes % 2 === 0)
  }
  return found
}
