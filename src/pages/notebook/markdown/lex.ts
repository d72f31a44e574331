import { Marked, type Token, type TokenizerExtension } from 'marked'

/** `$...$` has no space inside of its marks, and no digit behind them: prices are no formulas. */
const DOLLARS = /^\$(?![\s$])((?:\\.|[^\\$\n])+?)(?<!\s)\$(?!\d)/
const BEGIN = /^\\begin\{([a-z]{1,30}\*?)\}/
/** Longer ones are text: for each mark that is never closed, so much is searched. */
const LONGEST_FORMULA = 5000

interface Found {
  raw: string
  text: string
}

/** A formula between two marks at the start of a text. */
function between(source: string, open: string, close: string): Found | undefined {
  if (!source.startsWith(open)) return undefined
  const length = source.slice(open.length, open.length + LONGEST_FORMULA).indexOf(close)
  if (length < 1) return undefined
  const end = open.length + length
  return { raw: source.slice(0, end + close.length), text: source.slice(open.length, end) }
}
function environment(source: string): Found | undefined {
  const [open, name] = BEGIN.exec(source) ?? []
  const found = open === undefined ? undefined : between(source, open, `\\end{${name}}`)
  return found && { raw: found.raw, text: found.raw }
}
const displayed = (source: string) =>
  between(source, '$$', '$$') ?? between(source, '\\[', '\\]') ?? environment(source)
function inline(source: string): Found | undefined {
  const [raw, text] = DOLLARS.exec(source.slice(0, LONGEST_FORMULA)) ?? []
  return raw === undefined || text === undefined ? between(source, '\\(', '\\)') : { raw, text }
}
/** Longer texts are shown as they are written, characters. */
const MOST_CHARACTERS = 100_000

const formula = (
  level: 'inline' | 'block',
  start: RegExp,
  find: (source: string) => Found | undefined,
  isDisplay: boolean,
): TokenizerExtension => ({
  name: 'formula',
  level,
  start: (source) => {
    if (level === 'inline') {
      const at = source.search(start)
      return at < 0 ? undefined : at
    }
    // A paragraph is cut there, so it is to be a formula and no mark alone.
    for (const { index } of source.matchAll(start)) if (find(source.slice(index))) return index
    return undefined
  },
  tokenizer(source) {
    const found = find(source)
    return found && { type: 'formula', ...found, isDisplay }
  },
})

const marked = new Marked({
  gfm: true,
  extensions: [],
})
marked.use({
  extensions: [
    formula('block', /\$\$|\\\[|\\begin\{/g, displayed, true),
    formula('inline', /\$\$|\\\[/, displayed, true),
    formula('inline', /\$|\\\(/, inline, false),
  ],
})

/** The parts of a text of Markdown, formulas among them as `formula`. One that is too long or too deep is one part of `code`. */
export function lexMarkdown(source: string): Token[] {
  const plain = [{ type: 'code', raw: source, text: source }]
  if (source.length > MOST_CHARACTERS) return plain
  try {
    return marked.lexer(source)
  } catch (error) {
    // Quotes and lists nest deeper than the stack.
    if (error instanceof RangeError) return plain
    throw error
  }
}
