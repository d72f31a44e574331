import type { Status, TestCase } from '../../shared/job.ts'
import type { TestJudging } from '../../shared/judging/judging-result.ts'
import type { Verdict } from '../../shared/judging/verdict.ts'
import type { Ruling } from './ruling.ts'
import { pointsOfTest } from '../../shared/judging/group-points.ts'
import { round, type TestOutcome } from './scoring.ts'

const VERDICT_OF: Record<Exclude<Status, 'cancelled'>, Verdict> = {
  succeeded: 'accepted',
  failed: 'runtime-error',
  signalled: 'runtime-error',
  'compile-failed': 'compile-error',
  'wall-time-limit': 'time-limit',
  'cpu-time-limit': 'time-limit',
  'memory-limit': 'memory-limit',
  'output-limit': 'output-limit',
  'wrong-answer': 'wrong-answer',
  'judge-error': 'judge-error',
  'environment-failed': 'judge-error',
  'internal-error': 'judge-error',
}

/** The verdict on a program that ended like this, before anybody has looked at its output. */
const verdictOf = (status: Exclude<Status, 'cancelled'>): Verdict => VERDICT_OF[status]

/** How a stage ended that a verdict was given on. */
export function statusOf(verdict: Verdict, status: Status): Status {
  if (verdict === 'judge-error') return 'judge-error'
  if (verdict === 'wrong-answer' || verdict === 'presentation-error') return 'wrong-answer'
  return status
}

/** A sentence on a ruling; null when there is nothing to say. */
export function saidOf(name: string, ruling: Ruling, secret: boolean, interacts: boolean): string | null {
  switch (ruling.verdict) {
    case 'accepted':
      return null
    case 'judge-error':
      return secret ? `stage ${name} could not be judged` : `stage ${name} could not be judged: ${ruling.judgeMessage}`
    default:
      return interacts
        ? `stage ${name} was not accepted by the interactor`
        : `stage ${name} wrote something else than expected`
  }
}

/** What came of a test. @param ruling of a judge, where it counts */
export function outcomeOf(status: Exclude<Status, 'cancelled'>, ruling: Ruling | undefined): TestOutcome {
  return ruling ?? { verdict: verdictOf(status), fraction: 0 }
}

/** What is said of a test, without what is not for everybody. */
export function judgingOf({ verdict, fraction }: TestOutcome, ruling: Ruling | undefined, test: TestCase): TestJudging {
  const { feedback, judgeMessage, check } = ruling ?? {}
  const points = pointsOfTest(test)
  return {
    verdict,
    score: round(points * fraction),
    points,
    ...(feedback !== undefined && { feedback }),
    ...(judgeMessage !== undefined && test.secret !== true && { judgeMessage }),
    ...(check && { check }),
  }
}
