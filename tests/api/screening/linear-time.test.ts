import { expect, test } from '@jest/globals'
import { languageRules } from '../../../src/api/screening/language-rules.ts'
import { SCREENED_LANGUAGES } from '../../../src/api/screening/lexis/lexes.ts'
import { loadRules } from '../../../src/api/screening/load-rules.ts'
import { screenText } from '../../../src/api/screening/screen-text.ts'
import { createTokens } from '../../../src/api/screening/tokens.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'
import { OPENERS, PIECES } from './pieces.ts'

const rules = loadRules(packageRoot())
const tokens = createTokens()
const languages = [...SCREENED_LANGUAGES, undefined].map((language) => ({ language }))

/** How much work a text is for which `make` repeats what it is made of so many times: tokens, and what is read again. */
function stepsOf(language: (typeof languages)[number]['language']) {
  const compiled = languageRules(rules, language)
  return (make: (times: number) => string, times: number) => screenText(make(times), compiled, tokens).steps
}

test.each(languages)('the work for a run of anything in $language grows with its length', ({ language }) => {
  const steps = stepsOf(language)
  for (const piece of [...PIECES, ...OPENERS]) {
    const make = (times: number) => piece.repeat(times)
    const work = steps(make, 16_000)
    // Not quite twice: beyond a depth, nested code is no longer followed and makes other tokens.
    expect([piece, work <= 2.5 * steps(make, 8_000) + 100]).toEqual([piece, true])
    expect([piece, work <= 6 * piece.length * 16_000 + 30_000]).toEqual([piece, true])
  }
})

// C++ and TypeScript are read as C and JavaScript are.
const readAlike = languages.filter(({ language }) => language !== 'cpp' && language !== 'typescript')

test.each(readAlike)('four times as much of any two openers is four times the work in $language', ({ language }) => {
  const steps = stepsOf(language)
  const grown: string[][] = []
  for (const first of OPENERS) {
    for (const second of OPENERS) {
      const shapes = {
        'in turns': (times: number) => (first + second).repeat(times),
        'one after the other': (times: number) => first.repeat(times) + second.repeat(times),
        'the first on lines of its own': (times: number) => `${first}\n`.repeat(times) + second.repeat(times),
      }
      for (const [shape, make] of Object.entries(shapes)) {
        if (steps(make, 1_000) > 4.4 * steps(make, 250) + 200) grown.push([first, second, shape])
      }
    }
  }
  expect(grown).toEqual([])
})
