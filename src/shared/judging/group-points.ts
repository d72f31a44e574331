import { DEFAULT_POINTS, type SCORINGS } from './judging-spec.ts'

type Scoring = (typeof SCORINGS)[number]

/** Of a group, what its points follow from. */
export interface PointedGroup {
  name: string
  points?: number
  scoring?: Scoring
  within?: string
}

/** Of a test, the same. */
export interface PointedTest {
  points?: number
  group?: string
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** One number of those that are scored together; 0 of none. */
export function combined(scoring: Scoring, numbers: readonly number[]): number {
  if (numbers.length === 0) return 0
  if (scoring === 'min') return Math.min(...numbers)
  if (scoring === 'max') return Math.max(...numbers)
  return scoring === 'average' ? sum(numbers) / numbers.length : sum(numbers)
}

export const pointsOfTest = (test: PointedTest | undefined): number => test?.points ?? DEFAULT_POINTS

/** The most that a group can give. */
export function pointsOfGroup(
  group: PointedGroup,
  groups: readonly PointedGroup[],
  tests: readonly PointedTest[],
): number {
  if (group.points !== undefined) return group.points
  const own = tests.filter((test) => test.group === group.name).map(pointsOfTest)
  const inner = groups.filter(({ within }) => within === group.name)
  // The tests of one without others count by their parts, of all of its points.
  if (inner.length === 0) return sum(own)
  return combined(group.scoring ?? 'sum', [...own, ...inner.map((one) => pointsOfGroup(one, groups, tests))])
}

/** The most that a program can get: from groups that are within no other, and tests of no group. */
export function pointsOfAll(groups: readonly PointedGroup[], tests: readonly PointedTest[]): number {
  const alone = tests.filter((test) => !groups.some(({ name }) => name === test.group)).map(pointsOfTest)
  const outer = groups.filter(({ within }) => within === undefined)
  return sum([...alone, ...outer.map((group) => pointsOfGroup(group, groups, tests))])
}
