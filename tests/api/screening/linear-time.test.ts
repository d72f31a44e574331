import { expect, test } from '@jest/globals'
import { OPENERS, PIECES } from './pieces.ts'
import { languages, stepsOf } from './work-of-text.ts'

/** Their strings hold code that holds strings: a long run of openers goes beyond the depth to which that is followed. */
const NESTING: readonly (string | undefined)[] = ['bash', 'javascript', 'ruby']

test.each(languages)('the work for a run of anything in $language grows with its length', ({ language }) => {
  const longest = NESTING.includes(language) ? 16_000 : 4_000
  const steps = stepsOf(language)
  for (const piece of [...PIECES, ...OPENERS]) {
    const make = (times: number) => piece.repeat(times)
    const work = steps(make, longest)
    // Not quite twice: beyond a depth, nested code is no longer followed and makes other tokens.
    expect([piece, work <= 2.5 * steps(make, longest / 2) + 100]).toEqual([piece, true])
    expect([piece, work <= 6 * piece.length * longest + 30_000]).toEqual([piece, true])
  }
})
