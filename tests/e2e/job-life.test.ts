import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { MINUTE } from '../../src/shared/limits.ts'
import { type Answer, get, post } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { readProgram } from '../support/programs.ts'
import { eventsOf } from '../support/read-events.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { withInside } from '../support/with-inside.ts'
import { eventually } from '../support/eventually.ts'

type Headers = Record<string, string>

let platform: TestPlatform
let jobs: string
let alice: Headers
let bob: Headers
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required', WORKER_CONCURRENCY: '2', KILL_GRACE_MS: '20000' })
  jobs = `${platform.url}/v1/jobs`
  alice = await makeKey(platform, 'alice')
  bob = await makeKey(platform, 'bob')
})
afterAll(() => platform.close())

const bash = (code: string, more: object = {}) => ({ language: 'bash', code, ...more })
/** For a job that is there until the test ends it, however slow the machine. */
const LONG = { limits: { wallMs: 2 * MINUTE } }
const submit = (body: unknown, headers: Headers = {}) => post<Job>(jobs, body, { ...alice, ...headers })
const read = (id: string, headers: Headers = {}) => get<Job>(`${jobs}/${id}`, { ...alice, ...headers })
const cancel = async (id: string, headers = alice): Promise<Answer<Job>> => {
  const response = await fetch(`${jobs}/${id}`, { method: 'DELETE', headers })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Job }
}
const untilRunning = async (id: string): Promise<void> => {
  await eventually('the job runs', async () => (await read(id)).body.state === 'running')
}

/** Resolves when the job has written something. */
async function untilItWrites(id: string): Promise<void> {
  for await (const { event } of eventsOf(await fetch(`${jobs}/${id}/events`, { headers: alice }))) {
    if (event === 'stdout') return
  }
}

describe('cancelling', () => {
  test('ends a running job, keeps what it wrote, and does nothing the second time', async () => {
    const { body } = await submit(bash('echo begun; sleep 60; echo never'))
    await untilItWrites(body.id)
    const first = await cancel(body.id)
    expect(first).toMatchObject({ status: 200, body: { state: 'cancelled', status: 'cancelled' } })
    expect(first.body.stages[0]).toMatchObject({ stdout: 'begun\n', status: 'cancelled' })
    expect(await cancel(body.id)).toMatchObject({ status: 200, body: first.body })
    const events = await (await fetch(`${jobs}/${body.id}/events`, { headers: alice })).text()
    expect(events.match(/^event: result$/gm)).toHaveLength(1)
  })

  test('ends a program that will not end, long before the grace it would have at a limit', async () => {
    const deaf = readProgram('ignore-every-signal.py').replace('while True', "print('deaf', flush=True)\nwhile True")
    const { body } = await submit({ language: 'python', code: deaf })
    await untilItWrites(body.id)
    expect(await cancel(body.id)).toMatchObject({ status: 200, body: { status: 'cancelled' } })
  })

  test('ends a queued job, which never runs, and leaves its place to the next', async () => {
    const blockers = await Promise.all([1, 2].map(() => submit(bash('sleep 120', LONG))))
    await Promise.all(blockers.map(({ body }) => untilRunning(body.id)))
    const { body } = await submit(bash('echo never'))
    const next = await submit(bash('echo next'))
    expect(await cancel(body.id)).toMatchObject({ status: 200, body: { state: 'cancelled', attempt: 0, stages: [] } })
    await Promise.all(blockers.map((blocker) => cancel(blocker.body.id)))
    expect(await read(`${next.body.id}?wait=30`)).toMatchObject({ body: { status: 'succeeded' } })
    expect((await read(body.id)).body).toMatchObject({ state: 'cancelled', startedAt: null, stages: [] })
  })

  test('leaves the sandbox fit for the next job, and a finished job as it is', async () => {
    const { body } = await submit(bash('echo done'), { prefer: 'wait=30' })
    expect(await cancel(body.id)).toMatchObject({ status: 200, body: { status: 'succeeded' } })
  })

  test('is for the owner only: to others there is no such job', async () => {
    const { body } = await submit(bash('sleep 2; echo mine'))
    expect(await cancel(body.id, bob as typeof alice)).toMatchObject({ status: 404 })
    expect(await read(`${body.id}?wait=30`)).toMatchObject({ body: { status: 'succeeded' } })
  })
})

