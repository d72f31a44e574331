import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { loadLanguages } from '../../src/shared/language.ts'
import { eventually } from '../support/eventually.ts'
import { get, post } from '../support/client.ts'
import { startPlatform, type TestPlatform, testRoot } from '../support/platform.ts'
import { zipOf } from './zip-of.ts'

const PAGE = 'https://course.example'

let platform: TestPlatform
let base: string
beforeAll(async () => {
  platform = await startPlatform({
    KILL_GRACE_MS: '300',
    ALLOWED_ORIGINS: PAGE,
    COMPAT: 'judge0,piston,jobe,sandboxfusion,Codapi',
  })
  base = platform.url
})
afterAll(() => platform.close())

type Body = Record<string, unknown>

/** What is read once it holds. */
async function until<T>(what: string, read: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const found = await eventually(what, async () => {
    const value = await read()
    return holds(value) ? { value } : undefined
  })
  return found.value
}

describe('Judge0', () => {
  const submissions = (query = '') => `${base}/judge0/submissions${query}`
  const wait = (body: Body, query = '') => post(submissions(`?wait=true${query}`), body)

  test('runs a submission while its client waits, with the eight default fields', async () => {
    const { status, body } = await wait({
      source_code: 'print(int(input()) + 1)',
      language_id: 71,
      stdin: '41',
      expected_output: '42\n\n',
    })
    expect(status).toBe(201)
    expect(body).toEqual({
      token: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      time: expect.stringMatching(/^\d+(\.\d+)?$/),
      memory: expect.any(Number),
      stdout: '42\n',
      stderr: null,
      compile_output: null,
      message: null,
      status: { id: 3, description: 'Accepted' },
    })
  })

  test('gives a token at once, and the whole of a submission by it, in base64', async () => {
    const source = 'import sys\nprint("ä")\nsys.exit(3)'
    const made = await post<{ token: string }>(submissions('?base64_encoded=true'), {
      source_code: Buffer.from(source).toString('base64'),
      language_id: '71',
      command_line_arguments: 'a b',
      cpu_time_limit: 2,
    })
    expect(made.status).toBe(201)
    expect(Object.keys(made.body)).toEqual(['token'])
    const read = () => get(submissions(`/${made.body.token}?base64_encoded=true&fields=*`))
    const { body } = await until('the submission has ended', read, ({ body: of }) => (of['status_id'] as number) > 2)
    expect(body).toMatchObject({
      token: made.body.token,
      source_code: `${Buffer.from(source).toString('base64').slice(0, 60)}\n`,
      stdout: 'w6QK\n',
      message: `${Buffer.from('Exited with error status 3').toString('base64')}\n`,
      status: { id: 11, description: 'Runtime Error (NZEC)' },
      exit_code: 3,
      exit_signal: null,
      cpu_time_limit: '2.0',
      wall_time_limit: '10.0',
      memory_limit: 524_288,
      command_line_arguments: 'a b',
      language: { id: 71, name: expect.stringContaining('Python') },
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      finished_at: expect.stringMatching(/Z$/),
    })
    const { body: some } = await get(submissions(`/${made.body.token}?fields=status_id,language_id`))
    expect(some).toEqual({ status_id: 11, language_id: 71 })
  })

  test('tells of compilers, signals, time limits and wrong answers', async () => {
    const [broken, crash, spin, wrong] = await Promise.all([
      wait({ source_code: 'int main() { return x; }', language_id: 50 }),
      wait({ source_code: '#include <stdlib.h>\nint main(void) { abort(); }', language_id: 50, cpu_time_limit: 1 }),
      wait({ source_code: 'while True: pass', language_id: 71, cpu_time_limit: 0.2 }),
      wait({ source_code: 'print(1)', language_id: 71, expected_output: '2', number_of_runs: 2 }),
    ])
    expect(broken.body).toMatchObject({
      status: { id: 6 },
      time: null,
      memory: null,
      stdout: null,
      compile_output: expect.stringContaining('undeclared'),
    })
    expect(crash.body).toMatchObject({ status: { id: 10 }, message: 'Caught fatal signal 6' })
    expect(spin.body).toMatchObject({ status: { id: 5 }, message: 'Time limit exceeded' })
    expect(wrong.body).toMatchObject({ status: { id: 4 }, stdout: '1\n' })
  })

  test('runs programs of several files, and unpacks additional ones', async () => {
    const zip = zipOf({ run: 'cat part.txt; echo "$1"', 'part.txt': 'from a file\n' }).toString('base64')
    const several = await wait({ language_id: 89, additional_files: zip, command_line_arguments: 'argument' })
    expect(several.body).toMatchObject({ status: { id: 3 }, stdout: 'from a file\nargument\n' })
  })

  test('says that bytes need base64, on reading and on waiting', async () => {
    const { status, body } = await wait({
      source_code: 'import sys\nsys.stdout.buffer.write(b"\\xff")',
      language_id: 71,
    })
    const error =
      'some attributes for this submission cannot be converted to UTF-8, use base64_encoded=true query parameter'
    expect([status, body]).toEqual([201, { error, token: expect.any(String) }])
    const token = String(body['token'])
    expect(await get(submissions(`/${token}`))).toMatchObject({ status: 400, body: { error } })
    expect((await get(submissions(`/${token}?base64_encoded=true`))).body).toMatchObject({ stdout: '/w==\n' })
  })

  test('takes a batch of which some cannot be used, and tells of it in one request', async () => {
    const { status, body } = await post<({ token?: string } & Body)[]>(submissions('/batch'), {
      submissions: [
        { source_code: 'print(1)', language_id: 71 },
        { source_code: 'x', language_id: 9999 },
        { language_id: 71 },
        { source_code: 'print(2)', language_id: 71 },
      ],
    })
    expect(status).toBe(201)
    expect(body).toEqual([
      { token: expect.any(String) },
      { language_id: ["language with id 9999 doesn't exist"] },
      { source_code: ["can't be blank"] },
      { token: expect.any(String) },
    ])
    const tokens = [body[0]?.token, '00000000-0000-4000-8000-000000000000', body[3]?.token].join(',')
    const read = () =>
      get<{ submissions: (Body | null)[] }>(submissions(`/batch?tokens=${tokens}&fields=stdout,status_id`))
    const ended = ({ body: { submissions: all } }: Awaited<ReturnType<typeof read>>) =>
      all.every((one) => one === null || (one['status_id'] as number) > 2)
    const found = await until('the batch has ended', read, ended)
    expect(found.body.submissions).toEqual([{ stdout: '1\n', status_id: 3 }, null, { stdout: '2\n', status_id: 3 }])
    expect((await post(submissions('/batch'), { submissions: [{}] })).status).toBe(422)
  })

  test('lists the submissions of its caller, and none that came another way', async () => {
    await post(
      `${base}/v1/jobs`,
      { language: 'python', code: '1', metadata: { judge0: { held: null } } },
      { prefer: 'wait=30' },
    )
    const { body } = await get<{ submissions: Body[]; meta: Body }>(
      submissions('?page=1&per_page=2&fields=token,status'),
    )
    expect(body.submissions).toHaveLength(2)
    expect(body.meta).toMatchObject({ current_page: 1, next_page: 2, prev_page: null })
    expect(body.meta['total_count']).toBeGreaterThan(2)
  })

  test.each([
    ['GET', '/submissions?page=-4', undefined, 400, { error: 'invalid page: -4' }],
    ['GET', '/submissions?per_page=-2', undefined, 400, { error: 'invalid per_page: -2' }],
    ['GET', '/submissions/nosuch', undefined, 404, { error: 'submission not found' }],
    [
      'GET',
      '/submissions/00000000-0000-4000-8000-000000000000?fields=x,token',
      undefined,
      400,
      { error: 'invalid fields: [x]' },
    ],
    [
      'GET',
      '/submissions/batch?tokens=',
      undefined,
      400,
      { error: 'there should be at least one submission in a batch' },
    ],
    [
      'GET',
      `/submissions/batch?tokens=${'a,'.repeat(21)}`,
      undefined,
      400,
      { error: 'number of submissions in a batch should be less than or equal to 20' },
    ],
    ['DELETE', '/submissions/00000000-0000-4000-8000-000000000000', undefined, 400, { error: 'delete not allowed' }],
    ['GET', '/languages/9999', undefined, 404, { error: "language with id 9999 doesn't exist" }],
    ['GET', '/nosuch', undefined, 404, { error: '/nosuch is not a path of this service' }],
    ['POST', '/submissions', '', 422, { language_id: ["can't be blank"], source_code: ["can't be blank"] }],
    ['POST', '/submissions', '[1]', 422, { language_id: ["can't be blank"], source_code: ["can't be blank"] }],
    ['POST', '/submissions', '{"a":', 400, { error: expect.stringContaining('the body is not JSON') }],
    [
      'POST',
      '/submissions',
      '{"source_code":"x","language_id":71,"callback_url":"http://10.0.0.1/"}',
      422,
      { callback_url: ['callbacks are not enabled'] },
    ],
    [
      'POST',
      '/submissions',
      `{"source_code":"${'x'.repeat(1_100_000)}","language_id":71}`,
      413,
      { error: expect.any(String) },
    ],
    [
      'POST',
      '/submissions/batch',
      '{"submissions":{}}',
      400,
      { error: 'there should be at least one submission in a batch' },
    ],
  ])('answers %s %s as Judge0 does', async (method, path, body, status, expected) => {
    const answer = await fetch(`${base}/judge0${path}`, { method, body: body ?? null })
    expect([answer.status, await answer.json()]).toEqual([status, expected])
  })

  test('refuses a language that is not installed, and says how it is', async () => {
    const { body: runtimes } = await get<{ runtimes: { language: string; name: string; installed: boolean }[] }>(
      `${base}/v1/runtimes`,
    )
    const judge0Ids = new Map(loadLanguages(`${testRoot}/languages`).map(({ id, judge0Ids: ids }) => [id, ids[0]]))
    // Which ones that are is a matter of the machine.
    const missing = runtimes.runtimes.find(({ language, installed }) => !installed && judge0Ids.get(language))
    if (!missing) throw new Error('every language that Judge0 has is installed here')
    const { language, name } = missing
    const id = judge0Ids.get(language)
    const { status, body } = await post(`${base}/judge0/submissions`, { source_code: 'x', language_id: id })
    expect(status).toBe(422)
    expect(body).toEqual({
      language_id: [
        `language with id ${id} doesn't exist`,
        `${name} is not installed; the operator can install it with: npx runyard languages install ${language}`,
      ],
    })
  })

  test('tells of languages, statuses, its configuration and its workers', async () => {
    const languages = await get<{ id: number; name: string }[]>(`${base}/judge0/languages`)
    expect(languages.body.map(({ id }) => id)).toEqual(expect.arrayContaining([46, 48, 49, 50, 63, 71, 89]))
    expect((await get(`${base}/judge0/languages/71`)).body).toMatchObject({ id: 71, source_file: 'main.py' })
    expect((await get<Body[]>(`${base}/judge0/statuses`)).body).toHaveLength(14)
    expect((await get(`${base}/judge0/config_info`)).body).toMatchObject({
      max_cpu_time_limit: 15,
      memory_limit: 524_288,
      max_memory_limit: 524_288,
      enable_callbacks: false,
    })
    expect((await get(`${base}/judge0/about`)).body).toMatchObject({ version: '1.13.1' })
    expect((await get<Body[]>(`${base}/judge0/workers`)).body[0]).toMatchObject({ queue: 'default', paused: 0 })
    expect((await fetch(`${base}/judge0/authenticate`, { method: 'POST' })).status).toBe(200)
  })
})

