import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import { get, post, runJob, stageOf } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

interface ProblemBody {
  code: string
  status: number
  title: string
  detail: string
  errors?: { pointer: string; detail: string }[]
  result?: Record<string, unknown>
}

let platform: TestPlatform
let jobs: string
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '300' })
  jobs = `${platform.url}/v1/jobs`
})
afterAll(() => platform.close())

const submit = (body: unknown, headers: Record<string, string> = {}) => post<ProblemBody>(jobs, body, headers)
const python = (code: string, more: object = {}) => ({ language: 'python', code, ...more })

describe('a submission', () => {
  test('is answered 202 with its place, and can be polled to its end', async () => {
    const { status, headers, body } = await post(jobs, python('print("polled")'))
    expect(status).toBe(202)
    expect(body).toMatchObject({ kind: 'code', language: 'python', status: null })
    expect(headers.get('location')).toBe(`/v1/jobs/${String(body['id'])}`)
    await expect(untilFinal(`${platform.url}${headers.get('location')}`)).resolves.toMatchObject({
      state: 'finished',
      status: 'succeeded',
      attempt: 1,
      stages: [{ name: 'run', stdout: 'polled\n', stderr: '', exitCode: 0, signal: null }],
    })
  })

  test('that prefers to wait gets the finished job, and is told that it waited', async () => {
    const { status, headers, body } = await post(jobs, python('print("waited")'), { prefer: 'respond-async, wait=30' })
    expect(status).toBe(200)
    expect(headers.get('preference-applied')).toBe('wait=30')
    expect(body).toMatchObject({ state: 'finished', status: 'succeeded' })
  })

  test('that prefers to wait for less than the job takes gets 202', async () => {
    const { status, body } = await post(jobs, python('import time; time.sleep(3)'), { prefer: 'wait=1' })
    expect(status).toBe(202)
    expect(body).toMatchObject({ status: null })
    await untilFinal(`${jobs}/${String(body['id'])}`)
  })

  test('takes an alias, a range of versions, arguments, environment, input and several files', async () => {
    const job = await runJob(platform.url, {
      language: 'PY',
      version: '3.x',
      files: [
        {
          path: 'main.py',
          content: 'import sys, os, lib.words\nprint(sys.argv[1:], os.environ["WORD"], input(), lib.words.WORD)',
        },
        { path: 'lib/words.py', content: Buffer.from('WORD = "from a file"').toString('base64'), encoding: 'base64' },
      ],
      args: ['a b', '--flag', "$(x) 'y'"],
      env: { WORD: 'environment' },
      stdin: 'input\n',
    })
    expect(stageOf(job).stdout).toBe(`['a b', '--flag', "$(x) 'y'"] environment input from a file\n`)
  })

  test('with tests runs each of them, and the first that does not pass decides', async () => {
    const job = await runJob(platform.url, {
      ...python('print(int(input()) * 2)'),
      tests: [
        { stdin: '1\n', expectedOutput: '2' },
        { stdin: '2\n', expectedOutput: '5' },
        { stdin: 'x\n', expectedOutput: '0' },
      ],
    })
    expect(job.status).toBe('wrong-answer')
    expect(job.stages.map(({ name, status }) => [name, status])).toEqual([
      ['test 1', 'succeeded'],
      ['test 2', 'wrong-answer'],
      ['test 3', 'failed'],
    ])
  })

  test('keeps what it was given as metadata', async () => {
    const metadata = { course: 'ü', nested: { n: 1 } }
    expect((await runJob(platform.url, { ...python('pass'), metadata })).metadata).toEqual(metadata)
  })

  test('in a compiled language has a stage of its own for the compiler', async () => {
    const job = await runJob(platform.url, {
      language: 'c',
      code: '#include <stdio.h>\nint main(void){puts("compiled");return 3;}',
    })
    expect(job.stages.map(({ name, status, exitCode }) => [name, status, exitCode])).toEqual([
      ['compile', 'succeeded', 0],
      ['run', 'failed', 3],
    ])
  })

  test('that does not compile says what the compiler said, and does not run', async () => {
    const job = await runJob(platform.url, { language: 'c', code: 'int main(void){ return nothing; }' })
    expect(job.status).toBe('compile-failed')
    expect(job.stages).toHaveLength(1)
    expect(stageOf(job, 'compile').stderr).toContain('nothing')
  })
})

