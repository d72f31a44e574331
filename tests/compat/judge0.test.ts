import { describe, expect, test } from '@jest/globals'
import { numberBounds, readSubmission } from '../../src/api/compat/judge0/fields.ts'
import { jobOfSubmission, words } from '../../src/api/compat/judge0/job-of-submission.ts'
import { judge0Error } from '../../src/api/compat/judge0/judge0-problem.ts'
import { judge0Languages, languageOf } from '../../src/api/compat/judge0/languages.ts'
import { mimeBase64 } from '../../src/api/compat/judge0/mime-base64.ts'
import { stageStatusId } from '../../src/api/compat/judge0/statuses.ts'
import { idOfToken, tokenOf } from '../../src/api/compat/judge0/submission-fields.ts'
import { unzip, ZipFault } from '../../src/api/compat/system/zip.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_CEILINGS, DEFAULT_LIMITS, effectiveLimits, MIB } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { Problem } from '../../src/shared/problems.ts'
import { planAhead } from '../../src/worker/jobs/plan.ts'
import { fitsPrewarmed } from '../../src/worker/sandbox/prewarmed.ts'
import { zipOf } from './zip-of.ts'

const languages = loadLanguages(`${packageRoot()}/languages`)
const limits = { defaults: DEFAULT_LIMITS, ceilings: DEFAULT_CEILINGS }
const bounds = numberBounds(DEFAULT_LIMITS, DEFAULT_CEILINGS)
const read = (body: Record<string, unknown>, isEncoded = false) => readSubmission(body, isEncoded, bounds)
const ofId = (id: number) => {
  const language = languageOf(languages, id)
  if (!language) throw new Error(`no language has the id ${id}`)
  return language
}
const job = (body: Record<string, unknown>, messages: Record<string, string[]> = {}) => {
  const { submission, messages: found } = read(body)
  Object.assign(messages, found)
  return jobOfSubmission(submission, ofId(submission.language_id), limits, messages)
}

describe('a submission', () => {
  test('has the defaults of Judge0, and takes numbers as text, nulls and empty texts as absent', () => {
    const { submission, messages } = read({
      source_code: 'print(1)',
      language_id: '71',
      cpu_time_limit: '2.5',
      memory_limit: null,
      stdin: null,
      callback_url: '',
      unknown: { deep: 1 },
    })
    expect(messages).toEqual({})
    expect(submission).toMatchObject({
      language_id: 71,
      cpu_time_limit: 2.5,
      wall_time_limit: 10,
      memory_limit: null,
      stack_limit: null,
      number_of_runs: 1,
      stdin: null,
      callback_url: null,
      redirect_stderr_to_stdout: false,
    })
  })

  test.each([
    [{}, { language_id: ["can't be blank"] }],
    [{ language_id: 'x' }, { language_id: ['is not a number'] }],
    [{ language_id: 71.5 }, { language_id: ['must be an integer'] }],
    [{ language_id: 71, wall_time_limit: 21 }, { wall_time_limit: ['must be less than or equal to 20'] }],
    [{ language_id: 71, wall_time_limit: 0 }, { wall_time_limit: ['must be greater than or equal to 1'] }],
    [{ language_id: 71, memory_limit: [] }, { memory_limit: ['is not a number'] }],
    [{ language_id: 71, number_of_runs: 1e300 }, { number_of_runs: ['must be an integer'] }],
    [{ language_id: 71, source_code: {} }, { source_code: ['must be a string'] }],
    [{ language_id: 71, enable_network: true }, { enable_network: ['this option cannot be enabled'] }],
    [
      { language_id: 71, command_line_arguments: 'x'.repeat(513) },
      { command_line_arguments: ['is too long (maximum is 512 characters)'] },
    ],
    [{ language_id: 71, compiler_options: 'a\0b' }, { compiler_options: ['must not contain a NUL character'] }],
  ])('%j is refused by field', (body, messages) => expect(read(body).messages).toEqual(messages))

  test('is bounded by the ceilings of its caller, defaults included', () => {
    const lower = numberBounds(DEFAULT_LIMITS, { ...DEFAULT_CEILINGS, cpuMs: 2000, memoryBytes: 64 * MIB })
    expect(lower.cpu_time_limit).toEqual({ default: 2, least: 0, most: 2 })
    expect(lower.memory_limit).toEqual({ default: 65_536, least: 2048, most: 65_536 })
    expect(readSubmission({ language_id: 71, cpu_time_limit: 3 }, false, lower).messages).toEqual({
      cpu_time_limit: ['must be less than or equal to 2'],
    })
  })

  test('in base64 is read with line breaks, and as the bytes it stands for', () => {
    const source = mimeBase64(Buffer.from('print("ä")\n'.repeat(20)))
    expect(source.split('\n')[0]).toHaveLength(60)
    expect(source.endsWith('\n')).toBe(true)
    const { submission } = read({ language_id: 71, source_code: source, stdin: '/w==' }, true)
    expect(submission.source_code?.toString()).toBe('print("ä")\n'.repeat(20))
    expect(submission.stdin).toEqual(Buffer.from([0xff]))
  })
})

