import Type from 'typebox'
import type { JobSpec, JobSummary } from '../../shared/job.ts'
import { endedAsClaimed } from '../../shared/judging/example-submissions.ts'
import { refusedInputs, validationRequests } from '../../shared/judging/input-validators.ts'
import { type ExampleSubmission, examplePath } from '../../shared/judging/problem.ts'
import { contentOf, namingInputs, type ProblemStore } from '../../shared/judging/problem-store.ts'
import { ProblemCheck } from '../../shared/judging/problem-answers.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { Problem } from '../../shared/problems.ts'
import { MAX_BATCH_JOBS, MAX_TESTS } from '../../shared/requests.ts'
import { CODE_PROBLEMS, SUBMISSION_PROBLEMS } from '../http/openapi/problems.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest, problemWithin } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { JobRequestBuilder } from '../jobs/request/job-request-builder.ts'
import { ownProblem } from './problem-routes.ts'
import type { Trials } from './problem-trials.ts'
import { PACED, type PacedNeeds, submitPaced } from './submit-paced.ts'

export interface TrialNeeds {
  problems: ProblemStore
  records: JobReader
  requests: JobRequestBuilder
  submission: JobSubmission
  trials: Trials
  pace: PacedNeeds['pace']
}

/** Whether it is the program's own language that is not installed, and not that of the problem's checker or interactor. */
const isOwnLanguageMissing = ({ code, errors = [] }: Problem): boolean =>
  code === 'language-not-installed' && errors.some(({ pointer }) => pointer === '/language')

const slowest = ({ stages }: JobSummary): number | null =>
  stages.reduce<number | null>((most, { test, cpuMs }) => (test ? Math.max(most ?? 0, cpuMs) : most), null)

