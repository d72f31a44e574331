import type { Encoding, JobSpec, TestCase } from '../../../shared/job.ts'
import { withoutContent } from '../../../shared/judging/problem-store.ts'
import type { CodeRequest, RequestTest } from '../../../shared/requests.ts'
import { plainBase64 } from './base64.ts'

interface Input {
  stdin: string
  stdinEncoding?: Encoding | undefined
}

/** Standard input as a job keeps it. */
export function input({ stdin, stdinEncoding }: Input): { stdin: string; stdinEncoding?: Encoding } {
  return stdinEncoding === 'base64' ? { stdin: plainBase64(stdin) ?? '', stdinEncoding } : { stdin }
}

function testCase({ stdin, stdinEncoding, answer, ...test }: RequestTest, job: CodeRequest): TestCase {
  return {
    ...test,
    ...(stdin !== undefined && input({ stdin, stdinEncoding: stdinEncoding ?? job.stdinEncoding })),
    ...(answer !== undefined && { expectedOutput: answer }),
    ...((test.secret ?? job.secret) && { secret: true }),
  }
}

/** What a stored problem has is not put on the queue with each job. */
export function testsOf(request: CodeRequest): Pick<JobSpec, 'tests' | 'problem'> {
  const { problem } = request
  const tests = (request.tests ?? []).map((test) => testCase(test, request))
  return problem === undefined ? { tests } : { tests: tests.map(withoutContent), problem }
}