describe('the job of a submission', () => {
  test('has its limits in the units of a job, arguments as words, and what is needed to tell of it', () => {
    const made = job({
      source_code: 'print(1)',
      language_id: 71,
      stdin: 'in',
      expected_output: 'out',
      cpu_time_limit: 1.5,
      memory_limit: 64_000,
      stack_limit: 64_000,
      command_line_arguments: `-v "two words" 'a"b' c\\ d`,
    })
    expect(made).toMatchObject({
      language: 'python',
      files: [{ path: 'main.py', content: 'print(1)' }],
      stdin: 'in',
      expectedOutput: 'out',
      args: ['-v', 'two words', 'a"b', 'c d'],
      limits: { cpuMs: 1500, wallMs: 10_000, memoryBytes: 65_536_000, stackBytes: 65_536_000, processes: 60 },
      metadata: { judge0: { language_id: 71, cpu_time_limit: 1.5, held: { cpuMs: 1500, memoryBytes: 65_536_000 } } },
    })
    expect(JSON.stringify(made.metadata).length).toBeLessThan(4096)
  })

  test.each([71, 50])('of language %s has the memory of a sandbox that waits ready, unless it asks for other', (id) => {
    const source = { source_code: 'x', language_id: id }
    const usual = DEFAULT_LIMITS.memoryBytes / 1024
    const made = job(source)
    expect(made.limits).not.toHaveProperty('memoryBytes')
    expect(made.metadata).toMatchObject({ judge0: { memory_limit: usual } })
    expect(bounds.memory_limit).toMatchObject({ default: usual, most: usual })
    const asked = job({ ...source, memory_limit: usual })
    expect(asked.limits).toMatchObject({ memoryBytes: DEFAULT_LIMITS.memoryBytes })
  })

  test.each([71, 63, 62, 46])('of language %s fits what waits ready, unless it asks for another stack', (id) => {
    const language = ofId(id)
    const source = { source_code: 'x', language_id: id }
    const stages = (body: Record<string, unknown>) => {
      const { limits: asked = {}, files = [] } = job(body)
      const ofJob = effectiveLimits(asked, language.limits, limits.defaults, limits.ceilings)
      const program = planAhead(language, effectiveLimits({}, language.limits, limits.defaults, limits.ceilings), 0)
      const sent = files.map(({ path }) => ({ path, mode: 0o644, content: Buffer.from('x') }))
      return { program, sent, start: planAhead(language, ofJob, 0)?.start }
    }
    const fits = (body: Record<string, unknown>) => {
      const { program, sent, start } = stages(body)
      if (!program || !start) throw new Error(`nothing of ${language.id} waits`)
      return fitsPrewarmed(program, sent, { ...start, stdin: false })
    }
    expect(fits(source)).toBe(true)
    expect(job(source).metadata).toMatchObject({ judge0: { stack_limit: 8192 } })
    expect(fits({ ...source, stack_limit: 64_000 })).toBe(false)
    expect(job({ ...source, stack_limit: 64_000 }).limits).toMatchObject({ stackBytes: 65_536_000 })
  })

  test.each([50, 54, 89])('of language %s, whose program is run as it was compiled, has the stack of Judge0', (id) => {
    const source = id === 89 ? { additional_files: zipOf({ run: 'true' }).toString('base64') } : { source_code: 'x' }
    const made = job({ ...source, language_id: id })
    expect(made.limits).toMatchObject({ stackBytes: 65_536_000 })
    expect(made.metadata).toMatchObject({ judge0: { stack_limit: 64_000 } })
  })

  test('of a language that needs more memory tells the limit that it has', () => {
    const { submission } = read({ source_code: 'x', language_id: 71 })
    const needy = { ...ofId(71), limits: { memoryBytes: 1024 * MIB } }
    expect(jobOfSubmission(submission, needy, limits, {}).metadata).toMatchObject({
      judge0: { memory_limit: 1_048_576 },
    })
  })

  test('of a compiled language leaves the compiler room, and keeps what the program is held to', () => {
    const made = job({ source_code: 'int main(){}', language_id: 50, cpu_time_limit: 1, memory_limit: 2048 })
    expect(made.limits).toMatchObject({ cpuMs: DEFAULT_LIMITS.cpuMs, memoryBytes: DEFAULT_LIMITS.memoryBytes })
    expect(made.metadata).toMatchObject({ judge0: { held: { cpuMs: 1000, memoryBytes: 16 * MIB } } })
  })

  test('runs as often as asked, and each run has the input and the expected output', () => {
    const made = job({ source_code: 'x', language_id: 71, number_of_runs: 3, expected_output: 'y' })
    expect(made.tests).toEqual([{ expectedOutput: 'y' }, { expectedOutput: 'y' }, { expectedOutput: 'y' }])
    expect(made.expectedOutput).toBeUndefined()
  })

  test('has the additional files beside its program', () => {
    const zip = zipOf({ 'data/in.txt': 'hello', 'main.py': 'not this' }).toString('base64')
    expect(job({ source_code: 'x', language_id: 71, additional_files: zip }).files).toEqual([
      { path: 'main.py', content: 'x' },
      { path: 'data/in.txt', content: 'hello' },
    ])
  })

  test('of several files runs their scripts', () => {
    const zip = zipOf({ run: 'echo ran', 'lib/x': '1' }).toString('base64')
    const made = job({ language_id: 89, additional_files: zip })
    expect(made.language).toBe('bash')
    expect(made.files?.map(({ path }) => path)).toEqual(['.judge0-multi-file.sh', 'run', 'lib/x'])
  })

  test.each([
    [{ language_id: 71 }, { source_code: ["can't be blank"] }],
    [{ language_id: 71, source_code: '' }, { source_code: ["can't be blank"] }],
    [
      { language_id: 89, source_code: 'x', additional_files: 'eHh4' },
      { source_code: ['must be blank'], additional_files: ['is not a valid zip archive'] },
    ],
    [{ language_id: 89 }, { additional_files: ["can't be blank"] }],
    [
      { language_id: 71, source_code: 'x', compiler_options: '-O2' },
      { compiler_options: ['setting compiler options is only allowed for compiled languages'] },
    ],
  ])('%j is refused by field', (body, expected) => {
    const messages = {}
    job(body, messages)
    expect(messages).toEqual(expected)
  })
})