export const trialRoutes = [
  defineRoute({
    method: 'post',
    path: '/v1/problems/:id/check',
    id: 'checkProblem',
    tag: 'Judging',
    summary: 'Judge the example submissions of a problem',
    description:
      'Submits the example submissions of the archive, and its input validators, as jobs of low priority; those in languages that are not installed are left out. ' +
      '`GET` tells whether each ended as it claims; the batch can be waited for. ' +
      PACED,
    scopes: ['jobs'],
    params: { id: PATH.problem },
    answers: {
      202: {
        description: 'The batch of these jobs.',
        schema: Type.Object({
          batch: Type.String({ format: 'uuid' }),
          jobs: Type.Array(Type.String({ format: 'uuid' })),
        }),
        headers: ['Location'],
      },
    },
    problems: [...SUBMISSION_PROBLEMS.filter((code) => !code.startsWith('idempotency')), ...CODE_PROBLEMS],
    async handle(needs: TrialNeeds, { res, caller, params, requestId, send }) {
      const { problems, requests, trials } = needs
      const about = await ownProblem({ problems }, caller.tenant, params.id)
      const content = contentOf(about)
      const { examples = [], validators = [], tests = [] } = (await problems.content(content)) ?? {}
      const validations = validators.map((validator) => ({
        path: validator.name,
        parts: validationRequests(validator, { tests }),
      }))
      const needed = validations.reduce((sum, { parts }) => sum + parts.length, 0)
      const count = examples.length + needed
      if (count === 0) {
        const detail =
          'has neither example submissions nor input validators; its archive has none in submissions/ or input_validators/'
        throw invalidRequest([{ pointer: '', detail }])
      }
      if (count > MAX_BATCH_JOBS) {
        const detail = `has ${examples.length} example submissions and needs ${needed} jobs for its input validators; ${MAX_BATCH_JOBS} can be judged together`
        throw invalidRequest([{ pointer: '', detail }])
      }
      const specs: JobSpec[] = []
      const leftOut: string[] = []
      const missing: Problem[] = []
      /** @returns its jobs; none when its own language is not installed: the others can be judged all the same */
      const jobsOf = async (parts: readonly object[], path: string, pointer: string): Promise<JobSpec[]> => {
        const jobs: JobSpec[] = []
        try {
          for (const request of parts) jobs.push(await requests.code(request, caller, requestId, about))
          return jobs
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          if (!isOwnLanguageMissing(error)) throw problemWithin(pointer, error)
          missing.push(error)
          leftOut.push(path)
          return []
        }
      }
      for (const [index, example] of examples.entries()) {
        const { language, files, entrypoint } = example
        const request = { language, files, entrypoint, problem: about.id, priority: 'low' }
        const jobs = await jobsOf([request], examplePath(about.format, example), `/submissions/${index}`)
        // It is no submission of anybody's, to be judged again.
        specs.push(...jobs.map((spec) => ({ ...spec, again: spec.head.id })))
      }
      for (const [index, { path, parts }] of validations.entries()) {
        const jobs = await jobsOf(parts, path, `/validators/${index}`)
        specs.push(...jobs.map((spec, part) => namingInputs(spec, { content, first: part * MAX_TESTS })))
      }
      if (specs.length === 0 && missing[0]) throw missing[0]
      const { id: batch, createdAt, jobIds } = await submitPaced(needs, caller, specs)
      const { version, format } = about
      await trials.put(about.id, { version, createdAt, batch, jobs: jobIds, leftOut, format })
      res.location(`/v1/problems/${about.id}/check`)
      send(202, { batch, jobs: jobIds })
    },
  }),
  defineRoute({
    method: 'get',
    path: '/v1/problems/:id/check',
    id: 'readProblemCheck',
    tag: 'Judging',
    summary: 'Read how the example submissions of a problem ended',
    scopes: ['jobs'],
    params: { id: PATH.problem },
    answers: { 200: { description: 'Each submission, what it claims and how it ended.', schema: ProblemCheck } },
    schemas: { ProblemCheck },
    cache: 'no-store',
    async handle({ problems, records, trials }: TrialNeeds, { caller, params, send }) {
      const about = await ownProblem({ problems }, caller.tenant, params.id)
      const trial = await trials.read(about.id)
      const content = trial && (await problems.content(contentOf({ id: about.id, version: trial.version })))
      if (!trial || !content)
        throw new Problem('not-found', 'the example submissions of this problem were not judged yet')
      const found = await records.summaries(trial.jobs)
      const { leftOut = [], format } = trial
      const pathOf = (example: ExampleSubmission) => (format ? examplePath(format, example) : example.name)
      const examples = (content.examples ?? []).filter((example) => !leftOut.includes(pathOf(example)))
      const submissions = examples.map((example, index) => {
        const job = trial.jobs[index] ?? ''
        const summary = found.get(job)?.job
        const isOver = summary === undefined || summary.status !== null
        const { verdict = null, score = null, points = null } = summary?.judging ?? {}
        return {
          name: example.name,
          language: example.language,
          expected: example.expected,
          job,
          verdict,
          score,
          points,
          slowestMs: summary ? slowest(summary) : null,
          passed: isOver ? endedAsClaimed(example, summary?.judging) : null,
        }
      })
      let next = submissions.length
      const validators = (content.validators ?? []).flatMap((validator) => {
        if (leftOut.includes(validator.name)) return []
        const count = validationRequests(validator, content).length
        const jobs = trial.jobs.slice(next, (next += count))
        const ended = jobs.map((id) => found.get(id)?.job)
        const isOver = ended.every((job) => job === undefined || job.status !== null)
        const refused = isOver ? refusedInputs(validator, content.tests?.length ?? 0, ended) : undefined
        const { name, language } = validator
        return [{ name, language, jobs, refused: refused ?? null, passed: isOver ? refused?.length === 0 : null }]
      })
      const all = [...submissions, ...validators]
      const isRunning = all.some(({ passed }) => passed === null)
      const hasPassed = trial.jobs.length > 0 && all.every(({ passed }) => passed)
      const state = isRunning ? 'running' : hasPassed ? 'passed' : 'failed'
      const { version, createdAt, batch } = trial
      send(200, { version, createdAt, batch, state, submissions, validators, leftOut })
    },
  }),
]
