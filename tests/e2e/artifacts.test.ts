import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { get, post, runJob } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { sameBytes } from '../support/same-bytes.ts'
import { eventually } from '../support/eventually.ts'

type Headers = Record<string, string>

const MAX_BYTES = 1_000_000
const MAX_FILES = 5

let platform: TestPlatform
let jobs: string
let alice: Headers
let bob: Headers
beforeAll(async () => {
  platform = await startPlatform({
    AUTH: 'required',
    SCREENING: 'standard',
    WORKER_CONCURRENCY: '1',
    TENANT_RESULTS_KEPT: '40',
    ARTIFACT_MAX_BYTES: String(MAX_BYTES),
    ARTIFACT_MAX_FILES: String(MAX_FILES),
    KILL_GRACE_MS: '200',
  })
  jobs = `${platform.url}/v1/jobs`
  alice = await makeKey(platform, 'alice')
  bob = await makeKey(platform, 'bob')
})
afterAll(() => platform.close())

const submit = (body: object, headers: Headers = alice) => post<Job>(jobs, body, { ...headers, prefer: 'wait=60' })
const run = (language: string, code: string, artifacts: string[], more: object = {}): Promise<Job> =>
  runJob(platform.url, { language, code, artifacts, ...more }, alice)
const bash = (code: string, artifacts: string[], more?: object) => run('bash', code, artifacts, more)
const fetchIt = (url: string, headers: Headers = alice) => fetch(platform.url + url, { headers })
const textsOf = async ({ artifacts = [] }: Job): Promise<Record<string, string>> =>
  Object.fromEntries(
    await Promise.all(artifacts.map(async ({ path, url }) => [path, await (await fetchIt(url)).text()] as const)),
  )

describe('a job that asks for artifacts', () => {
  test('has them, byte by byte, with their paths, sizes and addresses', async () => {
    const code = `
import os
os.makedirs('out/deep')
open('out/all.bin', 'wb').write(bytes(i * 7919 % 256 for i in range(300_000)))
open('out/deep/report.csv', 'w').write('a,b\\n')
open('empty', 'w')`
    const job = await run('python', code, ['out/*.bin', '**/*.csv', 'empty', 'nosuch'])
    expect(job).toMatchObject({ status: 'succeeded', message: null, artifactsTruncated: false })
    const base = `/v1/jobs/${job.id}/artifacts`
    expect(job.artifacts).toEqual([
      { path: 'empty', bytes: 0, url: `${base}/empty` },
      { path: 'out/all.bin', bytes: 300_000, url: `${base}/out/all.bin` },
      { path: 'out/deep/report.csv', bytes: 4, url: `${base}/out/deep/report.csv` },
    ])
    const content = Buffer.from(await (await fetchIt(`${base}/out/all.bin`)).arrayBuffer())
    expect(
      sameBytes(
        content,
        Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) % 256),
      ),
    ).toBe('the same')
    expect(await (await fetchIt(`${base}/out/deep/report.csv`)).text()).toBe('a,b\n')
    expect((await get<Job>(`${jobs}/${job.id}`, alice)).body).toEqual(job)
  })

  test('tells of them in its last event, and they are there by then', async () => {
    const { body } = await post<Job>(jobs, { language: 'bash', code: 'echo 1 > a', artifacts: ['a'] }, alice)
    const events = await (await fetch(`${jobs}/${body.id}/events`, { headers: alice })).text()
    const [, data = ''] = /^event: result\nid: .*\ndata: (.*)$/m.exec(events) ?? []
    const result = JSON.parse(data) as Job
    expect(result.artifacts).toEqual([{ path: 'a', bytes: 2, url: `/v1/jobs/${body.id}/artifacts/a` }])
    expect(await textsOf(result)).toEqual({ a: '1\n' })
  })

  test('has them in the answer of /api/repl/execute and of a container job too', async () => {
    const ran = await post<Job>(
      `${platform.url}/api/repl/execute`,
      { language: 'bash', code: 'echo 1 > a', artifacts: ['a'] },
      alice,
    )
    expect(ran.body).toMatchObject({ artifacts: [{ path: 'a', bytes: 2 }], artifactsTruncated: false })
    const operator = await makeKey(platform, 'alice', { scopes: ['containers', 'jobs'] })
    const command = ['sh', '-c', 'echo 2 > b']
    const container = await post<Job>(
      `${platform.url}/api/containers/create`,
      { image: 'bash', command, artifacts: ['*'] },
      operator,
    )
    expect(await textsOf(container.body)).toEqual({ b: '2\n' })
  })

  test.each([
    ['failed', { code: 'echo 1 > a; exit 3' }],
    ['wall-time-limit', { code: 'echo 1 > a; sleep 60', limits: { wallMs: 700 } }],
    ['output-limit', { code: 'echo 1 > a; yes', limits: { outputBytes: 100 } }],
    ['signalled', { code: 'echo 1 > a; kill -SEGV $$' }],
    ['wrong-answer', { code: 'echo 1 > a', expectedOutput: 'x' }],
  ])('has them when it ended as %s', async (status, request) => {
    const { body } = await submit({ language: 'bash', artifacts: ['a'], ...request })
    expect(body.status).toBe(status)
    expect(await textsOf(body)).toEqual({ a: '1\n' })
  })

  test('has what its last stage left: of a compiler that failed, of the last test', async () => {
    const broken = await run('c', 'int main(void) { return x; }', ['*.c'])
    expect(broken.status).toBe('compile-failed')
    expect(broken.artifacts?.map(({ path }) => path)).toEqual(['main.c'])
    const tested = await bash('echo "$1" >> log', ['log'], { tests: [{ args: ['1'] }, { args: ['2'] }] })
    expect(await textsOf(tested)).toEqual({ log: '2\n' })
  })

  test('has an empty list when nothing was found, and one that asked for none has no list', async () => {
    expect(await bash('true', ['*.png'])).toMatchObject({ artifacts: [], artifactsTruncated: false, message: null })
    const { body } = await submit({ language: 'bash', code: 'true' })
    expect(body).not.toHaveProperty('artifacts')
    expect(body).not.toHaveProperty('artifactsTruncated')
  })

  test('has an empty list when it was cancelled', async () => {
    const { body } = await post<Job>(
      jobs,
      { language: 'bash', code: 'echo 1 > a; echo up; sleep 60', artifacts: ['a'] },
      alice,
    )
    await eventually('the job runs', async () => (await get<Job>(`${jobs}/${body.id}`, alice)).body.state === 'running')
    const ended = await fetch(`${jobs}/${body.id}`, { method: 'DELETE', headers: alice })
    expect(await ended.json()).toMatchObject({ status: 'cancelled', artifacts: [] })
  })
})

