import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Socket } from 'node:net'
import { answering, type Behaviour, type Receiver, startReceiver } from './receiver.ts'
import { openDeliverer, resultOf, type TestDeliverer, TIMEOUT_MS } from './test-deliverer.ts'
import { eventually } from '../../support/eventually.ts'

/**
 * Each row is a receiver that does something once, and answers 204 the next time. All deliveries are on their way at once,
 * of a tenant each: a second passes before the queue looks for those to be tried again.
 */
/** Pieces that come one after another, for longer than a delivery may take. */
const drip =
  (head: string, pieces: Iterable<string>): Behaviour =>
  async (socket) => {
    socket.write(head)
    while (!socket.destroyed) {
      for (const piece of pieces) {
        socket.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }

const hugeHeaders = (socket: Socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}\r\n\r\n`)

const redirecting = (status: number, location: string): Behaviour => answering(status, { location })

const MISBEHAVIOURS: { what: string; does: Behaviour; told: string | number }[] = [
  { what: 'answers 500', does: answering(500), told: 500 },
  { what: 'answers 404', does: answering(404), told: 404 },
  { what: 'answers 304', does: answering(304), told: 304 },
  { what: 'never answers', does: () => undefined, told: 'timeout' },
  { what: 'drips its status line', does: drip('', 'HTTP/1.1 200 OK'), told: 'timeout' },
  { what: 'drips its headers', does: drip('HTTP/1.1 200 OK\r\n', 'x: y\r\n'), told: 'timeout' },
  { what: 'drips its body', does: drip('HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n', 'b'), told: 'timeout' },
  {
    what: 'drips chunks',
    does: drip('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nb\r\n'),
    told: 'timeout',
  },
  {
    what: 'says to go on',
    does: (socket) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    told: 'connection-closed',
  },
  { what: 'gives hints without end', does: drip('', ['HTTP/1.1 103 Early Hints\r\n\r\n']), told: 'timeout' },
  { what: 'closes at once', does: (socket) => void socket.destroy(), told: 'connection-closed' },
  { what: 'resets', does: (socket) => void socket.resetAndDestroy(), told: 'connection-closed' },
  {
    what: 'closes in its headers',
    does: (socket) => void socket.end('HTTP/1.1 200 OK\r\nx: y'),
    told: 'connection-closed',
  },
  {
    what: 'closes in its body',
    does: (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
    told: 'connection-closed',
  },
  { what: 'speaks no HTTP', does: (socket) => void socket.end('220 mail.example ESMTP\r\n'), told: 'invalid-answer' },
  {
    what: 'sends a broken chunk',
    does: (socket) => void socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
    told: 'invalid-answer',
  },
  {
    what: 'switches protocols',
    does: (socket) => void socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    told: 'connection-closed',
  },
  { what: 'sends huge headers', does: (socket) => void hugeHeaders(socket), told: 'invalid-answer' },
]

const REDIRECTS = [301, 302, 303, 307, 308].flatMap((status) => [
  { what: `redirects to itself by ${status}`, does: redirecting(status, '/again'), told: status },
  { what: `redirects inside by ${status}`, does: redirecting(status, 'http://169.254.169.254/latest/'), told: status },
])
const ROWS = [...MISBEHAVIOURS, ...REDIRECTS]

const receivers = new Map<string, { receiver: Receiver; id: string }>()
let elsewhere: Receiver
let own: TestDeliverer
beforeAll(async () => {
  own = await openDeliverer()
  elsewhere = await startReceiver()
  for (const { what, does } of [...ROWS, { what: 'elsewhere', does: redirecting(307, elsewhere.url) }]) {
    const receiver = await startReceiver()
    receiver.behave(does, answering(204))
    receivers.set(what, { receiver, id: await own.send(`${receiver.url}/hook`, what) })
  }
  const settings = { allow: ['127.0.0.0/8'], timeoutMs: TIMEOUT_MS, concurrency: 64, deliveriesKeptSeconds: 600 }
  await own.start({ settings })
})
afterAll(async () => {
  await own.close()
  for (const { receiver } of receivers.values()) await receiver.close()
  await elsewhere.close()
})

function startedFor(what: string): { receiver: Receiver; id: string } {
  const found = receivers.get(what)
  if (!found) throw new Error(`nothing was sent to the one that ${what}`)
  return found
}

test.each(ROWS)('a receiver that $what is tried again: $told', async ({ what, told }) => {
  const { receiver, id } = startedFor(what)
  const { state, attempts } = await own.end(id)
  expect(attempts.map(resultOf)).toEqual([told, 204])
  expect(state).toBe('succeeded')
  if (told === 'timeout') expect(attempts[0]?.durationMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 5)
  expect(receiver.requests.map(({ line }) => line)).toEqual(['POST /hook HTTP/1.1', 'POST /hook HTTP/1.1'])
  // No connection outlives its request.
  await eventually('the receiver has no connection', () => receiver.open() <= 0)
})

test('nothing follows a redirect to another receiver', async () => {
  const { id } = startedFor('elsewhere')
  expect((await own.end(id)).attempts.map(resultOf)).toEqual([307, 204])
  expect(elsewhere.connections()).toBe(0)
})