describe('Piston', () => {
  const execute = (body: unknown) => post(`${base}/piston/api/v2/execute`, body)
  const hello = { language: 'py', version: '3.x', files: [{ name: 'x.py', content: 'print(input())' }] }

  test('runs a program, also for clients that send text, and under the path of the public instance', async () => {
    const answer = await fetch(`${base}/piston/api/v2/piston/execute/`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain;charset=UTF-8' },
      body: JSON.stringify({ ...hello, stdin: 'hi' }),
    })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({
      language: 'python',
      version: expect.stringMatching(/^3\./),
      run: {
        signal: null,
        stdout: 'hi\n',
        stderr: '',
        code: 0,
        output: 'hi\n',
        memory: expect.any(Number),
        message: null,
        status: null,
        cpu_time: expect.any(Number),
        wall_time: expect.any(Number),
      },
    })
  })

  test('tells of compilers and of limits', async () => {
    const c = (content: string) => execute({ language: 'c', version: '*', files: [{ name: 'prog', content }] })
    const [good, bad, late] = await Promise.all([
      c('#include <stdio.h>\nint main(void) { puts("compiled"); }'),
      c('int main(void) { return x; }'),
      execute({ ...hello, files: [{ content: 'import time\ntime.sleep(30)' }], run_timeout: 300 }),
    ])
    expect(good.body).toMatchObject({ language: 'c', compile: { code: 0 }, run: { stdout: 'compiled\n', code: 0 } })
    expect(bad.body['run']).toEqual(bad.body['compile'])
    expect(bad.body).toMatchObject({ run: { code: 1, status: 'RE', stderr: expect.stringContaining('undeclared') } })
    expect(late.body).toMatchObject({ run: { signal: 'SIGKILL', code: null, status: 'TO' } })
  })

  test('lists runtimes and packages', async () => {
    expect((await get(`${base}/piston`)).body).toEqual({ message: 'Piston v3.1.1' })
    expect((await get<Body[]>(`${base}/piston/api/v2/runtimes`)).body).toContainEqual(
      expect.objectContaining({ language: 'python', aliases: expect.arrayContaining(['py']) }),
    )
    expect((await get<Body[]>(`${base}/piston/api/v2/packages/`)).body).toContainEqual(
      expect.objectContaining({ language: 'javascript', installed: true }),
    )
    expect(await post(`${base}/piston/api/v2/packages`, { language: 'a', version: '1' })).toMatchObject({
      status: 404,
      body: { message: 'Requested package a-1 does not exist' },
    })
  })

  test.each([
    ['{}', 400, 'language is required as a string'],
    ['{"language":', 400, expect.stringContaining('the body is not JSON')],
    [
      JSON.stringify({ ...hello, files: [{ name: '../../etc/x.py', content: '' }] }),
      400,
      expect.stringContaining('files/0/path'),
    ],
    [JSON.stringify({ ...hello, args: ['\0'] }), 400, expect.stringContaining('NUL')],
    [JSON.stringify({ ...hello, files: [{ content: 'x'.repeat(1_100_000) }] }), 413, expect.any(String)],
  ])('refuses %.60s as Piston does', async (body, status, message) => {
    expect(await execute(body)).toMatchObject({ status, body: { message } })
  })

  test('says in its words that a path is not there', async () => {
    expect(await get(`${base}/piston/api/v2/nosuch`)).toMatchObject({ status: 404, body: { message: 'Not Found' } })
    expect((await get(`${base}/piston/api/v2/connect`)).status).toBe(426)
  })

  describe('over a socket', () => {
    const connect = async () => {
      const socket = new WebSocket(`${base.replace('http', 'ws')}/piston/api/v2/connect`)
      const messages: Body[] = []
      socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Body))
      const closed = new Promise<[number, string]>((resolve) =>
        socket.once('close', (code, reason) => resolve([code, reason.toString()])),
      )
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
      const send = (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message))
      const output = () =>
        messages
          .filter(({ type }) => type === 'data')
          .map(({ data }) => data)
          .join('')
      return { socket, messages, closed, send, output }
    }
    const init = (content: string, more: Body = {}) => ({
      type: 'init',
      ...hello,
      files: [{ name: 'x.py', content }],
      ...more,
    })

    test('talks to a program, with the input of the beginning and that of later', async () => {
      const { send, messages, closed, output } = await connect()
      send(init('print("got", input(), flush=True)\nprint("and", input())', { stdin: 'first\n' }))
      await until('the first line came', output, (text) => text.includes('got first'))
      send({ type: 'data', stream: 'stdin', data: 'second\n' })
      expect(await closed).toEqual([4999, 'Job Completed'])
      expect(output()).toBe('got first\nand second\n')
      expect(messages[0]).toMatchObject({ type: 'runtime', language: 'python' })
      expect(messages[1]).toEqual({ type: 'stage', stage: 'run' })
      expect(messages.at(-1)).toEqual({ type: 'exit', stage: 'run', code: 0, signal: null })
    })

    test('takes signals to it', async () => {
      const { send, messages, closed, output } = await connect()
      send(init('print("up", flush=True)\nimport time\ntime.sleep(60)', { run_timeout: 60_000 }))
      await until('it runs', output, (text) => text.includes('up'))
      send({ type: 'signal', signal: 'SIGTERM' })
      await closed
      expect(messages.at(-1)).toMatchObject({ type: 'exit', signal: 'SIGTERM' })
    })

    test('ends the output at its limit', async () => {
      const { send, messages, closed, output } = await connect()
      send(init('while True: print("x" * 1000)'))
      await closed
      expect(output().length).toBeLessThanOrEqual(1024 * 1024)
      expect(messages.at(-1)).toMatchObject({ type: 'exit', signal: 'SIGKILL', error: 'stdout length exceeded' })
    })

    test('ends the job when its client goes', async () => {
      const { socket, send, output } = await connect()
      send(init('print("up", flush=True)\nimport time\ntime.sleep(60)', { run_timeout: 60_000 }))
      await until('it runs', output, (text) => text.includes('up'))
      socket.terminate()
      const newest = async () => (await get<{ jobs: Body[] }>(`${base}/v1/jobs?limit=1`)).body.jobs[0]
      await until('the job is cancelled', newest, (job) => job?.['status'] === 'cancelled')
    })

    test.each([
      ['what is no JSON', ['{'], 4002],
      ['nothing to begin with', [], 4001],
      ['input before it began', [{ type: 'data', stream: 'stdin', data: 'x' }], 4003],
      ['a language that is not there', [{ type: 'init', language: 'x', version: '*', files: [] }], 4002],
      ['a second beginning', [init('input()'), init('')], 4000],
      ['input to another stream', [init('input()'), { type: 'data', stream: 'stdout', data: 'x' }], 4004],
      ['a signal that is none', [init('input()'), { type: 'signal', signal: 'SIGNOPE' }], 4005],
    ])('closes when it gets %s', async (_what, sent, code) => {
      const { send, closed } = await connect()
      for (const message of sent) send(message)
      expect((await closed)[0]).toBe(code)
    })
  })
})