describe('a repeated request', () => {
  test('with the same Idempotency-Key and body is the same job', async () => {
    const headers = { 'idempotency-key': 'order-1' }
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => submit(bash('echo once', { stdin: '' }), headers)),
    )
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')).toHaveLength(4)
    const spaced = `{ "stdin": "",  "code": "echo once", "language": "bash" }`
    const waited = await submit(spaced, { ...headers, prefer: 'wait=30' })
    expect(waited).toMatchObject({ status: 200, body: { id: answers[0]?.body.id, status: 'succeeded' } })
  })

  test('puts a job on the queue that was accepted and got no further, its gateway having been killed', async () => {
    const [body, headers] = [bash('echo late'), { 'idempotency-key': 'order-cut-short' }]
    // They take both slots, so that it does not begin before.
    const blockers = await Promise.all([1, 2].map(() => submit(bash('sleep 120', LONG))))
    await Promise.all(blockers.map((blocker) => untilRunning(blocker.body.id)))
    const first = await submit(body, headers)
    await withInside(platform, ({ queue }) => queue.remove(first.body.id))
    const again = await submit(body, headers)
    expect(again).toMatchObject({ status: 202, body: { id: first.body.id } })
    await Promise.all(blockers.map((blocker) => cancel(blocker.body.id)))
    const ended = (await read(`${first.body.id}?wait=60`)).body
    expect(ended).toMatchObject({ id: first.body.id, status: 'succeeded', attempt: 1 })
  })

  test('with the same key and another body is refused', async () => {
    await submit(bash('echo 1'), { 'idempotency-key': 'order-2' })
    const other = await submit(bash('echo 2'), { 'idempotency-key': 'order-2' })
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-mismatch' } })
    expect((await post(jobs, bash('echo 2'), { ...bob, 'idempotency-key': 'order-2' })).status).toBe(202)
  })

  test('with a key that is none is refused', async () => {
    for (const key of ['', 'x'.repeat(256), 'a b']) {
      const answer = await submit(bash(''), { 'idempotency-key': key })
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-header' } })
    }
  })
})

describe('reading a job', () => {
  test('can wait for its end', async () => {
    const { body } = await submit(bash('sleep 0.5; echo late'))
    expect(await read(`${body.id}?wait=30`)).toMatchObject({ body: { status: 'succeeded' } })
    const slow = await submit(bash('sleep 120', LONG))
    expect(await read(`${slow.body.id}?wait=1`)).toMatchObject({ status: 200, body: { status: null } })
    await cancel(slow.body.id)
  })

  test('answers 304 to who has it already, and not when it changed', async () => {
    const { body } = await submit(bash('sleep 120', LONG))
    await untilRunning(body.id)
    const tag = (await read(body.id)).headers.get('etag') ?? ''
    expect((await read(body.id, { 'if-none-match': tag })).status).toBe(304)
    const waiting = read(`${body.id}?wait=60`, { 'if-none-match': tag })
    await cancel(body.id)
    const ended = await waiting
    expect([ended.status, ended.body.status]).toEqual([200, 'cancelled'])
    const known = await read(body.id, { 'if-none-match': `"x", W/${ended.headers.get('etag') ?? ''}` })
    expect(known).toMatchObject({ status: 304, body: undefined })
  })

  test('refuses a query it does not know', async () => {
    const { body } = await submit(bash('true'))
    expect(await read(`${body.id}?wait=soon`)).toMatchObject({ status: 422, body: { errors: [{ pointer: '/wait' }] } })
    expect(await read(`${body.id}?colour=red`)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/colour' }] },
    })
  })
})

