import { isWordCharacter } from './lexers/c-family.ts'
import type { ReadText } from './language-rules.ts'
import { CODE } from './lexers/tokens.ts'

const MAX_NAME = 64

/** Whether the `|` at `index` stands in `x | x &`, x being a name or one as `$0`: the heart of a fork bomb. */
export function pipesToItself({ tokens }: ReadText, index: number): boolean {
  const { codes, starts, units } = tokens
  const width = (codes[index + 2]! & CODE) === 38 ? 1 : (codes[index + 3]! & CODE) === 38 ? 2 : 0
  if (width === 0 || index < width) return false
  tokens.steps += width
  for (let i = 0; i < width; i++) {
    if (!isSameWord(units, starts[index - width + i]!, starts[index + 1 + i]!)) return false
  }
  return true
}

/** Whether the same name, or the same mark, stands at two offsets. */
function isSameWord(units: Uint16Array, a: number, b: number): boolean {
  for (let i = 0; i < MAX_NAME; i++) {
    const inWord = isNameCharacter(units[a + i]!)
    if (i > 0 && !inWord) return !isNameCharacter(units[b + i]!)
    if (units[a + i] !== units[b + i]) return false
    if (!inWord) return true
  }
  return true
}

function isNameCharacter(c: number): boolean {
  return c >= 128 || isWordCharacter(c)
}
