import type { ProblemJobs } from '../../shared/judging/problem-jobs.ts'
import type { ProblemStore } from '../../shared/judging/problem-store.ts'
import type { Language } from '../../shared/language.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { Core } from '../core.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { JobRequestBuilder } from '../jobs/request/job-request-builder.ts'
import { createTrials } from './problem-trials.ts'
import { problemRoutes } from './problem-routes.ts'
import { comparing, createAlone, submissionRoutes } from './submission-routes.ts'
import type { PacedNeeds } from './submit-paced.ts'
import { trialRoutes } from './trial-routes.ts'

export const PROBLEM_ROUTES = [...problemRoutes, ...trialRoutes, ...submissionRoutes]

export interface ProblemsNeeds {
  problems: ProblemStore
  problemJobs: ProblemJobs
  languages: readonly Language[]
  records: JobReader
  requests: JobRequestBuilder
  submission: JobSubmission
  pace: PacedNeeds['pace']
}

/** `/v1/problems`: tests and judges that are stored once, for any number of jobs; their example submissions; their submissions judged again. */
export function createProblemsFeature({ redis, keys }: Core, needs: ProblemsNeeds): { routes: BoundRoute[] } {
  const { problems, problemJobs, languages, records, requests, submission, pace } = needs
  const submits = { problems, records, requests, submission, languages, pace }
  return {
    routes: [
      ...bindRoutes({ problems, languages }, problemRoutes),
      ...bindRoutes({ ...submits, trials: createTrials(redis, keys) }, trialRoutes),
      ...bindRoutes({ ...submits, problemJobs, alone: createAlone(comparing) }, submissionRoutes),
    ],
  }
}
