import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Session } from '../../src/shared/sessions/session.ts'
import { eventually } from '../support/eventually.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { type ReceivedEvent } from '../support/read-events.ts'
import { type SessionClient, sessionClient } from '../support/session-client.ts'

const ROOM = 512 * 1024 * 1024

let platform: TestPlatform
let client: SessionClient
let session: string

/** Has the same `Idempotency-Key` each time. */
const createAgain = async (): Promise<{ status: number; id: string; replayed: string | null }> => {
  const again = sessionClient(platform.url, { 'idempotency-key': 'one' })
  const { status, headers, body } = await again.create({ language: 'bash', kernel: false })
  return { status, id: body.id, replayed: headers.get('idempotent-replayed') }
}

beforeAll(async () => {
  platform = await startPlatform({ SESSIONS_MEMORY_BYTES: String(ROOM) })
  client = sessionClient(platform.url)
  session = (await createAgain()).id
})
afterAll(() => platform.close())

test('a session that was accepted is answered again, also when there is no room for another', async () => {
  await eventually('a refusal for want of room', async () => {
    const { status, body } = await client.create({ language: 'bash', kernel: false }, 0)
    if (status === 201) await client.end(body.id)
    return status === 503
  })
  expect(await createAgain()).toEqual({ status: 201, id: session, replayed: 'true' })
})

const isEnd = ({ event, data }: ReceivedEvent) => event === 'command' && data['state'] === 'finished'
/** The status for a client that comes back with this as the last event that it has. */
const statusAfter = (path: string, last: string): Promise<number> => client.statusOf(path, last)

test('who has the end of what ran is told to stay away, and an id from elsewhere is refused', async () => {
  const { body, headers } = await client.command(session, { argv: ['echo', 'a'] })
  const path = `${headers.get('location') ?? ''}/events`
  const events = await client.events(path, isEnd)
  const last = events.at(-1)?.id ?? ''
  expect(await statusAfter(path, last)).toBe(204)
  // Events of others that follow do not change that.
  const other = await client.command(session, { argv: ['true'] })
  const whole = await client.events(
    `/v1/sessions/${session}/events`,
    (event) => isEnd(event) && event.data['id'] === other.body.id,
  )
  expect(await statusAfter(path, whole.at(-1)?.id ?? '')).toBe(204)
  expect(await statusAfter(path, '99999999999999-0')).toBe(400)
  const resumed = await client.events(path, isEnd, events[0]?.id)
  expect(resumed).toEqual(events.slice(1))
  expect(resumed.at(-1)?.data['id']).toBe(body.id)
})

test('nothing follows on the end of a session', async () => {
  const { headers } = await client.command(session, { argv: ['echo', 'a'] })
  const path = `${headers.get('location') ?? ''}/events`
  const { body: watch } = await client.call<{ id: string }>('POST', `/v1/sessions/${session}/watches`, {})
  const { body: ended } = await client.call<Session>('DELETE', `/v1/sessions/${session}`)
  expect(ended.state).toBe('ended')
  const events = await client.events(`/v1/sessions/${session}/events`, ({ event }) => event === 'ended')
  const last = events.at(-1)?.id ?? ''
  expect(await statusAfter(path, last)).toBe(204)
  expect(await statusAfter(`/v1/sessions/${session}/watches/${watch.id}/events`, last)).toBe(204)
})