test.each([
  ['', []],
  ['  a   b ', ['a', 'b']],
  ['--x="1 2"', ['--x=1 2']],
  [`''`, ['']],
  ['"open', ['"open']],
  ['a\\', ['a\\']],
  ['\\"', ['"']],
])('the words of %j are %j', (line, expected) => expect(words(line)).toEqual(expected))

test.each([
  [{ status: 'succeeded' }, 3],
  [{ status: 'wrong-answer' }, 4],
  [{ status: 'succeeded', cpuMs: 1001 }, 5],
  [{ status: 'succeeded', memoryPeakBytes: 2 * MIB }, 12],
  [{ status: 'wall-time-limit' }, 5],
  [{ status: 'signalled', signal: 'SIGSEGV' }, 7],
  [{ status: 'signalled', signal: 'SIGFPE' }, 9],
  [{ status: 'signalled', signal: 'SIGABRT' }, 10],
  [{ status: 'signalled', signal: 'SIGKILL' }, 12],
  [{ status: 'output-limit' }, 8],
  [{ status: 'failed' }, 11],
  [{ status: 'memory-limit' }, 12],
  [{ status: 'internal-error' }, 13],
] as const)('%j is told as status %i', (stage, id) => {
  const whole = { name: 'run', signal: null, cpuMs: 1, memoryPeakBytes: 1, ...stage }
  expect(stageStatusId(whole, { cpuMs: 1000, memoryBytes: MIB })).toBe(id)
})