describe('a request that cannot be used is refused with what, where and what is allowed:', () => {
  const cases: [string, unknown, number, string, string?, RegExp?][] = [
    ['an unknown language', { language: 'cobol', code: '' }, 422, 'unknown-language', '/language', /cobol.*python/],
    ['no language', { code: '' }, 422, 'invalid-request', '/language', /missing/],
    ['no code', { language: 'python' }, 422, 'invalid-request', '/code', /missing/],
    ['code and files', python('', { files: [{ path: 'a', content: '' }] }), 422, 'invalid-request', '/code'],
    ['an unknown field', python('', { colour: 'red' }), 422, 'invalid-request', '/colour', /not a known field/],
    ['an unknown limit', python('', { limits: { wallSeconds: 1 } }), 422, 'invalid-request', '/limits/wallSeconds'],
    ['a negative limit', python('', { limits: { wallMs: -1 } }), 422, 'invalid-request', '/limits/wallMs', />= 1/],
    ['a limit of 0', python('', { limits: { wallMs: 0 } }), 422, 'invalid-request', '/limits/wallMs'],
    ['a limit that is a string', python('', { limits: { wallMs: '1' } }), 422, 'invalid-request', '/limits/wallMs'],
    ['a limit of 2^53', python('', { limits: { wallMs: 2 ** 53 } }), 422, 'invalid-request', '/limits/wallMs'],
    [
      'a limit above the ceiling',
      python('', { limits: { memoryBytes: 2 ** 40 } }),
      422,
      'invalid-request',
      '/limits/memoryBytes',
      /1099511627776.*2147483648/,
    ],
    ['1 MiB and 1 byte of code', python('x'.repeat(1024 * 1024 + 1)), 413, 'too-large', '/code', /1048577.*1048576/],
    ['1 MiB and 1 byte in two-byte characters', python('é'.repeat(512 * 1024) + 'x'), 413, 'too-large', '/code'],
    ['a body over 2 MiB', python('', { stdin: 'x'.repeat(2 * 1024 * 1024) }), 413, 'too-large'],
    [
      '21 dependencies',
      python('', { dependencies: Array.from({ length: 21 }, () => 'a') }),
      422,
      'invalid-request',
      '/dependencies',
    ],
    [
      'a dependency the image has not',
      python('', { dependencies: ['numpy'] }),
      422,
      'invalid-request',
      '/dependencies/0',
      /numpy/,
    ],
    [
      'a version that is not installed',
      python('', { version: '2.x' }),
      422,
      'invalid-request',
      '/version',
      /installed is Python 3/,
    ],
    ['a version that is none', python('', { version: 'new' }), 422, 'invalid-request', '/version'],
    [
      'a path with ..',
      { language: 'python', files: [{ path: '../a', content: '' }] },
      422,
      'invalid-request',
      '/files/0/path',
    ],
    [
      'an absolute path',
      { language: 'python', files: [{ path: '/etc/passwd', content: '' }] },
      422,
      'invalid-request',
      '/files/0/path',
    ],
    [
      'a file twice',
      { language: 'python', files: ['a', 'a'].map((path) => ({ path, content: '' })) },
      422,
      'invalid-request',
      '/files/1/path',
    ],
    [
      'a file that is a folder too',
      { language: 'python', files: ['main.py', 'main.py/a'].map((path) => ({ path, content: '' })) },
      422,
      'invalid-request',
      '/files/0/path',
    ],
    [
      'an entrypoint that is no file',
      { language: 'python', files: [{ path: 'a', content: '' }], entrypoint: 'b' },
      422,
      'invalid-request',
      '/entrypoint',
    ],
    [
      'content that is not base64',
      { language: 'python', files: [{ path: 'main.py', content: '%', encoding: 'base64' }] },
      422,
      'invalid-request',
      '/files/0/content',
    ],
    ['NUL in an argument', python('', { args: ['a\0b'] }), 422, 'invalid-request', '/args/0'],
    ['a bad name of a variable', python('', { env: { 'A=B': '' } }), 422, 'invalid-request', '/env/A=B'],
    [
      'arguments beyond what a program can be given',
      python('', { args: ['x'.repeat(200_000)] }),
      422,
      'invalid-request',
      '',
    ],
    ['metadata over 4 KiB', python('', { metadata: { a: 'x'.repeat(4096) } }), 422, 'invalid-request', '/metadata'],
    [
      'compiler options without a compiler',
      python('', { compilerArgs: ['-O3'] }),
      422,
      'invalid-request',
      '/compilerArgs',
    ],
    [
      'ten thousand levels of nesting',
      `{"language":"python","code":"","metadata":{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`,
      422,
      'invalid-request',
      `/metadata/a${'/0'.repeat(30)}`,
      /nested over 32 levels/,
    ],
    [
      'less memory than a program needs to start',
      python('', { limits: { memoryBytes: 4096 } }),
      422,
      'invalid-request',
      '/limits/memoryBytes',
    ],
    [
      'files beyond half of the memory',
      python('', { limits: { memoryBytes: 67108864, fileBytes: 67108864 } }),
      422,
      'invalid-request',
      '/limits/fileBytes',
      /33554432/,
    ],
    ['an array', [], 422, 'invalid-request', ''],
    ['text that is not JSON', '{"language":', 400, 'invalid-json'],
    ['an empty body', '', 422, 'invalid-request', '/language'],
    ['NaN', '{"language":"python","code":"","limits":{"wallMs":NaN}}', 400, 'invalid-json'],
    ['1e309', '{"language":"python","code":"","limits":{"wallMs":1e309}}', 422, 'invalid-request', '/limits/wallMs'],
    ['Infinity', '{"language":"python","code":"","limits":{"wallMs":Infinity}}', 400, 'invalid-json'],
    ['2^53', python('', { limits: { memoryBytes: 2 ** 53 } }), 422, 'invalid-request', '/limits/memoryBytes'],
    ['__proto__', '{"language":"python","code":"","__proto__":{"a":1}}', 422, 'invalid-request', '/__proto__'],
    [
      '__proto__ as a variable',
      '{"language":"python","code":"","env":{"__proto__":"x"}}',
      422,
      'invalid-request',
      '/env/__proto__',
      /not a name/,
    ],
    ['a field twice', '{"language":"python","code":"1","code":"2"}', 422, 'invalid-request', '/code', /there twice/],
    [
      'a limit twice',
      '{"language":"python","code":"","limits":{"wallMs":1,"wallMs":2}}',
      422,
      'invalid-request',
      '/limits/wallMs',
      /there twice/,
    ],
    [
      'more input than is allowed',
      python('', { stdin: 'ü'.repeat(2 ** 19 + 1) }),
      422,
      'invalid-request',
      '/stdin',
      /1048578 bytes; 1048576/,
    ],
  ]
  test.each(cases.map((row) => ({ title: row[0], row })))('$title', async ({ row }) => {
    const [, body, status, code, pointer, detail] = row
    const answer = await submit(body)
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(answer.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) })
    if (pointer !== undefined) {
      const errors = answer.body.errors ?? []
      expect(errors.map((error) => error.pointer)).toContain(pointer)
      if (detail) expect(errors.find((error) => error.pointer === pointer)?.detail).toMatch(detail)
    }
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:|\.js:/)
  })

  test('a content type that is not JSON', async () => {
    expect(await submit('language=python', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({
      status: 415,
      body: { code: 'unsupported-media-type' },
    })
  })

  test('a charset that is not UTF-8, and the gateway goes on', async () => {
    const response = await fetch(jobs, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-16le' },
      body: Buffer.from('{"\\u006canguage":"bash","code":""}', 'utf16le'),
    })
    expect(response.status).toBe(415)
    expect((await submit(python('', { language: 'nosuch' }))).status).toBe(422)
  })

  test('bytes that are not UTF-8', async () => {
    const response = await fetch(jobs, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x22, 0xff, 0x22]),
    })
    expect([response.status, ((await response.json()) as ProblemBody).code]).toEqual([400, 'invalid-json'])
  })

  test('a compressed body that grows beyond the limit', async () => {
    const body = gzipSync(JSON.stringify(python('x'.repeat(8 * 1024 * 1024))))
    const response = await fetch(jobs, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body,
    })
    expect([response.status, ((await response.json()) as ProblemBody).code]).toEqual([413, 'too-large'])
  })

  test('a compressed body that is cut off', async () => {
    const body = gzipSync(JSON.stringify(python('pass'))).subarray(0, 20)
    const response = await fetch(jobs, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body,
    })
    expect([response.status, ((await response.json()) as ProblemBody).code]).toEqual([400, 'invalid-json'])
  })

  test('all wrong fields are named at once', async () => {
    const { body } = await submit({ language: 'python', code: 1, limits: { wallMs: -1 }, colour: 'red' })
    expect(body.errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['/code', '/colour', '/limits/wallMs'])
  })
})

