import { expect, test } from '@jest/globals'
import { trialRoutes, type TrialNeeds } from '../../src/api/problems/trial-routes.ts'
import type { Trial } from '../../src/api/problems/problem-trials.ts'
import type { ExampleSubmission, InputValidator } from '../../src/shared/judging/problem.ts'
import { Problem } from '../../src/shared/problems.ts'

const program = (language: string) => ({ language, files: [{ path: 'main', content: '' }], entrypoint: 'main' })
const example = (name: string, language: string): ExampleSubmission => ({
  ...program(language),
  name,
  expected: ['accepted'],
  isPartial: false,
})
const validator = (name: string, language: string): InputValidator => ({
  ...program(language),
  name,
  protocol: 'kattis',
  args: [],
})
const tests = Array.from({ length: 101 }, (_, index) => ({ name: String(index), stdin: '' }))
const about = { id: 'p', version: 1, format: 'kattis' }

/** What a check of a problem submits and keeps, and how it is reported. @param refuses whether the language of the n-th request is missing */
async function check(
  content: { examples: ExampleSubmission[]; validators: InputValidator[] },
  refuses: (language: string, nth: number) => boolean,
) {
  let made = 0
  let kept: Trial | undefined
  const needs = {
    problems: {
      read: () => Promise.resolve(about),
      content: () => Promise.resolve({ tests, ...content }),
    },
    requests: {
      code: ({ language }: { language: string }) => {
        const nth = made++
        if (!refuses(language, nth)) return Promise.resolve({ head: { id: `job ${nth}` }, tests: [] })
        const errors = [{ pointer: '/language', detail: 'is not installed' }]
        return Promise.reject(new Problem('language-not-installed', 'is not installed', { errors }))
      },
    },
    pace: () => Promise.resolve({ outcome: 'paced', delaysMs: [] }),
    submission: { submitBatch: (_specs: unknown, batch: unknown) => Promise.resolve({ batch }) },
    trials: {
      put: (_id: string, trial: Trial) => Promise.resolve(void (kept = trial)),
      read: () => Promise.resolve(kept),
    },
    records: { summaries: () => Promise.resolve(new Map()) },
  } as unknown as TrialNeeds
  let report: unknown
  const context = {
    res: { location: () => undefined },
    caller: { tenant: 't' },
    params: { id: 'p' },
    requestId: 'r',
    send: (_status: number, body: unknown) => void (report = body),
  }
  const [begin, read] = trialRoutes.map(({ handle }) => handle as unknown as (...args: unknown[]) => Promise<void>)
  await begin?.(needs, context)
  await read?.(needs, context)
  return { kept, report, reportOf: (trial: Trial) => ((kept = trial), read?.(needs, context).then(() => report)) }
}

test('a validator of which one part cannot be run is left out with all its jobs', async () => {
  const content = {
    examples: [example('accepted/a.py', 'python'), example('accepted/b.rb', 'ruby')],
    validators: [validator('input_validators/c.sh', 'bash'), validator('input_validators/d.sh', 'bash')],
  }
  // The language goes between the two parts of the first validator.
  const { kept, report } = await check(content, (language, nth) => language === 'ruby' || nth === 3)
  const leftOut = ['submissions/accepted/b.rb', 'input_validators/c.sh']
  expect(kept).toMatchObject({ jobs: ['job 0', 'job 4', 'job 5'], leftOut })
  expect(report).toMatchObject({
    submissions: [{ name: 'accepted/a.py', job: 'job 0' }],
    validators: [{ name: 'input_validators/d.sh', jobs: ['job 4', 'job 5'] }],
    leftOut,
  })
})

test('a check that has no job has not passed', async () => {
  const content = { examples: [example('accepted/a.py', 'python')], validators: [] }
  const { kept, reportOf } = await check(content, () => false)
  const empty = { ...(kept as Trial), jobs: [], leftOut: ['submissions/accepted/a.py'] }
  expect(await reportOf(empty)).toMatchObject({ state: 'failed', submissions: [], leftOut: empty.leftOut })
  // As checks were kept before paths were told.
  const { format: _format, ...before } = { ...empty, leftOut: ['accepted/a.py'] }
  expect(await reportOf(before)).toMatchObject({ state: 'failed', submissions: [] })
})
