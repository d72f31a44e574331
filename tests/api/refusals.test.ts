import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ROUTES } from '../../src/api/routes.ts'
import { SCOPES } from '../../src/shared/access/api-key.ts'
import { get, post } from '../support/client.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'

interface ProblemBody {
  code: string
  errors?: { pointer: string; detail: string }[]
}

let gateway: LoneGateway
let jobs: string
let operator: { authorization: string }
beforeAll(async () => {
  gateway = await startLoneGateway()
  jobs = `${gateway.url}/v1/jobs`
  operator = (await gateway.makeKey('local', { scopes: [...SCOPES] })).headers
})
afterAll(() => gateway.close())

const submit = (body: unknown, headers: Record<string, string> = {}) => post<ProblemBody>(jobs, body, headers)
const python = (code: string, more: object = {}) => ({ language: 'python', code, ...more })

describe('a request that cannot be used is refused with what, where and what is allowed:', () => {
  const cases: [string, unknown, number, string, string?, RegExp?][] = [
    [
      'an unknown language',
      { language: 'intercal', code: '' },
      422,
      'unknown-language',
      '/language',
      /intercal.*python/,
    ],
    ['no language', { code: '' }, 422, 'invalid-request', '/language', /missing/],
    ['no code', { language: 'python' }, 422, 'invalid-request', '/code', /missing/],
    ['code and files', python('', { files: [{ path: 'a', content: '' }] }), 422, 'invalid-request', '/code'],
    ['an unknown field', python('', { colour: 'red' }), 422, 'invalid-request', '/colour', /not a known field/],
    ['an unknown limit', python('', { limits: { wallSeconds: 1 } }), 422, 'invalid-request', '/limits/wallSeconds'],
    [
      'a negative limit',
      python('', { limits: { wallMs: -1 } }),
      422,
      'invalid-request',
      '/limits/wallMs',
      /^must be at least 1$/,
    ],
    ['a limit of 0', python('', { limits: { wallMs: 0 } }), 422, 'invalid-request', '/limits/wallMs'],
    ['a limit that is a string', python('', { limits: { wallMs: '1' } }), 422, 'invalid-request', '/limits/wallMs'],
    ['half a millisecond', python('', { limits: { wallMs: 0.5 } }), 422, 'invalid-request', '/limits/wallMs'],
    [
      'a limit that is a truth value',
      python('', { limits: { processes: true } }),
      422,
      'invalid-request',
      '/limits/processes',
    ],
    ['a negative delay', python('', { delayMs: -1 }), 422, 'invalid-request', '/delayMs'],
    ['a delay of 2^53', python('', { delayMs: 2 ** 53 }), 422, 'invalid-request', '/delayMs'],
    ['a priority that there is not', python('', { priority: 'highest' }), 422, 'invalid-request', '/priority'],
    ['a variable that is a number', python('', { env: { A: 1 } }), 422, 'invalid-request', '/env/A'],
    ['a limit of 2^53', python('', { limits: { wallMs: 2 ** 53 } }), 422, 'invalid-request', '/limits/wallMs'],
    [
      'a limit above the ceiling',
      python('', { limits: { memoryBytes: 2 ** 40 } }),
      422,
      'invalid-request',
      '/limits/memoryBytes',
      /1099511627776.*2147483648/,
    ],
    [
      'fewer processes than the runtime of the language needs',
      { language: 'js', code: '', limits: { processes: 4 } },
      422,
      'invalid-request',
      '/limits/processes',
      /4.*JavaScript.*at least 12/,
    ],
    [
      'fewer files than the compiler of the language needs',
      { language: 'typescript', code: '', limits: { openFiles: 16 } },
      422,
      'invalid-request',
      '/limits/openFiles',
      /16.*TypeScript.*at least 32/,
    ],
    ['1 MiB and 1 byte of code', python('x'.repeat(1024 * 1024 + 1)), 413, 'too-large', '/code', /1048577.*1048576/],
    ['1 MiB and 1 byte in two-byte characters', python('é'.repeat(512 * 1024) + 'x'), 413, 'too-large', '/code'],
    [
      'a body over 2 MiB',
      python('', { stdin: 'x'.repeat(2 * 1024 * 1024) }),
      413,
      'too-large',
      '',
      /bytes; 2097152 are allowed/,
    ],
    [
      '21 dependencies',
      python('', { dependencies: Array.from({ length: 21 }, () => 'a') }),
      422,
      'invalid-request',
      '/dependencies',
    ],
    [
      'a dependency the image has not',
      { language: 'bash', code: '', dependencies: ['numpy'] },
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
    ...['QWJ', 'AAA=AAAA', 'QUJD\u00a0', 'ab"c', 'A=Q='].map(
      (text, index): [string, unknown, number, string, string, RegExp] => [
        `input that is not base64 (${index + 1})`,
        python('', { stdin: text === 'QWJ' ? 'QWJA=' : text, stdinEncoding: 'base64' }),
        422,
        'invalid-request',
        '/stdin',
        /is not base64: A-Z/,
      ],
    ),
    [
      'input of a test that is not base64, as the job says it is',
      python('', { stdinEncoding: 'base64', tests: [{ stdin: 'QUJD' }, { stdin: '!' }] }),
      422,
      'invalid-request',
      '/tests/1/stdin',
      /is not base64/,
    ],
    [
      'an encoding that there is not',
      python('', { stdinEncoding: 'hex' }),
      422,
      'invalid-request',
      '/stdinEncoding',
      /utf-8, base64/,
    ],
    [
      'a path with a backslash',
      { language: 'python', files: ['main.py', 'src\\util.py'].map((path) => ({ path, content: '' })) },
      422,
      'invalid-request',
      '/files/1/path',
      /write "\/" between folders/,
    ],
    [
      'braces that have no end',
      python('', { artifacts: ['*.txt', '*.{png'] }),
      422,
      'invalid-request',
      '/artifacts/1',
      /without its "}"/,
    ],
    [
      'more patterns than may be, once they are written out',
      python('', { artifacts: ['*.{a,b,c,d,e,f,g,h,i}', '*/*.{a,b,c,d,e,f,g,h,i}'] }),
      422,
      'invalid-request',
      '/artifacts',
      /18 patterns.*16 are allowed/,
    ],
    [
      'an integer beyond 2^53',
      '{"language":"python","code":"","metadata":{"a":[1,{"b":1234567890123456789}]}}',
      422,
      'invalid-request',
      '/metadata/a/1/b',
      /is 1234567890123456789.*9007199254740991.*string/,
    ],
    [
      'half of a character in the code',
      '{"language":"python","code":"print(\'\\ud83d\')"}',
      422,
      'invalid-request',
      '/code',
      /half of a character/,
    ],
    ['NUL in an argument', python('', { args: ['a\0b'] }), 422, 'invalid-request', '/args/0'],
    ...['A=B', '', 'A\0', 'x'.repeat(257)].map((name): [string, unknown, number, string, string, RegExp] => [
      `a name that no variable can have (${JSON.stringify(name.slice(0, 5))})`,
      python('', { env: { [name]: '' } }),
      422,
      'invalid-request',
      `/env/${name}`,
      /not an allowed name; allowed: 1 to 256 characters other than "=" and NUL/,
    ]),
    [
      'arguments beyond what a program can be given',
      python('', { args: ['x'.repeat(200_000)] }),
      413,
      'too-large',
      '/args',
      /200003 bytes; 131072 are allowed/,
    ],
    [
      'arguments and variables beyond what a program can be given',
      python('', { args: ['x'.repeat(100_000)], env: { A: 'x'.repeat(100_000) } }),
      413,
      'too-large',
      '',
      /in args, env together; 131072/,
    ],
    [
      'files over 1 MiB together',
      { language: 'python', files: ['a', 'b'].map((path) => ({ path, content: 'x'.repeat(600_000) })) },
      413,
      'too-large',
      '/files',
      /1200000 bytes; 1048576/,
    ],
    [
      'a test with too much input',
      python('', { tests: [{ expectedOutput: '' }, { stdin: 'x'.repeat(2 ** 20 + 1) }] }),
      413,
      'too-large',
      '/tests/1/stdin',
      /1048577 bytes; 1048576/,
    ],
    [
      'a test that expects too much',
      python('', { tests: [{ expectedOutput: 'x'.repeat(2 ** 20 + 1) }] }),
      413,
      'too-large',
      '/tests/0/expectedOutput',
    ],
    [
      'metadata over 4 KiB',
      python('', { metadata: { a: 'x'.repeat(4096) } }),
      413,
      'too-large',
      '/metadata',
      /4104 bytes; 4096/,
    ],
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
      /not an allowed name/,
    ],
    ['a field twice', '{"language":"python","code":"1","code":"2"}', 422, 'invalid-request', '/code', /appears twice/],
    [
      'a limit twice',
      '{"language":"python","code":"","limits":{"wallMs":1,"wallMs":2}}',
      422,
      'invalid-request',
      '/limits/wallMs',
      /appears twice/,
    ],
    [
      'more input than is allowed',
      python('', { stdin: 'ü'.repeat(2 ** 19 + 1) }),
      413,
      'too-large',
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

  test('what no schema says is named at once too', async () => {
    const { body } = await submit(
      python('1', {
        version: '2',
        entrypoint: 'x.py',
        limits: { wallMs: 1e9 },
        artifacts: ['/a'],
        dependencies: ['./x'],
      }),
    )
    expect(body.errors?.map(({ pointer }) => pointer).toSorted()).toEqual([
      '/artifacts/0',
      '/dependencies/0',
      '/entrypoint',
      '/limits/wallMs',
      '/version',
    ])
  })

  test('all wrong fields are named at once', async () => {
    const { body } = await submit({ language: 'python', code: 1, limits: { wallMs: -1 }, colour: 'red' })
    expect(body.errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['/code', '/colour', '/limits/wallMs'])
  })
})

describe('a query that cannot be used is refused with what is allowed:', () => {
  const job = '/v1/jobs/01999999-9999-7999-8999-999999999999'
  test.each([
    ...['wait=-1', 'wait=1e3', 'wait=NaN', 'wait=1.5', 'wait='].map((query) => ({
      path: job,
      query,
      words: /whole seconds/,
    })),
    { path: job, query: 'wait=1&wait=2', words: /given 2 times; once is allowed/ },
    { path: job, query: 'wiat=1', words: /known: wait/ },
    ...['limit=0', 'limit=-1', 'limit=101', 'limit=1e1', 'limit=Infinity'].map((query) => ({
      path: '/v1/jobs',
      query,
      words: /1 to 100/,
    })),
    { path: '/v1/jobs', query: 'state=done', words: /queued, running/ },
    { path: '/v1/jobs', query: 'status=ok', words: /succeeded, failed/ },
    { path: '/v1/jobs', query: 'cursor=x', words: /`next`/ },
    { path: '/v1/jobs', query: 'colour=red', words: /known: limit, cursor, state, status, language/ },
    { path: '/v1/jobs', query: 'language=nope', words: /known languages: .*\bbash,/, code: 'unknown-language' },
    { path: '/v1/admin/jobs', query: 'language=nope', words: /known languages: .*\bbash,/, code: 'unknown-language' },
    { path: '/v1/admin/jobs', query: 'id=xyz', words: /or its beginning/ },
    { path: '/v1/webhook-deliveries', query: 'limit=0', words: /1 to 100/ },
    { path: '/v1/webhook-deliveries', query: 'state=done', words: /pending/ },
    { path: '/v1/admin/webhook-deliveries', query: 'state=done', words: /pending/ },
    { path: '/v1/admin/security-events', query: 'kind=rate-limited&kind=nope', words: /authentication-failed/ },
    { path: '/v1/admin/series', query: 'seconds=0', words: /at most 3600/ },
  ] as { path: string; query: string; words: RegExp; code?: string }[])(
    '$path?$query',
    async ({ path, query, words, code = 'invalid-request' }) => {
      const { status, body } = await get(`${gateway.url}${path}?${query}`, operator)
      expect([status, body['code']]).toEqual([422, code])
      expect(JSON.stringify(body['errors'])).toMatch(words)
    },
  )

  test.each(ROUTES.map(({ method, path }) => ({ title: `${method.toUpperCase()} ${path}`, method, path })))(
    'a parameter that means nothing: $title',
    async ({ method, path }) => {
      const url = `${gateway.url}${path.replaceAll(/[:*]\w+/g, 'x')}?nosuch=1&__proto__=2`
      const response = await fetch(url, {
        method: method.toUpperCase(),
        headers: { ...operator, 'content-type': 'application/json' },
      })
      expect([response.status, await response.json()]).toEqual([
        422,
        expect.objectContaining({
          errors: expect.arrayContaining([
            {
              pointer: '/nosuch',
              detail: expect.stringMatching(/known query parameter; (known: \w|this route takes none)/),
            },
          ]),
        }),
      ])
    },
  )
})

describe('a filter of a list takes what a submission takes:', () => {
  test.each([
    { path: '/v1/jobs', query: 'language=PY' },
    { path: '/v1/jobs', query: 'language=Python3&state=QUEUED' },
    { path: '/v1/admin/jobs', query: 'language=py&state=Queued' },
  ])('$path?$query', async ({ path, query }) => {
    const { body: made } = await post<{ id: string }>(jobs, python('1'))
    const { status, body } = await get<{ jobs: { id: string }[] }>(`${gateway.url}${path}?${query}`, operator)
    expect([status, body.jobs[0]?.id]).toEqual([200, made.id])
    const prefix = await get<{ jobs: { id: string }[] }>(
      `${gateway.url}/v1/admin/jobs?id=${made.id.toUpperCase()}`,
      operator,
    )
    expect(prefix.body.jobs.map(({ id }) => id)).toEqual([made.id])
  })
})

test('null in the place of an optional field is as absent', async () => {
  const { status, body } = await submit(
    python('1', { stdin: null, args: null, limits: null, tests: null, webhook: null }),
  )
  expect([status, body]).toEqual([202, expect.objectContaining({ state: 'queued', limits: expect.anything() })])
})

test('a body that says it is too long is refused before it is sent', async () => {
  const { port } = new URL(gateway.url)
  const socket = connect(Number(port), '127.0.0.1')
  socket.write(
    'POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3000000\r\n\r\n{',
  )
  let answer = ''
  for await (const chunk of socket) {
    answer += String(chunk)
    if (answer.includes('\r\n\r\n{')) break
  }
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toContain('the body has 3000000 bytes; 2097152 are allowed')
})

test('headers beyond what any request needs are refused, and the gateway goes on', async () => {
  const response = await fetch(jobs, { headers: { 'x-large': 'x'.repeat(20_000) } })
  expect(response.status).toBe(431)
  expect((await get(jobs)).status).toBe(200)
})