describe('Jobe', () => {
  const runs = (spec: Body) => post(`${base}/jobe/index.php/restapi/runs`, { run_spec: spec })
  const files = (id: string) => `${base}/jobe/index.php/restapi/files/${id}`

  test('runs what CodeRunner sends, with files that were sent before', async () => {
    const { body: languages } = await get<[string, string][]>(`${base}/jobe/index.php/restapi/languages/`)
    expect(languages.map(([name]) => name)).toEqual(expect.arrayContaining(['c', 'nodejs', 'python3']))
    const spec = {
      language_id: 'python3',
      sourcecode: 'print(open("data.txt").read() + input())',
      sourcefilename: '__tester__.python3',
      input: 'in\n',
      file_list: [['0123abcd', 'data.txt']],
    }
    expect(await runs(spec)).toMatchObject({ status: 404 })
    expect((await fetch(files('0123abcd'), { method: 'HEAD' })).status).toBe(404)
    const sent = await fetch(files('0123abcd'), { method: 'PUT', body: '{"file_contents":"ZmlsZSA="}' })
    expect(sent.status).toBe(204)
    expect((await fetch(files('0123abcd'), { method: 'HEAD' })).status).toBe(204)
    expect(await runs(spec)).toMatchObject({
      status: 200,
      body: { outcome: 15, cmpinfo: '', stdout: 'file in\n', stderr: '' },
    })
  })

  test('tells of compilers, and of Node under the name of a tester', async () => {
    const [c, node] = await Promise.all([
      runs({ language_id: 'c', sourcecode: 'int main(void) { int unused; return 0; }' }),
      runs({ language_id: 'nodejs', sourcecode: 'console.log(1)', sourcefilename: '__tester__.nodejs' }),
    ])
    expect(c.body).toMatchObject({ outcome: 11, cmpinfo: expect.stringContaining('unused'), stdout: '' })
    expect(node.body).toMatchObject({ outcome: 15, stdout: '1\n' })
  })

  test('says what is wrong as a JSON string', async () => {
    expect(await runs({})).toMatchObject({
      status: 400,
      body: "run_spec is missing the required attribute 'language_id'",
    })
    const bad = await fetch(files('..%2f..'), { method: 'PUT', body: '{"file_contents":"x"}' })
    expect([bad.status, await bad.json()]).toEqual([400, 'The file id must be 1 to 64 letters and digits'])
  })
})