describe('limits of artifacts', () => {
  test('leave out what is too much, and the job says so', async () => {
    const large = await bash(`head -c ${MAX_BYTES} /dev/zero > fits; echo x > more`, ['fits', 'more'])
    expect(large.artifacts?.length).toBe(1)
    expect(large).toMatchObject({
      status: 'succeeded',
      artifactsTruncated: true,
      message: `artifacts are missing: 1 for which ${MAX_BYTES} bytes in all were too few`,
    })
    const many = await bash('for i in {1..9}; do echo $i > $i; done', ['?'])
    expect(many.artifacts?.length).toBe(MAX_FILES)
    expect(many).toMatchObject({
      artifactsTruncated: true,
      message: `artifacts are missing: all beyond the first ${MAX_FILES} found`,
    })
  })

  test('stand beside the message of a job that failed', async () => {
    const job = await bash('ln -s /etc/passwd a; ln -s a b; sleep 60', ['a', 'b'], { limits: { wallMs: 500 } })
    expect(job).toMatchObject({ status: 'wall-time-limit', artifacts: [], artifactsTruncated: true })
    expect(job.message).toBe(
      'stage run took longer than 500 ms; artifacts are missing: 2 that are links or other special files',
    )
  })

  test.each([
    { artifacts: [] },
    { artifacts: Array.from({ length: 17 }, () => 'a') },
    { artifacts: 'a' },
    { artifacts: [''], pointer: '/artifacts/0' },
    { artifacts: ['x'.repeat(257)], pointer: '/artifacts/0' },
    { artifacts: ['ok', '/etc/passwd'], pointer: '/artifacts/1' },
    { artifacts: ['../*'], pointer: '/artifacts/0' },
    { artifacts: ['a/../b'], pointer: '/artifacts/0' },
    { artifacts: ['a//b'], pointer: '/artifacts/0' },
    { artifacts: ['a/'], pointer: '/artifacts/0' },
    { artifacts: ['./a'], pointer: '/artifacts/0' },
    { artifacts: ['a\0b'], pointer: '/artifacts/0' },
    { artifacts: ['a\nb'], pointer: '/artifacts/0' },
    { artifacts: ['a**'], pointer: '/artifacts/0' },
    { artifacts: ['***'], pointer: '/artifacts/0' },
    { artifacts: ['[a'], pointer: '/artifacts/0' },
    { artifacts: ['[]'], pointer: '/artifacts/0' },
    { artifacts: ['[!]'], pointer: '/artifacts/0' },
    { artifacts: ['[a/b]'], pointer: '/artifacts/0' },
    { artifacts: ['a/'.repeat(32) + 'a'], pointer: '/artifacts/0' },
    { artifacts: [7], pointer: '/artifacts/0' },
  ])('refuse $artifacts', async ({ artifacts, pointer = '/artifacts' }) => {
    const answer = await submit({ language: 'bash', code: 'true', artifacts })
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-request', errors: [{ pointer }] } })
  })
})

