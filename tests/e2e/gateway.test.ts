import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
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

describe('a request in another form than the usual one', () => {
  test('has tests by name, whose names come back with their stages and in the events', async () => {
    const job = await runJob(
      platform.url,
      python('print(input())', { tests: [{ name: 'my case', stdin: '1', expectedOutput: '2' }, { stdin: '3' }] }),
    )
    const tests = [
      { index: 0, name: 'my case' },
      { index: 1, name: null },
    ]
    expect(job.stages.map(({ name, test: of, status }) => [name, of, status])).toEqual([
      ['test 1', tests[0], 'wrong-answer'],
      ['test 2', tests[1], 'succeeded'],
    ])
    const { body } = await post<ProblemBody>(
      `${platform.url}/api/repl/execute`,
      python('1', { tests: [{ name: 'x' }] }),
    )
    expect(body).toMatchObject({ tests: [{ name: 'test 1', test: { index: 0, name: 'x' } }] })
    expect(body).not.toHaveProperty('test')
    const events = await (await fetch(`${jobs}/${job.id}/events`)).text()
    const told = [...events.matchAll(/^event: stage\nid: .*\ndata: (.*)$/gm)].map(
      ([, data = '']) => JSON.parse(data) as { test?: object; report?: { test: object } },
    )
    expect(told.map(({ test: of, report }) => of ?? report?.test)).toEqual([tests[0], tests[0], tests[1], tests[1]])
  })

  test('has input as base64, in lines, for the job and for its tests', async () => {
    const bytes = Buffer.from(Array.from({ length: 200 }, (_, index) => 255 - index))
    const inLines = bytes
      .toString('base64')
      .match(/.{1,76}/g)
      ?.join('\r\n')
    const hex = 'import sys\nprint(sys.stdin.buffer.read().hex())'
    const tests = [{}, { stdin: '/w' }, { stdin: 'ü', stdinEncoding: 'utf-8' }]
    const job = await runJob(platform.url, python(hex, { stdin: inLines, stdinEncoding: 'base64', tests }))
    expect(job.stages.map(({ stdout }) => stdout)).toEqual([`${bytes.toString('hex')}\n`, 'ff\n', 'c3bc\n'])
    const files = [
      { path: 'main.py', content: hex },
      { path: 'a', content: inLines, encoding: 'base64' },
    ]
    const file = await runJob(platform.url, {
      language: 'bash',
      files: [...files, { path: 'main.sh', content: 'od -An -tx1 -v a | tr -d " \\n"' }],
    })
    expect(stageOf(file).stdout).toBe(bytes.toString('hex'))
  })

  test('has variables of any name that the kernel takes', async () => {
    const env = { 'my.prop': '1', 'npm-x': '2', 'ü\n': '3' }
    const job = await runJob(
      platform.url,
      python('import os\nprint([os.environ[n] for n in ("my.prop", "npm-x", "ü\\n")])', { env }),
    )
    expect(stageOf(job).stdout).toBe("['1', '2', '3']\n")
  })

  test('has globs with braces', async () => {
    const job = await runJob(platform.url, {
      language: 'bash',
      code: 'touch a.png b.jpg c.txt',
      artifacts: ['*.{png,jpg}'],
    })
    expect(job.artifacts?.map(({ path }) => path)).toEqual(['a.png', 'b.jpg'])
    const id = job.id.toUpperCase()
    expect((await get(`${jobs}/${id}`)).body['id']).toBe(job.id)
    expect((await fetch(`${jobs}/${id}/artifacts/a.png`)).status).toBe(200)
    expect((await fetch(`${jobs}/${id}`, { method: 'DELETE' })).status).toBe(200)
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
