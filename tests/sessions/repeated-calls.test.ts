import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
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
