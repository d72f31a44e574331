import type { JobSpec, SourceFile } from '../../shared/job.ts'
import { Rejudging } from '../../shared/judging/problem-answers.ts'
import { problemOfContent, type ProblemStore } from '../../shared/judging/problem-store.ts'
import type { ProblemJobs } from '../../shared/judging/problem-jobs.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { Problem } from '../../shared/problems.ts'
import type { CodeRequest } from '../../shared/requests.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../http/openapi/problems.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { JobRequestBuilder } from '../jobs/request/job-request-builder.ts'
import { ownProblem } from './problem-routes.ts'
import { PACED, type PacedNeeds, submitPaced } from './submit-paced.ts'

export interface SubmissionNeeds {
  problems: ProblemStore
  problemJobs: ProblemJobs
  records: JobReader
  requests: JobRequestBuilder
  submission: JobSubmission
  pace: PacedNeeds['pace']
}

/** Submissions of one call; a batch is read whole. */
export const MAX_REJUDGED = 1000

export const submissionRoutes = [
  defineRoute({
    method: 'post',
    path: '/v1/problems/:id/rejudge',
    id: 'rejudgeProblem',
    tag: 'Judging',
    summary: 'Judge all submissions of a problem again',
    description:
      `Submits the newest ${MAX_REJUDGED} submissions to this problem whose results are still kept once more, as new jobs in a batch: judged with the problem as it is ` +
      'now, of low priority, with their own metadata and end user. ' +
      `${PACED} Programs that were compiled before are not compiled again. Nothing needs to be sent in the body.`,
    scopes: ['jobs'],
    params: { id: PATH.problem },
    answers: { 202: { description: 'The new jobs, and what they are of.', schema: Rejudging, headers: ['Location'] } },
    problems: [
      ...SUBMISSION_PROBLEMS.filter((code) => !code.startsWith('idempotency')),
      ...CODE_PROBLEMS,
      'nothing-to-run',
    ],
    async handle(needs: SubmissionNeeds, { res, caller, params, requestId, send }) {
      const { problemJobs, records, requests } = needs
      const about = await ownProblem(needs, caller.tenant, params.id)
      const { id, version } = about
      const specs: JobSpec[] = []
      const left: { id: string; reason: string }[] = []
      for (const old of await problemJobs.newest(id, MAX_REJUDGED)) {
        const record = await records.read(old)
        // Its result has expired.
        if (!record || record.tenant !== caller.tenant) continue
        const spec = record.job.status === null ? undefined : await records.spec(old)
        if (record.job.status === null) left.push({ id: old, reason: 'has not ended yet' })
        else if (!spec) left.push({ id: old, reason: 'its request was not kept' })
        else {
          try {
            const made = await requests.code(requestAgain(spec), caller, requestId, about)
            specs.push({ ...made, again: old, webhook: spec.webhook })
          } catch (error) {
            if (!(error instanceof Problem) || error.status >= 500) throw error
            left.push({ id: old, reason: error.message })
          }
        }
      }
      if (specs.length === 0) {
        const why =
          left.length === 0 ? 'it has none whose results are kept' : `none of ${left.length} can be: ${left[0]?.reason}`
        throw new Problem('nothing-to-run', `no submission of this problem can be judged again: ${why}`)
      }
      const batch = await submitPaced(needs, caller, specs)
      res.location(`/v1/batches/${batch.id}`)
      const jobs = specs.map(({ head, again = '' }) => ({ id: head.id, again: { id: again } }))
      send(202, { batch: batch.id, version, jobs, left })
    },
  }),
]

/** What was submitted, without what the problem added to it. */
export function requestAgain({
  head,
  submission,
  files,
  storedFiles = [],
  args,
  compilerArgs,
  env,
  environment,
  problem,
}: JobSpec): CodeRequest {
  const own = submission ?? { language: head.language ?? '', files: files.length }
  const { language, entrypoint, limits } = own
  return {
    language,
    files: [
      ...files.slice(0, own.files).map(({ path, content, encoding, mode }: SourceFile) => ({
        path,
        content,
        encoding,
        ...(mode !== undefined && { mode }),
      })),
      ...storedFiles.map(({ path, fileId, mode }) => ({ path, id: fileId, ...(mode !== undefined && { mode }) })),
    ],
    ...(entrypoint !== undefined && { entrypoint }),
    ...(limits && { limits }),
    ...(args.length > 0 && { args }),
    ...(compilerArgs.length > 0 && { compilerArgs }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(environment !== undefined && { environment }),
    problem: problemOfContent(problem ?? ''),
    priority: 'low',
    metadata: head.metadata,
    ...(head.endUser !== undefined && { endUser: head.endUser }),
  }
}