describe('the list of jobs', () => {
  interface Page {
    jobs: Job[]
    next: string | null
  }
  const list = (query: string, headers: Headers) => get<Page>(`${jobs}?${query}`, headers)

  test('has all of the tenant, each once, newest first, page by page, while more are added', async () => {
    const carol = await makeKey(platform, 'carol')
    const ids: string[] = []
    for (let i = 0; i < 7; i++) ids.push((await post<Job>(jobs, bash(`echo ${i}`), carol)).body.id)
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const { status, body }: Answer<Page> = await list(`limit=3${cursor && `&cursor=${cursor}`}`, carol)
      expect(status).toBe(200)
      seen.push(...body.jobs.map(({ id }) => id))
      cursor = body.next
      await post(jobs, bash('true'), carol)
    }
    expect(seen).toEqual(ids.toReversed())
  })

  test('can be narrowed by state, status and language, and has no output in it', async () => {
    const dora = await makeKey(platform, 'dora')
    const wait = { ...dora, prefer: 'wait=30' }
    await post(jobs, bash('echo secret-output'), wait)
    await post(jobs, bash('exit 3'), wait)
    await post(jobs, { language: 'python', code: 'exit(4)' }, wait)
    const of = async (query: string) => (await list(query, dora)).body.jobs.map((job) => [job.language, job.status])
    expect(await of('status=failed')).toEqual([
      ['python', 'failed'],
      ['bash', 'failed'],
    ])
    expect(await of('status=failed&language=bash')).toEqual([['bash', 'failed']])
    expect(await of('state=queued')).toEqual([])
    expect((await of('state=finished')).length).toBe(3)
    expect(JSON.stringify((await list('', dora)).body)).not.toContain('secret-output')
  })

  test('refuses a query that cannot be used', async () => {
    for (const query of [
      'limit=0',
      'limit=101',
      'limit=x',
      'cursor=x',
      'state=gone',
      'status=fine',
      'limit=1&limit=2',
    ]) {
      expect(await list(query, alice)).toMatchObject({ status: 422, body: { code: 'invalid-request' } })
    }
  })
})

describe('when a job runs', () => {
  test('a delayed one not before its time', async () => {
    const { body } = await submit(bash('echo later', { delayMs: 1500 }))
    const ended = (await read(`${body.id}?wait=30`)).body
    expect(ended.status).toBe('succeeded')
    expect(Date.parse(ended.startedAt ?? '') - Date.parse(ended.createdAt)).toBeGreaterThanOrEqual(1500)
  })

  test('a delayed one can be cancelled', async () => {
    const { body } = await submit(bash('echo never', { delayMs: 3_600_000 }))
    expect(await cancel(body.id)).toMatchObject({ status: 200, body: { state: 'cancelled' } })
  })

  test('of those that wait one of high priority first, of low last', async () => {
    const blockers = await Promise.all([1, 2].map(() => submit(bash('sleep 120', LONG))))
    await Promise.all(blockers.map(({ body }) => untilRunning(body.id)))
    const waiting: Job[] = []
    for (const priority of ['low', 'normal', 'normal', 'high']) {
      waiting.push((await submit(bash('sleep 0.1', { priority }))).body)
    }
    // One slot takes all of them, one after another.
    await cancel(blockers[0]?.body.id ?? '')
    const ended = await Promise.all(waiting.map(async ({ id }) => (await read(`${id}?wait=30`)).body))
    await cancel(blockers[1]?.body.id ?? '')
    const order = ended
      .map(({ startedAt }, index) => ({ startedAt, index }))
      .sort((a, b) => ((a.startedAt ?? '') < (b.startedAt ?? '') ? -1 : 1))
    expect(order.map(({ index }) => index)).toEqual([3, 1, 2, 0])
  })
})