test('a token is a random UUID by its looks, and stands for one job', () => {
  const id = '01a2072e-7983-76e0-a216-a5590488afdc'
  expect(tokenOf(id)).toBe('01a2072e-7983-46e0-a216-a5590488afdc')
  expect(idOfToken(tokenOf(id).toUpperCase())).toBe(id)
})

test('languages are those that are installed, under each of their ids', () => {
  const known = judge0Languages(languages, { languages: { c: '14.2.0', bash: '5.2.37' }, images: [] })
  expect(known.map(({ id }) => id)).toEqual([46, 48, 49, 50, 89])
  expect(known[1]).toMatchObject({ name: 'C (GCC 14.2.0)', source_file: 'main.c', is_archived: false })
  expect(judge0Languages(languages, undefined)).toEqual([])
})

test.each([
  [new Problem('queue-full', 'x'), 503, { error: 'queue is full' }],
  [new Problem('tenant-queue-full', 'x'), 503, { error: 'queue is full' }],
  [new Problem('rate-limited', 'too often'), 429, { error: 'too often' }],
  [new Problem('unauthenticated', 'no key'), 401, { error: 'no key' }],
  [
    new Problem('invalid-request', 'x', {
      errors: [
        { pointer: '/limits/cpuMs', detail: 'is 1' },
        { pointer: '/files/3/path', detail: 'is bad' },
      ],
    }),
    422,
    { cpu_time_limit: ['is 1'], additional_files: ['is bad'] },
  ],
  [new Problem('invalid-request', 'what'), 422, { base: ['what'] }],
])('%s is told as %i', (problem, status, body) => expect(judge0Error(problem)).toEqual({ status, body }))

describe('a zip archive', () => {
  test('is unpacked, stored and deflated', () => {
    const found = unzip(zipOf({ 'a.txt': 'a', 'b/c': 'c'.repeat(5000), 'folder/': '' }), 10, 10_000)
    expect(found.map(({ path, content }) => [path, content.toString()])).toEqual([
      ['a.txt', 'a'],
      ['b/c', 'c'.repeat(5000)],
    ])
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from('x'.repeat(100))],
    ['an end that tells of what is not there', Buffer.concat([Buffer.from([0x50, 0x4b, 5, 6]), Buffer.alloc(18, 255)])],
    ['half of an archive', zipOf({ a: 'b'.repeat(100) }).subarray(20)],
    ['more than is allowed, said to be less', zipOf({ a: 'b'.repeat(1_000_000) })],
    ['more files than are allowed', zipOf(Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`f${i}`, ''])))],
    ['broken data', zipOf({ a: 'b'.repeat(100) }, Buffer.from('garbage'))],
  ])('that is %s is refused', (_what, archive) => expect(() => unzip(archive, 10, 10_000)).toThrow(ZipFault))
})