describe('SandboxFusion', () => {
  const run = (body: unknown) => post(`${base}/sandboxfusion/run_code`, body)

  test('runs code and gives the files that were asked for', async () => {
    expect((await get(`${base}/sandboxfusion/v1/ping`)).body).toBe('pong')
    const { status, body } = await run({
      code: 'open("out.txt", "w").write(open("in.txt").read() + input()); print("done")',
      language: 'python',
      stdin: 'x',
      files: { 'in.txt': 'aGk=' },
      fetch_files: ['out.txt'],
    })
    expect(status).toBe(200)
    expect(body).toEqual({
      status: 'Success',
      message: '',
      compile_result: null,
      run_result: {
        status: 'Finished',
        execution_time: expect.any(Number),
        return_code: 0,
        stdout: 'done\n',
        stderr: '',
      },
      executor_pod_name: null,
      files: { 'out.txt': Buffer.from('hix').toString('base64') },
    })
  })

  test('tells of a time limit with the output so far, and of what cannot be used', async () => {
    const late = await run({ code: 'print(1, flush=True)\nwhile True: pass', language: 'python', run_timeout: 0.5 })
    expect(late.body).toMatchObject({
      status: 'Failed',
      run_result: { status: 'TimeLimitExceeded', return_code: null, stdout: '1\n' },
    })
    expect(await run({ code: 1, language: 'python' })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'code'] }] },
    })
    expect(await run({ code: '', language: 'lean' })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'language'] }] },
    })
    expect((await run('nonsense')).status).toBe(422)
  })
})

