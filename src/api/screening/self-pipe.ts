import type { ReadText } from './language-rules.ts'
import { CODE } from './tokens.ts'

const MAX_NAME = 64

/** Whether the `|` at `index` stands in `x | x &`, x being a name or one as `$0`: the heart of a fork bomb. */
export function pipesToItself({ text, tokens }: ReadText, index: number): boolean {
  const { codes, starts } = tokens
  const width = (codes[index + 2]! & CODE) === 38 ? 1 : (codes[index + 3]! & CODE) === 38 ? 2 : 0
  if (width === 0 || index < width) return false
  tokens.steps += width
  for (let i = 0; i < width; i++) {
    if (wordAt(text, starts[index - width + i]!) !== wordAt(text, starts[index + 1 + i]!)) return false
  }
  return true
}

/** The name or the mark at an offset. */
function wordAt(text: string, offset: number): string {
  const slice = text.slice(offset, offset + MAX_NAME)
  return /^[\w\u0080-\uffff]+/.exec(slice)?.[0] ?? slice.charAt(0)
}
