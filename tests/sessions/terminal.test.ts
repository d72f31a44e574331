import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { type SessionClient, sessionClient } from '../support/session-client.ts'

let platform: TestPlatform
let client: SessionClient
let headers: Record<string, string>
let session: string
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required' })
  headers = await makeKey(platform, 'ada', { scopes: ['sessions'] })
  client = sessionClient(platform.url, headers)
  session = (await client.create({ language: 'bash', kernel: false })).body.id
})
afterAll(() => platform.close())

const size = { columns: 80, rows: 24 }
const shell = async (line: string): Promise<string> => {
  const { status, body } = await client.command(
    session,
    { argv: ['bash', '-c', line], terminal: size, background: true },
    0,
  )
  expect(status).toBe(202)
  return `/v1/sessions/${session}/commands/${body.id}/terminal`
}
interface Shown {
  socket: WebSocket
  screen: () => string
  said: { type: string; code?: string; data?: Record<string, unknown> }[]
  closed: Promise<number>
}
const connect = async (path: string): Promise<Shown> => {
  const socket = new WebSocket(`${platform.url.replace('http', 'ws')}${path}`, { headers })
  const pieces: Buffer[] = []
  const said: Shown['said'] = []
  socket.on('message', (data, isBinary) => {
    if (isBinary) pieces.push(data as Buffer)
    else said.push(JSON.parse((data as Buffer).toString()) as Shown['said'][number])
  })
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return { socket, screen: () => Buffer.concat(pieces).toString(), said, closed }
}

test('what is typed gets to the program, what it writes comes as bytes, and its end is told', async () => {
  const { socket, screen, said, closed } = await connect(
    await shell('read -r line; stty size; printf "<%s\\xff>" "$line"; exit 3'),
  )
  socket.send(JSON.stringify({ type: 'resize', columns: 132, rows: 43 }))
  socket.send(JSON.stringify({ type: 'nonsense' }))
  await eventually('an error', () => said.some(({ code }) => code === 'invalid-message'))
  socket.send(Buffer.from('hé'))
  socket.send(Buffer.from('\r'))
  expect(await closed).toBe(1000)
  expect(screen()).toBe('hé\r\n43 132\r\n<hé\ufffd>')
  expect(said.at(-1)).toMatchObject({ type: 'command', data: { state: 'finished', status: 'failed', exitCode: 3 } })
})

test('one who connects again sees what was written, and one who comes late its end', async () => {
  const path = await shell('trap "echo bye; exit" HUP; echo first; while :; do read -r; done')
  const first = await connect(path)
  await eventually('the output', () => first.screen() === 'first\r\n')
  first.socket.terminate()
  const second = await connect(path)
  await eventually('the output again', () => second.screen() === 'first\r\n')
  second.socket.send(JSON.stringify({ type: 'signal', signal: 'SIGHUP' }))
  expect(await second.closed).toBe(1000)
  expect(second.screen()).toBe('first\r\nbye\r\n')
  const third = await connect(path)
  expect(await third.closed).toBe(1000)
  expect(third.screen()).toBe('first\r\nbye\r\n')
  expect(third.said).toMatchObject([{ type: 'command', data: { exitCode: 0 } }])
})

test('a terminal may write without end, and its last output is kept', async () => {
  const limits = { outputBytes: 10_000 }
  const { body } = await client.create({ language: 'bash', kernel: false, limits })
  const asked = { shell: 'for i in $(seq 20000); do echo line $i; done', terminal: size }
  const { body: command } = await client.command(body.id, asked)
  expect(command).toMatchObject({ status: 'succeeded', truncated: true })
  expect(command.stdout.length).toBeLessThanOrEqual(10_000)
  expect(command.stdout).toMatch(/line 20000\r\n$/)
  await client.end(body.id)
})

test('what cannot be served is refused', async () => {
  const refused = (path: string, more: Record<string, string> = headers) =>
    new Promise<number | undefined>((resolve) => {
      const socket = new WebSocket(`${platform.url.replace('http', 'ws')}${path}`, { headers: more })
      socket.once('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
      socket.once('error', () => undefined)
    })
  const path = await shell('sleep 600')
  const flat = (await client.command(session, { argv: ['sleep', '600'], background: true }, 0)).body.id
  expect((await client.call('GET', path)).status).toBe(426)
  expect(await refused(path.replace(/commands\/[^/]+/, `commands/${flat}`))).toBe(409)
  expect(await refused(path.replace(/commands\/[^/]+/, `commands/${session}`))).toBe(404)
  expect(await refused(path, {})).toBe(401)
  expect(await refused(path, await makeKey(platform, 'eve', { scopes: ['sessions'] }))).toBe(404)
  expect(await refused(path, await makeKey(platform, 'ada', { scopes: ['jobs'] }))).toBe(403)
})

test('the end of the session ends its terminals', async () => {
  const { said, closed } = await connect(await shell('sleep 600'))
  await client.end(session)
  expect(await closed).toBe(1000)
  expect(said.slice(-1)).toMatchObject([{ data: { state: expect.stringMatching(/finished|ended/) } }])
})
