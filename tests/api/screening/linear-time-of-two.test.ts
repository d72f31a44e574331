import { expect, test } from '@jest/globals'
import { OPENERS } from './pieces.ts'
import { languages, stepsOf } from './work-of-text.ts'

// C++ and TypeScript are read as C and JavaScript are.
const readAlike = languages.filter(({ language }) => language !== 'cpp' && language !== 'typescript')

test.each(readAlike)('four times as much of any two openers is four times the work in $language', ({ language }) => {
  const steps = stepsOf(language)
  const grown: string[][] = []
  for (const [index, first] of OPENERS.entries()) {
    for (const [other, second] of OPENERS.entries()) {
      const shapes = {
        // Which of the two is the first is no matter to a run of them.
        ...(index <= other && { 'in turns': (times: number) => (first + second).repeat(times) }),
        'one after the other': (times: number) => first.repeat(times) + second.repeat(times),
        'the first on lines of its own': (times: number) => `${first}\n`.repeat(times) + second.repeat(times),
      }
      for (const [shape, make] of Object.entries(shapes)) {
        if (steps(make, 200) > 4.4 * steps(make, 50) + 100) grown.push([first, second, shape])
      }
    }
  }
  expect(grown).toEqual([])
})
