import Type from 'typebox'
import type { TestCase } from '../../shared/job.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { JobTest } from '../../shared/judging/job-test.ts'
import { fillTests, type ProblemStore } from '../../shared/judging/problem-store.ts'
import { KIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { allJobs } from './own-job.ts'

/** Of a text that is shown beside another. */
const SHOWN = 64 * KIB

/** A test that is judged, from the request that was kept or from the stored problem. */
export const readAnyJobTest = defineRoute({
  tag: 'Administration',
  scopes: ['admin'],
  method: 'get',
  path: '/v1/admin/jobs/:id/tests/:index',
  id: 'readAnyJobTest',
  summary: 'Read a test of a job of any tenant',
  description:
    'Input and answer of a test, to compare with what the program wrote. 404 for a secret test, and when the request was not kept.',
  params: {
    id: PATH.job,
    index: {
      description: 'its place in `tests`, from 0',
      schema: Type.String({ pattern: '^(?:0|[1-9][0-9]{0,2})$' }),
      example: '0',
    },
  },
  answers: {
    200: {
      description: 'The test.',
      schema: JobTest,
      examples: {
        test: {
          summary: 'A test with an answer',
          value: { index: 0, name: 'small', stdin: '1 2\n', answer: '3\n', truncated: false, answerTruncated: false },
        },
      },
    },
  },
  cache: 'no-store',
  schemas: { JobTest },
  async handle(
    { records, problems }: { records: JobReader; problems: Pick<ProblemStore, 'content'> },
    { res, params, send },
  ) {
    const { job } = await allJobs(records)(res, params.id)
    const spec = await records.spec(job.id)
    if (!spec) throw new Problem('not-found', 'the request of this job was not kept')
    const index = Number(params.index)
    const test = spec.tests[index]
    if (!test || String(index) !== params.index) throw new Problem('not-found', `the job has no test ${params.index}`)
    if (test.secret === true) throw new Problem('not-found', `test ${index} is secret`)
    const content = spec.inputsOf?.content ?? spec.problem
    if (content !== undefined && !(await problems.content(content)))
      throw new Problem('not-found', 'the problem of this job was deleted')
    const { tests } = await fillTests(problems, spec)
    send(200, shownTest(tests[index] ?? test, index))
  },
})

function shownTest({ name, stdin = '', stdinEncoding, expectedOutput }: TestCase, index: number): JobTest {
  const input = stdinEncoding === 'base64' ? Buffer.from(stdin, 'base64').toString() : stdin
  const answer = expectedOutput ?? null
  const answerTruncated = (answer ?? '').length > SHOWN
  return {
    index,
    name: name ?? null,
    stdin: input.slice(0, SHOWN),
    answer: answer && answer.slice(0, SHOWN),
    truncated: input.length > SHOWN || answerTruncated,
    answerTruncated,
  }
}
