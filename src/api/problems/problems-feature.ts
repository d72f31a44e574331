import { createComparisons, createSimilarityQueue } from '../../shared/judging/comparisons.ts'
import type { ProblemJobs } from '../../shared/judging/problem-jobs.ts'
import type { ProblemStore } from '../../shared/judging/problem-store.ts'
import type { Language } from '../../shared/language.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { Core } from '../core.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import { createByteSemaphore } from '../jobs/byte-semaphore.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { JobRequestBuilder } from '../jobs/request/job-request-builder.ts'
import type { Audit } from '../security/audit.ts'
import { createTrials } from './problem-trials.ts'
import { problemRoutes } from './problem-routes.ts'
import { similarityRoutes } from './similarity-routes.ts'
import { submissionRoutes } from './submission-routes.ts'
import type { PacedNeeds } from './submit-paced.ts'
import { trialRoutes } from './trial-routes.ts'

export const PROBLEM_ROUTES = [...problemRoutes, ...trialRoutes, ...submissionRoutes, ...similarityRoutes]

export interface ProblemsNeeds {
  problems: ProblemStore
  problemJobs: ProblemJobs
  languages: readonly Language[]
  /** Of an archive, unpacked. */
  maxProblemBytes: number
  records: JobReader
  requests: JobRequestBuilder
  submission: JobSubmission
  pace: PacedNeeds['pace']
  open: OpenResponses
  audit: Audit
}

export interface ProblemsFeature {
  routes: BoundRoute[]
  close: () => Promise<void>
}

/** `/v1/problems`: tests and judges that are stored once, for any number of jobs; their example submissions; their submissions judged again and compared. */
export function createProblemsFeature({ redis, bulk, keys }: Core, needs: ProblemsNeeds): ProblemsFeature {
  const { problems, problemJobs, languages, maxProblemBytes, records, requests, submission, pace, open, audit } = needs
  const submits = { problems, records, requests, submission, languages, pace }
  const comparisons = createComparisons(bulk, keys)
  const queue = createSimilarityQueue(redis, keys)
  return {
    routes: [
      ...bindRoutes(
        { problems, languages, maxProblemBytes, handling: createByteSemaphore(maxProblemBytes) },
        problemRoutes,
      ),
      ...bindRoutes({ ...submits, trials: createTrials(redis, keys) }, trialRoutes),
      ...bindRoutes({ ...submits, problemJobs }, submissionRoutes),
      ...bindRoutes(
        { problems, comparisons, queue, records, open, audit, quoting: { isBusy: false } },
        similarityRoutes,
      ),
    ],
    close: () => queue.close(),
  }
}
