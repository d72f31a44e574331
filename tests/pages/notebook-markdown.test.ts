import { expect, test } from '@jest/globals'
import { lexMarkdown } from '../../src/pages/notebook/markdown/lex.ts'

/** Texts of the formulas in a text, those on lines of their own marked. */
function formulas(source: string): string[] {
  const found: string[] = []
  const look = (value: unknown) => {
    if (Array.isArray(value)) value.forEach(look)
    else if (typeof value === 'object' && value !== null) {
      const { type, text, isDisplay } = value as { type?: unknown; text?: unknown; isDisplay?: unknown }
      if (type === 'formula') found.push(`${isDisplay === true ? 'display ' : ''}${String(text).trim()}`)
      Object.values(value).forEach(look)
    }
  }
  look(lexMarkdown(source))
  return found
}

test.each([
  ['a $x^2$ b', ['x^2']],
  [String.raw`a \(y\) b`, ['y']],
  ['$$\n\\int_0^1 x\n$$', [String.raw`display \int_0^1 x`]],
  [String.raw`\begin{align}a&=b\\c&=d\end{align}`, [String.raw`display \begin{align}a&=b\\c&=d\end{align}`]],
  ['a $$x_1 * y_1 * z$$ b', ['display x_1 * y_1 * z']],
  ['- item with $a_b$ and **bold $c_d$**', ['a_b', 'c_d']],
  ['costs $5 and $10', []],
  ['`$code$` and\n\n```\n$$code$$\n```', []],
  [String.raw`escaped \$x\$`, []],
])('%j has the formulas %j', (source, expected) => {
  expect(formulas(source)).toEqual(expected)
})
