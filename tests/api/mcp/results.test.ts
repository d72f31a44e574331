import { expect, test } from '@jest/globals'
import { explainProblem } from '../../../src/api/mcp/explain-problem.ts'
import { commandResult, executionResult, jobResult } from '../../../src/api/mcp/tools/run-result.ts'
import { headAndTail } from '../../../src/api/mcp/tools/text-budget.ts'
import { listed } from '../../../src/api/mcp/tools/tool.ts'
import { TOOLS } from '../../../src/api/mcp/tools.ts'
import { finishedJob } from '../../../src/api/http/openapi/examples/results.ts'
import { command, execution } from '../../../src/api/sessions/examples.ts'
import type { Job, Stage } from '../../../src/shared/job.ts'
import { Problem } from '../../../src/shared/problems.ts'

const [stage] = finishedJob.stages
const jobOf = (status: Job['status'], more: Partial<Stage> = {}): Job => ({
  ...finishedJob,
  status,
  stages: [{ ...(stage as Stage), ...more }],
})
const firstLine = (job: Job): string | undefined => {
  const [first] = jobResult(job, []).content
  return first?.type === 'text' ? first.text.split('\n')[0] : undefined
}

test('a text that is too long keeps its beginning and its end, whole characters and the number of what is missing', () => {
  expect(headAndTail('short', 10)).toBe('short')
  expect(headAndTail(`${'a'.repeat(10)}${'b'.repeat(10)}`, 6)).toBe('aaa\n[... 14 bytes left out ...]\nbbb')
  expect(headAndTail('😀'.repeat(10), 6)).toBe('😀\n[... 32 bytes left out ...]\n😀')
})

test('the first line says how a program ended, by its limit where one ended it', () => {
  expect(firstLine(jobOf('succeeded', { exitCode: 0, wallMs: 1234 }))).toBe('exit 0 after 1.23 s')
  expect(firstLine(jobOf('failed', { exitCode: 2, wallMs: 12_345 }))).toBe('exit 2 after 12 s')
  expect(firstLine(jobOf('signalled', { exitCode: null, signal: 'SIGSEGV', wallMs: 10 }))).toBe(
    'killed by SIGSEGV after 0.01 s',
  )
  expect(firstLine(jobOf('memory-limit', { wallMs: 100 }))).toMatch(/^killed: memory limit \d+ MiB after 0\.10 s/)
  expect(firstLine(jobOf('wall-time-limit'))).toMatch(/^killed: time limit \d+(\.\d\d)? s/)
  expect(firstLine(jobOf('compile-failed', { name: 'compile', exitCode: 1, wallMs: 20 }))).toBe(
    'compilation failed: exit 1 after 0.02 s',
  )
  expect(jobResult(jobOf('failed'), []).failed).toBe(true)
  expect(jobResult(jobOf('succeeded'), []).failed).toBe(false)
})

test('an execution shows values as text, images as images, and errors without colours', () => {
  const png = 'iVBORw0KGgo='
  const results = [
    { data: { 'image/png': png, 'text/plain': '<Figure>' }, metadata: {}, isMainResult: false },
    { data: { 'text/html': '<table>', 'text/plain': 'a  b' }, metadata: {}, isMainResult: true },
  ]
  const error = { name: 'ValueError', value: 'no', traceback: ['\u001b[31mValueError\u001b[0m: no'] }
  const { content, failed } = executionResult('s', { ...execution, status: 'failed', results, error })
  expect(failed).toBe(true)
  expect(content[0]).toMatchObject({
    text: expect.stringMatching(/^ValueError after .*\nresult:\na {2}b\nerror:\nValueError: no\n/s),
  })
  expect(content.slice(1)).toEqual([{ type: 'image', data: png, mimeType: 'image/png' }])
  const refused = { name: 'StdinNotImplementedError', value: 'no input', traceback: [] }
  const asked = executionResult('s', { ...execution, status: 'failed', message: 'set allowInput', error: refused })
  expect(asked.content[0]).toMatchObject({
    text: expect.stringMatching(/ \(code in a session gets no input here: .*`stdin`\)\n/),
  })
  const many = Array.from({ length: 7 }, () => results[0] as (typeof results)[0])
  expect(executionResult('s', { ...execution, results: many }).content).toHaveLength(1 + 5)
})

test('a command shows its exit code, or what killed it', () => {
  const text = (more: object) => (commandResult('s', { ...command, ...more }).content[0] as { text: string }).text
  expect(text({ exitCode: 3, status: 'failed' })).toMatch(/^exit 3 after/)
  expect(text({ exitCode: null, signal: 'SIGKILL', status: 'wall-time-limit' })).toMatch(
    /^killed: wall time limit after/,
  )
})

test('a problem is told with every place, when to try again, and what to do', () => {
  const errors = [
    { pointer: '/code', detail: 'is missing' },
    { pointer: '/files/0/path', detail: 'must be relative' },
  ]
  expect(explainProblem(new Problem('invalid-request', 'x', { errors }))).toBe(
    'The arguments are not valid:\n- code: is missing\n- files.0.path: must be relative',
  )
  const limited = new Problem('rate-limited', 'too many', { headers: { 'Retry-After': '3' } })
  expect(explainProblem(limited)).toBe('too many\nTry again in 3 s.')
  expect(explainProblem(new Problem('session-ended', 'it ended'))).toContain('create_session')
})

test.each(TOOLS.map((tool) => [tool.name, tool] as const))('%s is listed as clients can take it', (name, tool) => {
  const { inputSchema, outputSchema, description } = listed(tool, {
    languages: { python: '3.13', bash: '5' },
    images: [],
  })
  expect(name).toMatch(/^[a-z_]{1,64}$/)
  expect([inputSchema, outputSchema]).toMatchObject([{ type: 'object' }, { type: 'object' }])
  expect(String(description).length).toBeGreaterThan(40)
  const { language } = (inputSchema as { properties: { language?: object } }).properties
  if (language) expect(language).toMatchObject({ enum: ['bash', 'python'] })
})
