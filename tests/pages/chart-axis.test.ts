import { expect, test } from '@jest/globals'
import { axisOf } from '../../src/pages/admin/chart-axis.ts'

test.each([
  [1, 0, [0, 0.5, 1]],
  [2, 1, [0, 1, 2]],
  [7, 1, [0, 5, 10]],
  [100, 0, [0, 50, 100]],
  [140, 0, [0, 50, 100, 150]],
  [301, 0, [0, 200, 400]],
])('up to %s by at least %s it has the steps %j', (largest, smallest, steps) => {
  expect(axisOf(largest, smallest)).toEqual({ max: steps.at(-1), steps })
})