describe('paths and methods', () => {
  test('an unknown path is 404, an unknown job too', async () => {
    expect(await get(`${platform.url}/v2/jobs`)).toMatchObject({ status: 404, body: { code: 'not-found' } })
    expect(await get(`${jobs}/01900000-0000-7000-8000-000000000000`)).toMatchObject({ status: 404 })
    expect(await get(`${jobs}/%E0%A4%A`)).toMatchObject({ status: 404 })
  })

  test('a wrong method is 405 and told which are right', async () => {
    const { status, headers, body } = await get(`${platform.url}/api/repl/execute`)
    expect([status, body['code'], headers.get('allow')]).toEqual([405, 'method-not-allowed', 'POST'])
  })

  test('health and readiness answer', async () => {
    expect(await get(`${platform.url}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } })
    expect(await get(`${platform.url}/readyz`)).toMatchObject({ status: 200, body: { redis: 'ok', workers: 1 } })
  })

  test('answers tell nothing of what they are made with', async () => {
    const { headers } = await get(`${platform.url}/healthz`)
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('the seed endpoints', () => {
  test('POST /api/repl/execute answers the result', async () => {
    const { status, body } = await post(`${platform.url}/api/repl/execute`, python('print("now"); raise SystemExit(2)'))
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'failed', exitCode: 2, stdout: 'now\n', stderr: '', language: 'python' })
  })

  test('POST /api/repl/execute answers 408 with the result so far at the time limit', async () => {
    const { status, body } = await post<ProblemBody>(
      `${platform.url}/api/repl/execute`,
      python('print("before", flush=True)\nwhile True: pass', { limits: { wallMs: 500 } }),
    )
    expect([status, body.code]).toEqual([408, 'time-limit'])
    expect(body.result).toMatchObject({ status: 'wall-time-limit', stdout: 'before\n' })
  })

  test('GET /api/repl/languages lists them', async () => {
    const { body } = await get<{ languages: { language: string }[] }>(`${platform.url}/api/repl/languages`)
    expect(body.languages.map(({ language }) => language)).toEqual(expect.arrayContaining(['python', 'rust']))
  })

  test('POST /api/containers/create runs a command in an allowed image', async () => {
    const { status, body } = await post(`${platform.url}/api/containers/create`, {
      image: 'bash',
      command: ['bash', '-c', 'cat data/in.txt; echo "$GREETING"; exit 4'],
      env: { GREETING: 'hello' },
      files: [{ path: 'data/in.txt', content: 'from a file\n' }],
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'failed', exitCode: 4, stdout: 'from a file\nhello\n', image: 'bash' })
  })

  test('POST /api/containers/create answers 408 at the limit, 422 for another image, and says when a command is not there', async () => {
    const create = (body: object) => post<ProblemBody>(`${platform.url}/api/containers/create`, body)
    expect(await create({ image: 'bash', command: ['sleep', '60'], limits: { wallMs: 300 } })).toMatchObject({
      status: 408,
    })
    const other = await create({ image: 'elsewhere/image:1', command: ['true'] })
    expect([other.status, other.body.code, other.body.errors?.[0]?.pointer]).toEqual([
      422,
      'image-not-allowed',
      '/image',
    ])
    expect(await create({ image: 'bash', command: ['nothing-there'] })).toMatchObject({
      status: 200,
      body: { status: 'failed', exitCode: 127, message: expect.stringContaining('No such file or directory') },
    })
  })
})

async function untilFinal(url: string): Promise<Record<string, unknown>> {
  for (;;) {
    const { body } = await get(url)
    if (body['status'] !== null) return body
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
