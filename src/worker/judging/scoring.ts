import type { TestCase } from '../../shared/job.ts'
import { combined, pointsOfAll, pointsOfGroup, pointsOfTest, sum } from '../../shared/judging/group-points.ts'
import type { GroupJudging, JobJudging } from '../../shared/judging/judging-result.ts'
import type { TestGroup } from '../../shared/judging/judging-spec.ts'
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
 *
 * A group may lie within another, which counts its score, and is accepted by rules of its own (`counts`). Of a group that stops at what is not
 * accepted, nothing more runs, nor is anything but what has run counted. One that is within no other and is not accepted by its rule gives nothing.
 * @param scored groups that are named exist, and none requires itself, or lies in itself, at any remove
 */
export function createScoreboard({ tests, groups, stopOnFailure }: Scored): Scoreboard {
  const outcomes = new Map<number, TestOutcome>()
  const skipped = new Set<number>()
  const indices = tests.map((_, index) => index)
  const byName = new Map(groups.map((group) => [group.name, group]))
  const ownOf = once(({ name }) => indices.filter((index) => tests[index]?.group === name))
  const innerOf = once(({ name }) => groups.filter(({ within }) => within === name))
  const membersOf: (group: TestGroup) => readonly number[] = once((group) => [
    ...ownOf(group),
    ...innerOf(group).flatMap(membersOf),
  ])
  /** The groups that a test lies in, the innermost first. */
  const groupsOf = (index: number): TestGroup[] => {
    const found: TestGroup[] = []
    for (let group = byName.get(tests[index]?.group ?? ''); group; group = byName.get(group.within ?? ''))
      found.push(group)
    return found
  }
  const isAccepted = (index: number) => outcomes.get(index)?.verdict === 'accepted'
  const isSettled = (index: number) => outcomes.has(index) || skipped.has(index)
  let stopped = false

  /** Whether a group was accepted; undefined as long as it runs, or has not run. */
  const isPassed = (group: TestGroup): boolean | undefined => {
    const members = membersOf(group)
    if (!members.some((index) => outcomes.has(index)) || !members.every(isSettled)) return undefined
    if (group.counts === 'always') return true
    const parts = [
      ...ownOf(group)
        .filter((index) => outcomes.has(index))
        .map(isAccepted),
      ...innerOf(group).map(isPassed),
    ]
    const known = parts.filter((part) => part !== undefined)
    return group.counts === 'any' ? known.some(Boolean) : known.every(Boolean)
  }
  /** Whether a group's tests may run, once that is known. */
  const isOpen = (group: TestGroup): boolean | undefined => {
    const before = groups.filter(({ name }) => group.requires.includes(name)).flatMap(membersOf)
    if (before.some((index) => isSettled(index) && !isAccepted(index))) return false
    return before.every(isAccepted) || undefined
  }
  const hasStopped = (group: TestGroup): boolean =>
    group.stopOnFailure &&
    (ownOf(group).some((index) => outcomes.has(index) && !isAccepted(index)) ||
      innerOf(group).some((inner) => isPassed(inner) === false))

  const most = (group: TestGroup) => pointsOfGroup(group, groups, tests)
  /** What a test gives: a part of its points, or what its group has for those that are not accepted. */
  const scoreOf = (index: number, { rejectedPoints = 0 }: Partial<TestGroup>): number => {
    const outcome = outcomes.get(index)
    if (!outcome) return 0
    return outcome.verdict === 'accepted' ? pointsOfTest(tests[index]) * outcome.fraction : rejectedPoints
  }
  /** By the parts of their points that its tests give: what those without points give counts too. */
  const ofTests = (group: TestGroup): number => {
    const counted = ownOf(group).filter((index) => outcomes.has(index) || !hasStopped(group))
    if (group.scoring !== 'sum') {
      const part = (index: number) => {
        const points = pointsOfTest(tests[index])
        return isAccepted(index) || points === 0 ? (outcomes.get(index)?.fraction ?? 0) : scoreOf(index, group) / points
      }
      return most(group) * combined(group.scoring, counted.map(part))
    }
    const all = sum(ownOf(group).map((index) => pointsOfTest(tests[index])))
    return all === 0 ? 0 : (most(group) * sum(counted.map((index) => scoreOf(index, group)))) / all
  }
  /** Never more than it can give when all is accepted, though less has run of it and counts. */
  const ofGroup = (group: TestGroup): number =>
    Math.min(most(group), innerOf(group).length === 0 ? ofTests(group) : ofParts(group))
  const ofParts = (group: TestGroup): number => {
    const counts = (hasRun: boolean) => hasRun || !hasStopped(group)
    const scores = [
      ...ownOf(group)
        .filter((index) => counts(outcomes.has(index)))
        .map((index) => scoreOf(index, group)),
      ...innerOf(group)
        .filter((one) => counts(membersOf(one).some((index) => outcomes.has(index))))
        .map(ofGroup),
    ]
    const natural = pointsOfGroup({ name: group.name, scoring: group.scoring }, groups, tests)
    return natural === 0 ? 0 : (most(group) * combined(group.scoring, scores)) / natural
  }
  /** What counts of a group: one that is not accepted, and no other judges that, gives nothing. */
  const score = (group: TestGroup): number =>
    group.within === undefined && group.counts !== undefined && isPassed(group) !== true ? 0 : ofGroup(group)

  const groupResult = (group: TestGroup): GroupJudging => {
    const members = membersOf(group)
    const run = members.flatMap((index) => outcomes.get(index) ?? [])
    const failed = run.find(({ verdict }) => verdict !== 'accepted')
    const verdict = failed?.verdict ?? (run.length > 0 && run.length === members.length ? 'accepted' : null)
    return { name: group.name, verdict, score: round(score(group)), points: round(most(group)) }
  }

  return {
    next() {
      for (;;) {
        const [openNow, stoppedNow] = [once(isOpen), once(hasStopped)]
        let found: number | undefined
        let skippedOne = false
        for (const index of indices) {
          if (isSettled(index)) continue
          const around = groupsOf(index)
          const open = around.map(openNow)
          if (stopped || open.includes(false) || around.some(stoppedNow)) {
            skipped.add(index)
            skippedOne = true
          } else if (open.every((one) => one === true)) found ??= index
        }
        // What was skipped can settle whether others run.
        if (!skippedOne) return found
      }
    },
    add(index, outcome) {
      outcomes.set(index, outcome)
      if (outcome.verdict === 'judge-error' || (stopOnFailure && outcome.verdict !== 'accepted')) stopped = true
    },
    result(verdict) {
      const alone = indices.filter((index) => groupsOf(index).length === 0)
      const outer = groups.filter(({ within }) => within === undefined)
      const scores = [...alone.map((index) => scoreOf(index, {})), ...outer.map(score)]
      const run = [...outcomes.values()]
      const fault = run.some((one) => one.verdict === 'judge-error') ? 'judge-error' : undefined
      const failed = run.find((one) => one.verdict !== 'accepted')?.verdict
      return {
        verdict: verdict ?? fault ?? failed ?? 'accepted',
        score: round(sum(scores)),
        points: round(pointsOfAll(groups, tests)),
        groups: groups.map(groupResult),
        skipped: indices.filter((index) => !outcomes.has(index)),
      }
    },
  }
}

/** What is said of a group, found out once. */
function once<T>(of: (group: TestGroup) => T): (group: TestGroup) => T {
  const known = new Map<string, T>()
  return (group) => {
    if (!known.has(group.name)) known.set(group.name, of(group))
    return known.get(group.name) as T
  }
}

/** To six decimals: 0.1 and 0.2 points are 0.3. */
export const round = (value: number): number => Math.round(value * 1e6) / 1e6
