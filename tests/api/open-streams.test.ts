import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { get, post } from '../support/client.ts'
import { connectIo, refusedIo } from '../support/io-client.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { eventually } from '../support/eventually.ts'

const MOST = 3
const JOB = { language: 'bash', code: 'read -r line' }

let gateway: LoneGateway
let jobs: string
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required', TENANT_MAX_OPEN_STREAMS: String(MOST) })
  jobs = `${gateway.url}/v1/jobs`
})
afterAll(() => gateway.close())

async function submit(headers: { authorization: string }): Promise<string> {
  const { status, body } = await post(jobs, { ...JOB, interactive: true }, headers)
  expect(status).toBe(202)
  return String(body['id'])
}

/** Opens as many event streams of a job as its tenant may. @returns a function that leaves one of them */
async function openAll(id: string, headers: { authorization: string }): Promise<() => void> {
  const leaves: AbortController[] = []
  for (let i = 0; i < MOST; i++) {
    const leave = new AbortController()
    const { status } = await fetch(`${jobs}/${id}/events`, { headers, signal: leave.signal })
    expect(status).toBe(200)
    leaves.push(leave)
  }
  return () => leaves.pop()?.abort()
}

describe('a tenant that holds as much open as it may', () => {
  test('gets no more of any kind, with the time to come back, until something has ended', async () => {
    const { headers } = await gateway.makeKey('many')
    const id = await submit(headers)
    const leave = await openAll(id, headers)
    const io = await refusedIo(gateway.url, id, { headers })
    expect([io.status, io.body['code']]).toEqual([429, 'too-many-open'])
    const refused = [
      await get(`${jobs}/${id}/events`, headers),
      await get(`${jobs}/${id}?wait=1`, headers),
      await post(jobs, JOB, { ...headers, prefer: 'wait=1' }),
      await post(`${gateway.url}/api/repl/execute`, JOB, headers),
      await post(`${gateway.url}/api/repl/execute/stream`, JOB, headers),
    ]
    expect(refused.map(({ status, body }) => [status, body['code']])).toEqual(refused.map(() => [429, 'too-many-open']))
    expect(refused.map((answer) => Number(answer.headers.get('retry-after')))).toEqual(refused.map(() => 5))
    // None of them has made a job.
    const list = await get<{ jobs: object[] }>(jobs, headers)
    expect(list.body.jobs).toHaveLength(1)

    leave()
    await eventually('room for another open response', async () => {
      const { status } = await get(`${jobs}/${id}?wait=1`, headers)
      expect([200, 429]).toContain(status)
      return status === 200
    })
    for (let socket; !socket; socket?.socket.terminate()) {
      socket = await connectIo(gateway.url, id, { headers }).catch(() => undefined)
    }
  })

  test('can still read, list and cancel, and is in nobody else’s way', async () => {
    const [many, other] = [await gateway.makeKey('busy'), await gateway.makeKey('other')]
    const id = await submit(many.headers)
    await openAll(id, many.headers)
    expect((await get(`${jobs}/${id}`, many.headers)).status).toBe(200)
    await openAll(await submit(other.headers), other.headers)
    const cancelled = await fetch(`${jobs}/${id}`, { method: 'DELETE', headers: many.headers })
    expect(cancelled.status).toBe(200)
  })
})

describe('a key that is revoked loses what it has open:', () => {
  test('an event stream', async () => {
    const key = await gateway.makeKey('revoked')
    const response = await fetch(`${jobs}/${await submit(key.headers)}/events`, { headers: key.headers })
    expect(response.status).toBe(200)
    let text = ''
    // Headers come before the first event.
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      const first = !text.includes('event: state')
      text += Buffer.from(chunk).toString()
      if (first && text.includes('event: state')) await gateway.revoke(key.id)
    }
    expect(text).toContain('event: state')
    expect(text).not.toContain('event: result')
  })

  test('a socket', async () => {
    const key = await gateway.makeKey('revoked')
    const client = await connectIo(gateway.url, await submit(key.headers), { headers: { ...key.headers } })
    await client.until(() => client.messages.length > 0)
    await gateway.revoke(key.id)
    expect(await client.closed).toEqual({ code: 4401, reason: 'the key is no longer valid' })
  })
})

describe('a key that is revoked while its caller waits is answered 401:', () => {
  test.each([
    {
      what: 'a long poll',
      ask: (id: string, headers: Record<string, string>) => get(`${jobs}/${id}?wait=60`, headers),
    },
    {
      what: 'a submission that waits',
      ask: (_id: string, headers: Record<string, string>) => post(jobs, JOB, { ...headers, prefer: 'wait=60' }),
    },
    {
      what: 'a program run at once',
      ask: (_id: string, headers: Record<string, string>) => post(`${gateway.url}/api/repl/execute`, JOB, headers),
    },
  ])('$what', async ({ ask }) => {
    const key = await gateway.makeKey('acme')
    const spared = await gateway.makeKey('acme')
    const id = await submit(key.headers)
    const before = (await get<{ jobs: object[] }>(jobs, spared.headers)).body.jobs.length
    const answer = ask(id, key.headers)
    const reads = async () => gateway.log().includes(key.id)
    await eventually('the stream is read', () => reads())
    // Until it waits: its channel is listened on then.
    await eventually(
      'a channel of events is subscribed to',
      async () => ((await gateway.redis.pubsub('CHANNELS', `{*}:events:*`)) as string[]).length !== 0,
    )
    await gateway.revoke(key.id)
    const { status, body, headers } = await answer
    expect([status, body['code']]).toEqual([401, 'unauthenticated'])
    expect(headers.get('www-authenticate')).toBe('Bearer realm="runyard"')
    // What was accepted before goes on, and belongs to the tenant.
    const after = (await get<{ jobs: object[] }>(jobs, spared.headers)).body.jobs.length
    expect(after).toBeGreaterThanOrEqual(before)
  })
})

test('a job that is to begin later cannot be waited for by the routes that run one at once', async () => {
  const { headers } = await gateway.makeKey('later', { scopes: ['jobs', 'containers'] })
  const answers = [
    await post(`${gateway.url}/api/repl/execute`, { ...JOB, delayMs: 604_800_000 }, headers),
    await post(`${gateway.url}/api/repl/execute/stream`, { ...JOB, delayMs: 1 }, headers),
    await post(`${gateway.url}/api/containers/create`, { image: 'bash', command: ['true'], delayMs: 1 }, headers),
    await post(
      `${gateway.url}/api/containers/create/stream`,
      { image: 'bash', command: ['true'], delayMs: 1 },
      headers,
    ),
  ]
  for (const { status, body } of answers) {
    expect([status, body['errors']]).toEqual([422, [{ pointer: '/delayMs', detail: expect.any(String) }]])
  }
  expect((await get<{ jobs: object[] }>(jobs, headers)).body.jobs).toEqual([])
})
