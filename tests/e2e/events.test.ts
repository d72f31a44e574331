import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { post } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { eventsOf, type ReceivedEvent, textOf as text } from '../support/read-events.ts'

let platform: TestPlatform
let jobs: string
beforeAll(async () => {
  platform = await startPlatform({ KILL_GRACE_MS: '300' })
  jobs = `${platform.url}/v1/jobs`
})
afterAll(() => platform.close())

const CHATTY = `
import sys, time
for i in range(40):
    print("line", i, flush=True)
    print("error", i, file=sys.stderr, flush=True)
    time.sleep(0.01)
`

/** Runs until it is cancelled, however late a test looks. */
const SLEEPS = 'import time; time.sleep(25)'

async function cancel(id: string): Promise<void> {
  const { status } = await fetch(`${jobs}/${id}`, { method: 'DELETE' })
  expect(status).toBe(200)
  await read(id)
}

async function submit(code: string, more: object = {}): Promise<string> {
  const { status, body } = await post(jobs, { language: 'python', code, ...more })
  expect(status).toBe(202)
  return String(body['id'])
}

/** Reads a stream to its end, or until so many events have come. */
async function read(id: string, lastEventId?: string, most = Infinity): Promise<ReceivedEvent[]> {
  const controller = new AbortController()
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await fetch(`${jobs}/${id}/events`, { headers, signal: controller.signal })
  return collect(response, most, controller)
}

async function collect(response: Response, most = Infinity, controller?: AbortController): Promise<ReceivedEvent[]> {
  const events: ReceivedEvent[] = []
  for await (const event of eventsOf(response)) {
    events.push(event)
    if (events.length < most) continue
    controller?.abort()
    break
  }
  return events
}

describe('a stream of events', () => {
  test('opened before, during and after a job gives the same events', async () => {
    const blocker = await Promise.all([submit('import time; time.sleep(0.5)'), submit('import time; time.sleep(0.5)')])
    const id = await submit(CHATTY)
    const before = read(id)
    await Promise.all(blocker.map((other) => read(other)))
    const during = (async () => {
      await read(id, undefined, 6)
      return read(id)
    })()
    const early = await before
    const late = await read(id)
    expect(late).toEqual(early)
    expect(await during).toEqual(early)
    expect(text(early, 'stdout')).toBe(Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join(''))
    expect(text(early, 'stderr')).toBe(Array.from({ length: 40 }, (_, i) => `error ${i}\n`).join(''))
  })

  test('tells states, stages and the result, in this order', async () => {
    const id = await submit('import sys; sys.stdout.write("x\\n")')
    const events = await read(id)
    const kinds = events.map(({ event, data }) => [
      event,
      data['state'] ?? data['phase'] ?? data['data'] ?? data['status'],
    ])
    expect(kinds).toEqual([
      ['state', 'queued'],
      ['state', 'running'],
      ['stage', 'started'],
      ['stdout', 'x\n'],
      ['stage', 'ended'],
      ['state', 'finished'],
      ['result', 'finished'],
    ])
    expect(events.at(-1)?.data).toMatchObject({ id, status: 'succeeded', stages: [{ name: 'run', exitCode: 0 }] })
  })

  test('resumed after any event loses and doubles nothing', async () => {
    const id = await submit(CHATTY)
    const all = await read(id)
    const ids = all.map((event) => event.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (let i = 0; i < all.length - 1; i++) expect(await read(id, ids[i])).toEqual(all.slice(i + 1))
  })

  test('broken off and resumed again and again while the job runs loses and doubles nothing', async () => {
    const id = await submit(CHATTY)
    const pieces: ReceivedEvent[] = []
    while (pieces.at(-1)?.event !== 'result') pieces.push(...(await read(id, pieces.at(-1)?.id, 3)))
    expect(pieces).toEqual(await read(id))
  })

  test('that has been read to its end answers 204, so that a browser does not come back', async () => {
    const id = await submit('pass')
    const last = (await read(id)).at(-1)?.id ?? ''
    const response = await fetch(`${jobs}/${id}/events`, { headers: { 'last-event-id': last } })
    expect(response.status).toBe(204)
  })

  test('refuses an id that is none, and a job that is none', async () => {
    const id = await submit('pass')
    const bad = await fetch(`${jobs}/${id}/events`, { headers: { 'last-event-id': 'x' } })
    expect([bad.status, ((await bad.json()) as { code: string }).code]).toEqual([400, 'invalid-header'])
    expect((await fetch(`${jobs}/nothing/events`)).status).toBe(404)
    await read(id)
  })

  test('of a running job refuses an id that the job has not come to, which would hide its end', async () => {
    const id = await submit(SLEEPS)
    const response = await fetch(`${jobs}/${id}/events`, { headers: { 'last-event-id': '999999999999999-0' } })
    expect(response.status).toBe(400)
    await cancel(id)
  })

  test('answers HEAD at once, also while the job runs', async () => {
    const id = await submit(SLEEPS)
    const response = await fetch(`${jobs}/${id}/events`, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    await cancel(id)
  })

  test('is not slowed or cut by another reader that never reads', async () => {
    const id = await submit('import sys\nfor i in range(8): sys.stdout.write("x" * 100_000); sys.stdout.flush()')
    const stuck = new AbortController()
    await fetch(`${jobs}/${id}/events`, { signal: stuck.signal })
    const events = await read(id)
    expect(text(events, 'stdout')).toBe('x'.repeat(800_000))
    stuck.abort()
  })

  test('keeps characters whole that a program writes in two halves', async () => {
    const id = await submit(`
import sys, time
b = "é😀".encode()
for i in range(len(b)):
    sys.stdout.buffer.write(b[i:i+1]); sys.stdout.flush(); time.sleep(0.03)`)
    const events = await read(id)
    expect(events.filter(({ event }) => event === 'stdout').every(({ data }) => data['encoding'] === 'utf-8')).toBe(
      true,
    )
    expect(text(events, 'stdout')).toBe('é😀')
  })

  test('of POST /api/repl/execute/stream and /api/containers/create/stream is the same', async () => {
    const stream = async (path: string, body: object) => {
      const response = await fetch(`${platform.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
      return collect(response)
    }
    const repl = await stream('/api/repl/execute/stream', { language: 'python', code: 'print("repl")' })
    expect([text(repl, 'stdout'), repl.at(-1)?.data['status']]).toEqual(['repl\n', 'succeeded'])
    const container = await stream('/api/containers/create/stream', { image: 'bash', command: ['echo', 'container'] })
    expect([text(container, 'stdout'), container.at(-1)?.data['status']]).toEqual(['container\n', 'succeeded'])
  })
})