describe('codapi', () => {
  const exec = (body: unknown, headers = {}) => post(`${base}/codapi/v1/exec`, body, headers)

  test('runs a snippet for a page of an allowed origin, and for no other', async () => {
    expect((await fetch(`${base}/codapi/v1/health`, { method: 'HEAD', headers: { origin: PAGE } })).status).toBe(200)
    const asked = await fetch(`${base}/codapi/v1/exec`, { method: 'OPTIONS', headers: { origin: PAGE } })
    expect(asked.status).toBe(204)
    expect(asked.headers.get('access-control-allow-origin')).toBe(PAGE)
    expect(asked.headers.get('access-control-allow-headers')).toContain('content-type')
    const snippet = {
      sandbox: 'python',
      command: 'run',
      files: { '': 'print(open("a.txt").read())', 'a.txt': 'data:text/plain;base64,aGk=' },
    }
    const { body, headers } = await exec(snippet, { origin: PAGE })
    expect(body).toMatchObject({ ok: true, stdout: 'hi\n', stderr: '', duration: expect.any(Number) })
    expect(headers.get('access-control-allow-origin')).toBe(PAGE)
    const other = await exec(snippet, { origin: 'https://elsewhere.example' })
    expect(other).toMatchObject({ status: 403, body: { ok: false } })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('tells of failures in the shape of a result', async () => {
    expect(await exec({ sandbox: 'python', command: 'run', files: { '': '1/0' } })).toMatchObject({
      status: 200,
      body: { ok: false, stderr: expect.stringContaining('ZeroDivisionError') },
    })
    expect(await exec({ sandbox: 'nosuch', files: { '': '' } })).toMatchObject({ status: 404, body: { ok: false } })
    expect(await exec({ sandbox: 'python', command: 'test', files: { '': '' } })).toMatchObject({ status: 404 })
    expect(await exec({ sandbox: 'python', files: {} })).toMatchObject({
      status: 400,
      body: { ok: false, stderr: expect.any(String) },
    })
  })
})
