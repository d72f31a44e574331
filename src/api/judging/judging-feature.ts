import { createProblemStore, type ProblemStore } from '../../shared/judging/problem-store.ts'
import type { Language } from '../../shared/language.ts'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import { problemRoutes } from './problem-routes.ts'

export const JUDGING_ROUTES = problemRoutes

export interface JudgingFeature {
  routes: BoundRoute[]
  problems: ProblemStore
}

/** `/v1/problems`: tests and judges that are stored once, for any number of jobs. */
export function createJudgingFeature(
  { bulk, keys }: Core,
  { languages }: { languages: readonly Language[] },
): JudgingFeature {
  const problems = createProblemStore(bulk, keys)
  return { routes: bindRoutes({ problems, languages }, problemRoutes), problems }
}
