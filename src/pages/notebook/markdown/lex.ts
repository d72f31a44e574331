import { Marked, type Token, type TokenizerExtension } from 'marked'

/** `$...$` has no space inside of its marks, and no digit behind them: prices are no formulas. */
const INLINE = /^\$(?![\s$])((?:\\.|[^\\$\n])+?)(?<!\s)\$(?!\d)|^\\\(([^]+?)\\\)/
const BLOCK = /^(?:\$\$([^]+?)\$\$|\\\[([^]+?)\\\]|(\\begin\{([a-z]+\*?)\}[^]*?\\end\{\4\}))/

const formula = (
  level: 'inline' | 'block',
  start: RegExp,
  pattern: RegExp,
  isDisplay: boolean,
): TokenizerExtension => ({
  name: 'formula',
  level,
  start: (source) => {
    const at = source.search(start)
    return at < 0 ? undefined : at
  },
  tokenizer(source) {
    const match = pattern.exec(source)
    if (!match) return undefined
    return { type: 'formula', raw: match[0], text: match[1] ?? match[2] ?? match[3] ?? '', isDisplay }
  },
})

const marked = new Marked({
  gfm: true,
  extensions: [],
})
marked.use({
  extensions: [
    formula('block', /\$\$|\\\[|\\begin\{/, BLOCK, true),
    formula('inline', /\$\$|\\\[/, BLOCK, true),
    formula('inline', /\$|\\\(/, INLINE, false),
  ],
})

/** The parts of a text of Markdown, formulas among them as `formula`. */
export const lexMarkdown = (source: string): Token[] => marked.lexer(source)