describe('GET /v1/jobs/:id/artifacts/:path', () => {
  test('gives it to be saved, and never to be shown or run', async () => {
    const job = await bash("echo '<script>alert(1)</script>' > \"d'ü (1)*.html\"; ", ['*.html'])
    const answer = await fetchIt(job.artifacts?.[0]?.url ?? '')
    expect(answer.status).toBe(200)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '26',
      'content-disposition': "attachment; filename*=UTF-8''d%27%C3%BC%20%281%29%2A.html",
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cache-control': 'private, no-cache',
    })
    expect(await answer.text()).toBe('<script>alert(1)</script>\n')
  })

  test('answers 304 to who has it, and HEAD without the bytes', async () => {
    const job = await bash('echo 1 > a', ['a'])
    const url = job.artifacts?.[0]?.url ?? ''
    const tag = (await fetchIt(url)).headers.get('etag') ?? ''
    expect(tag).toMatch(/^"\S+"$/)
    expect((await fetchIt(url, { ...alice, 'if-none-match': tag })).status).toBe(304)
    expect((await fetchIt(url, { ...alice, 'if-none-match': '"other"' })).status).toBe(200)
    expect((await fetchIt(`${url}x`, { ...alice, 'if-none-match': '*' })).status).toBe(404)
    const head = await fetch(platform.url + url, { method: 'HEAD', headers: alice })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '2', ''])
  })

  test('takes any name that its address spells', async () => {
    const names = ['%2e%2e', '..a', '-rf', 'q?x=1#y', 'ü é']
    const code = `import os\nos.mkdir('d')\nfor name in ${JSON.stringify(names)}: open('d/' + name, 'w').write(name)`
    const texts = await textsOf(await run('python', code, ['d/*', 'd/..a']))
    expect(texts).toEqual(Object.fromEntries(names.map((name) => [`d/${name}`, name])))
  })

  test('is 404 to others, as is one that is not there', async () => {
    const job = await bash('echo 1 > a; echo 2 > b', ['a'])
    const url = job.artifacts?.[0]?.url ?? ''
    const other = await fetchIt(url, bob)
    expect([other.status, await other.json()]).toMatchObject([404, { code: 'not-found' }])
    for (const path of ['b', 'a/b', 'A', 'a/', '%00', 'a%00']) {
      expect((await fetchIt(`/v1/jobs/${job.id}/artifacts/${path}`)).status).toBe(404)
    }
    expect((await fetchIt(`/v1/jobs/nosuch/artifacts/a`)).status).toBe(404)
    expect((await fetch(platform.url + url)).status).toBe(401)
  })

  test('leads nowhere else, however its path is spelt', async () => {
    const job = await bash('mkdir d; echo 1 > d/a', ['d/a'])
    const base = `/v1/jobs/${job.id}/artifacts`
    for (const path of [
      '../../../../etc/passwd',
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e/%2e%2e/etc/passwd',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      'd/../d/a',
      'd/./a',
      'd//a',
      'd%5Ca',
      '..%c0%af',
      '%',
      '%ff',
    ]) {
      expect([path, await rawStatus(`${base}/${path}`)]).toEqual([path, 404])
    }
    expect(await rawStatus(`${base}/d%2fa`)).toBe(200)
  })

  /** Sends the path as it is: fetch would resolve the dots. */
  function rawStatus(path: string): Promise<number | undefined> {
    const { hostname, port } = new URL(platform.url)
    return new Promise((resolve, reject) => {
      request({ hostname, port, path, headers: alice }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end()
    })
  }
})

describe('a hostile job', () => {
  test('gets nothing out that is not its own, and the next on the same sandbox is none the worse', async () => {
    const code = `
ln -s /etc/passwd passwd; ln -s /dev/urandom random; ln -s /proc/1/environ environ; ln -s / root; ln -s .. up
ln -s /proc/self/root magic; mkfifo fifo; mkdir -p d/../e; echo own > own
(trap '' TERM; while :; do echo x >> growing; done) & disown`
    const job = await bash(code, ['*', 'root/etc/*', 'up/etc/*', 'magic/etc/passwd', '**/passwd'])
    expect(job.artifacts?.map(({ path }) => path).filter((path) => path !== 'growing')).toEqual(['main.sh', 'own'])
    expect(job.artifactsTruncated).toBe(true)
    const look = 'ls -A; id -u; wc -c < main.sh'
    const next = await bash(look, ['main.sh'])
    expect(next.stages[0]).toMatchObject({ stdout: `main.sh\n1000\n${look.length}\n`, stderr: '' })
    expect(await textsOf(next)).toEqual({ 'main.sh': look })
  })
})

test('artifacts go with their job when its tenant has more than are kept', async () => {
  const carol = await makeKey(platform, 'carol')
  const first = await submit({ language: 'bash', code: 'echo 1 > a', artifacts: ['a'] }, carol)
  const url = first.body.artifacts?.[0]?.url ?? ''
  expect((await fetchIt(url, carol)).status).toBe(200)
  for (let i = 0; i < 40; i++) await submit({ language: 'bash', code: 'true' }, carol)
  expect((await fetchIt(url, carol)).status).toBe(404)
})
