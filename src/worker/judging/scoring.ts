import type { TestCase } from '../../shared/job.ts'
import type { GroupJudging, JobJudging } from '../../shared/judging/judging-result.ts'
import { DEFAULT_POINTS, type TestGroup } from '../../shared/judging/judging-spec.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'

/** What came of one test. */
export interface TestOutcome {
  verdict: Verdict
  /** How much of its points it gives, 0 to 1. */
  fraction: number
}

/** Which tests of a job run, in which order, and what they give. Without I/O. */
export interface Scoreboard {
  /** Place in `tests` of the test to run next; undefined when no other is to run. */
  next(): number | undefined
  /** What came of a test that has run. */
  add(index: number, outcome: TestOutcome): void
  /** @param verdict of a job whose tests cannot run */
  result(verdict?: Verdict): JobJudging
}

export interface Scored {
  tests: readonly TestCase[]
  groups: readonly TestGroup[]
  stopOnFailure: boolean
}

/**
 * Tests run in their order, but for those of groups that require others: they wait until those have ended. Of a group that requires one with
 * a test that was not accepted none runs. A judge's fault ends the job: whatever else came of it would not be its score.
 * @param scored groups that are named exist, and none requires itself, at any remove
 */
export function createScoreboard({ tests, groups, stopOnFailure }: Scored): Scoreboard {
  const outcomes = new Map<number, TestOutcome>()
  const skipped = new Set<number>()
  const indices = tests.map((_, index) => index)
  const groupOf = (index: number) => groups.find(({ name }) => name === tests[index]?.group)
  const membersOf = ({ name }: TestGroup) => indices.filter((index) => tests[index]?.group === name)
  const isAccepted = (index: number) => outcomes.get(index)?.verdict === 'accepted'
  const isSettled = (index: number) => outcomes.has(index) || skipped.has(index)
  const required = (group: TestGroup) => groups.filter(({ name }) => group.requires.includes(name)).flatMap(membersOf)
  let stopped = false

  /** Whether a group's tests may run, once that is known. */
  const isOpen = (group: TestGroup | undefined): boolean | undefined => {
    if (!group) return true
    const before = required(group)
    if (before.some((index) => isSettled(index) && !isAccepted(index))) return false
    return before.every(isAccepted) || undefined
  }
  const hasStopped = (group: TestGroup | undefined) =>
    group !== undefined &&
    group.stopOnFailure &&
    membersOf(group).some((index) => outcomes.has(index) && !isAccepted(index))

  const groupResult = (group: TestGroup): GroupJudging => {
    const members = membersOf(group)
    const points = round(group.points ?? sum(members.map((index) => pointsOf(tests[index]))))
    const run = members.flatMap((index) => outcomes.get(index) ?? [])
    const failed = run.find(({ verdict }) => verdict !== 'accepted')
    const verdict = failed?.verdict ?? (run.length > 0 && run.length === members.length ? 'accepted' : null)
    return { name: group.name, verdict, score: round(points * partOf(group, members)), points }
  }
  const partOf = ({ scoring }: TestGroup, members: readonly number[]): number => {
    if (members.length === 0) return 0
    const fraction = (index: number) => outcomes.get(index)?.fraction ?? 0
    if (scoring === 'min') return Math.min(...members.map(fraction))
    const all = sum(members.map((index) => pointsOf(tests[index])))
    return all === 0 ? 0 : sum(members.map((index) => pointsOf(tests[index]) * fraction(index))) / all
  }

  return {
    next() {
      for (;;) {
        let found: number | undefined
        let skippedOne = false
        for (const index of indices) {
          if (isSettled(index)) continue
          const group = groupOf(index)
          const open = isOpen(group)
          if (stopped || open === false || hasStopped(group)) {
            skipped.add(index)
            skippedOne = true
          } else if (open === true) found ??= index
        }
        // What was skipped can settle whether others run.
        if (found !== undefined || !skippedOne) return found
      }
    },
    add(index, outcome) {
      outcomes.set(index, outcome)
      if (outcome.verdict === 'judge-error' || (stopOnFailure && outcome.verdict !== 'accepted')) stopped = true
    },
    result(verdict) {
      const alone = indices.filter((index) => groupOf(index) === undefined)
      const ofGroups = groups.map(groupResult)
      const scores = alone.map((index) => pointsOf(tests[index]) * (outcomes.get(index)?.fraction ?? 0))
      const points = sum([...alone.map((index) => pointsOf(tests[index])), ...ofGroups.map((group) => group.points)])
      const run = [...outcomes.values()]
      const fault = run.some((one) => one.verdict === 'judge-error') ? 'judge-error' : undefined
      const failed = run.find((one) => one.verdict !== 'accepted')?.verdict
      return {
        verdict: verdict ?? fault ?? failed ?? 'accepted',
        score: round(sum([...scores, ...ofGroups.map((group) => group.score)])),
        points: round(points),
        groups: ofGroups,
        skipped: indices.filter((index) => !outcomes.has(index)),
      }
    },
  }
}

export const pointsOf = (test: TestCase | undefined): number => test?.points ?? DEFAULT_POINTS

/** To six decimals: 0.1 and 0.2 points are 0.3. */
export const round = (value: number): number => Math.round(value * 1e6) / 1e6

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
