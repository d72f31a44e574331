import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import type { Span, Tracing } from '../../../src/shared/tracing/tracing.ts'
import { answering, type Receiver, startReceiver } from './receiver.ts'
import { openDeliverer, resultOf, type TestDeliverer, TIMEOUT_MS } from './test-deliverer.ts'
import { eventually } from '../../support/eventually.ts'
import { ownPort } from '../../support/own-port.ts'

let receiver: Receiver
let own: TestDeliverer
beforeEach(async () => {
  receiver = await startReceiver()
  own = await openDeliverer()
})
afterEach(async () => {
  await own.close()
  // No connection outlives its request.
  await eventually('the receiver has no connection', () => receiver.open() <= 0)
  await receiver.close()
})

test('a delivery arrives signed, as the library of Standard Webhooks verifies it', async () => {
  await own.start()
  const id = await own.send(`${receiver.url}/hook?token=1`)
  const delivery = await own.end(id)
  expect(delivery).toMatchObject({ state: 'succeeded', nextAttemptAt: null, attempts: [{ status: 204, error: null }] })
  const [{ line, headers, body } = { line: '', headers: {}, body: '' }] = receiver.requests
  expect(line).toBe('POST /hook?token=1 HTTP/1.1')
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'Runyard',
    'webhook-id': id,
    host: `127.0.0.1:${receiver.port}`,
  })
  const { secret } = await own.secrets.read('me')
  expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
    type: 'job.finished',
    data: { id: delivery.jobId, status: 'succeeded', url: `/v1/jobs/${delivery.jobId}` },
  })
})

test('during a rotation holders of the old and of the new secret both verify', async () => {
  const before = await own.secrets.read('me')
  const after = await own.secrets.rotate('me')
  await own.start()
  await own.end(await own.send(receiver.url))
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.requests
  expect(String((headers as Record<string, string>)['webhook-signature']).split(' ')).toHaveLength(2)
  for (const { secret } of [before, after]) {
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({ type: 'job.finished' })
  }
})

test('after a 500 it is tried again with the same id and body, and succeeds', async () => {
  receiver.behave(answering(500, {}, 'not now'), answering(200, {}, 'thanks'))
  await own.start()
  const delivery = await own.end(await own.send(receiver.url))
  expect(delivery.attempts).toMatchObject([
    { status: 500, error: null, answer: 'not now' },
    { status: 200, error: null, answer: 'thanks' },
  ])
  const [first, second] = receiver.requests
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
})

test('a receiver that fails at every attempt is given up after the last of the schedule', async () => {
  receiver.behave(answering(500))
  await own.start({ scheduleMs: [20, 20] })
  const { state, nextAttemptAt, attempts } = await own.end(await own.send(receiver.url))
  expect({ state, nextAttemptAt }).toEqual({ state: 'failed', nextAttemptAt: null })
  expect(attempts.map(resultOf)).toEqual([500, 500, 500])
  expect(receiver.requests).toHaveLength(3)
})

test('nobody listens: the connection is refused, and it is tried again', async () => {
  const port = await ownPort()
  await own.start()
  const id = await own.send(`http://127.0.0.1:${port}`)
  const { attempts } = await own.until(id, (delivery) => delivery.attempts.length >= 1)
  expect(attempts[0]).toMatchObject({ status: null, error: 'connection-refused' })
  await receiver.close()
  receiver = await startReceiver('127.0.0.1', port)
  expect(await own.end(id)).toMatchObject({ state: 'succeeded' })
})

test('of a huge answer 1 KiB is kept, in whole characters, and the connection is closed', async () => {
  let sent = 0
  receiver.behave(async (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n')
    const chunk = Buffer.from('ü'.repeat(32_768))
    // One odd byte first, so that the cut falls into a character.
    socket.write('a')
    while (!socket.destroyed) {
      sent += chunk.length
      if (!socket.write(chunk)) {
        await new Promise((resolve) => {
          socket.once('drain', resolve)
          socket.once('close', resolve)
        })
      }
    }
  })
  await own.start()
  const { state, attempts } = await own.end(await own.send(receiver.url))
  expect(state).toBe('succeeded')
  expect(attempts[0]?.answer).toBe(`a${'ü'.repeat(511)}`)
  expect(sent).toBeLessThan(100_000_000)
})

test('an answer that is no text does no harm', async () => {
  receiver.behave(
    (socket) =>
      void socket.end(
        Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n'), Buffer.from([0, 255, 128, 27])]),
      ),
  )
  await own.start()
  const { attempts } = await own.end(await own.send(receiver.url))
  expect(attempts[0]?.answer).toBe('\0\ufffd\ufffd\u001b')
})

test('Retry-After is honoured: the next attempt is not due before', async () => {
  receiver.behave(answering(429, { 'retry-after': '3600' }))
  await own.start()
  const id = await own.send(receiver.url)
  const { nextAttemptAt, attempts } = await own.until(id, (delivery) => delivery.attempts.length === 1)
  expect(Date.parse(nextAttemptAt ?? '') - Date.parse(attempts[0]?.at ?? '')).toBeGreaterThanOrEqual(3_600_000)
  // Whoever asks for it by hand does not wait.
  receiver.behave(answering(204))
  expect(await own.deliveries.redeliver(id, 'me')).toBe(true)
  await own.queue.hurry(id)
  expect((await own.end(id)).attempts.map(resultOf)).toEqual([429, 204])
})

test('after 410 an endpoint gets nothing more, until a redelivery by hand succeeds', async () => {
  receiver.behave(answering(410))
  await own.start()
  const first = await own.end(await own.send(receiver.url))
  expect(first).toMatchObject({ state: 'failed', attempts: [{ status: 410 }] })
  const second = await own.end(await own.send(receiver.url))
  expect(second).toMatchObject({ state: 'failed', attempts: [{ status: null, error: 'endpoint-disabled' }] })
  expect(receiver.requests).toHaveLength(1)
  // Neither another tenant nor another URL is concerned.
  receiver.behave(answering(204))
  expect(await own.end(await own.send(receiver.url, 'somebody else'))).toMatchObject({ state: 'succeeded' })
  expect(await own.end(await own.send(`${receiver.url}/other`))).toMatchObject({ state: 'succeeded' })

  const redeliver = async (id: string) => {
    expect(await own.deliveries.redeliver(id, 'me')).toBe(true)
    await own.queue.hurry(id)
    return own.end(id)
  }
  receiver.behave(answering(500))
  // It is still disabled: one attempt, and no other.
  expect((await redeliver(second.id)).attempts.map(resultOf)).toEqual(['endpoint-disabled', 500])
  receiver.behave(answering(204))
  expect((await redeliver(second.id)).attempts.map(resultOf)).toEqual(['endpoint-disabled', 500, 204])
  expect(await own.end(await own.send(receiver.url))).toMatchObject({ state: 'succeeded' })
})

test('a delivery that succeeded can be made again, with the same id and body', async () => {
  await own.start()
  const id = await own.send(receiver.url)
  await own.end(id)
  expect(await own.deliveries.redeliver(id, 'me')).toBe(true)
  await own.queue.hurry(id)
  const { attempts } = await own.until(id, (delivery) => delivery.attempts.length === 2)
  expect(attempts.map(resultOf)).toEqual([204, 204])
  const [first, second] = receiver.requests
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect(second?.body).toBe(first?.body)
})

/** Told of each delivery that a worker has taken, when its attempt is stored and its place in the queue is not given back. */
function takes(taken: (id: string) => Promise<void> | void): Tracing {
  const span: Span = {
    context: { traceparent: '' },
    traceId: '',
    rename: () => undefined,
    set: () => undefined,
    fail: () => undefined,
    end: () => undefined,
  }
  return {
    start: () => span,
    within: (_span, work) => work(),
    async run(_name, { attributes = {} }, work) {
      const result = await work(span)
      await taken(String(attributes['messaging.message.id']))
      return result
    },
    current: undefined,
    logFields: () => ({}),
    close: async () => undefined,
  }
}

test('a delivery that is hurried before it is due is put back once, whenever it is to be looked at', async () => {
  const taken: string[] = []
  receiver.behave(answering(429, { 'retry-after': '3600' }), answering(204))
  await own.start({ tracing: takes((id) => void taken.push(id)) })
  const id = await own.send(receiver.url)
  const isPutBack = async () => (await own.queue.counts())['delayed'] === 1
  await eventually('it waits for its next attempt', isPutBack)
  // As another worker puts it off that found it overdue before the attempt.
  await own.redis.zadd(own.keys.pendingDeliveries, Date.now(), id)
  await own.queue.hurry(id)
  await eventually('it is taken again', () => taken.length === 2)
  for (let i = 0; i < 20; i++) await own.end(await own.send(receiver.url, `other ${i}`))
  expect(taken.filter((one) => one === id)).toHaveLength(2)
  await eventually('it waits again', isPutBack)
})

describe('a delivery that is asked for while its worker stores what came of it', () => {
  /** Makes each delivery again by hand, once. */
  function askingBetween(): Tracing {
    const asked = new Set<string>()
    return takes(async (id) => {
      if (asked.has(id)) return
      asked.add(id)
      expect(await own.deliveries.redeliver(id, 'me')).toBe(true)
      await own.queue.hurry(id)
    })
  }

  test('is made at once, though it was to be tried again much later', async () => {
    receiver.behave(answering(429, { 'retry-after': '3600' }), answering(204))
    await own.start({ tracing: askingBetween() })
    expect((await own.end(await own.send(receiver.url))).attempts.map(resultOf)).toEqual([429, 204])
  })

  test('is made at once when it had been taken before it was due', async () => {
    receiver.behave(answering(429, { 'retry-after': '3600' }), answering(204))
    let count = 0
    const redeliver = async (id: string) => {
      count += 1
      if (count === 2) expect(await own.deliveries.redeliver(id, 'me')).toBe(true)
    }
    await own.start({ tracing: takes(redeliver) })
    const id = await own.send(receiver.url)
    await eventually('it waits for its next attempt', async () => (await own.queue.counts())['delayed'] === 1)
    await own.queue.hurry(id)
    expect((await own.end(id)).attempts.map(resultOf)).toEqual([429, 204])
  })

  test('is queued again when it had ended', async () => {
    receiver.behave(answering(400))
    const deliverer = await own.start({ tracing: askingBetween(), scheduleMs: [] })
    const id = await own.send(receiver.url)
    await own.until(id, ({ attempts }) => attempts.length >= 1)
    await deliverer.close()
    const { attempts } = (await own.deliveries.read(id)) ?? {}
    // Made again before the worker closed, or left in the queue to the next.
    expect([attempts?.length, await own.queued()]).toEqual(attempts?.length === 2 ? [2, 0] : [1, 1])
  })
})

test('what nobody queued before its worker died is found overdue and delivered', async () => {
  const ids = await Promise.all([own.note(receiver.url), own.note(receiver.url), own.note(receiver.url)])
  const deliverer = await own.start()
  await deliverer.recoverPending(60_000)
  expect(receiver.requests).toHaveLength(0)
  await deliverer.recoverPending(-1)
  for (const id of ids) expect(await own.end(id)).toMatchObject({ state: 'succeeded', attempts: [{ status: 204 }] })
  await deliverer.recoverPending(-1)
  expect(receiver.requests).toHaveLength(3)
})

test('a delivery that is queued twice, or twice recovered, is made once', async () => {
  const id = await own.send(receiver.url)
  const first = await own.start()
  const second = await own.start()
  await Promise.all([own.queue.enqueue(id, id), first.recoverPending(-1), second.recoverPending(-1)])
  await own.end(id)
  await first.recoverPending(-1)
  expect(receiver.requests).toHaveLength(1)
})

test('retries that the queue has lost go on all the same', async () => {
  receiver.behave(answering(500), answering(204))
  const deliverer = await own.start({ scheduleMs: [3000, 3000] })
  const id = await own.send(receiver.url)
  const { nextAttemptAt } = await own.until(id, (delivery) => delivery.attempts.length === 1)
  await own.dropQueue()
  // Not before it is due.
  await deliverer.recoverPending(0)
  expect(await own.queued()).toBe(0)
  await eventually('the next attempt is due', () => Date.now() > Date.parse(nextAttemptAt ?? ''))
  await deliverer.recoverPending(0)
  expect((await own.end(id)).attempts.map(resultOf)).toEqual([500, 204])
})

test('an address that is not allowed any more fails at once; a name that leads to one is tried again', async () => {
  await own.start({
    settings: { allow: [], timeoutMs: TIMEOUT_MS, concurrency: 4, deliveriesKeptSeconds: 600 },
    scheduleMs: [20],
    resolve: (_hostname, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  const literal = await own.end(await own.send(receiver.url))
  expect(literal.attempts.map(resultOf)).toEqual(['address-not-allowed'])
  const named = await own.end(await own.send(`http://name.example:${receiver.port}/`))
  expect(named.attempts.map(resultOf)).toEqual(['address-not-allowed', 'address-not-allowed'])
  expect(receiver.connections()).toBe(0)
})

test('an endpoint that fails again and again is told to the operator once, without what its URL may hide', async () => {
  receiver.behave(answering(500))
  await own.start({ scheduleMs: [20] })
  const ids = await Promise.all(Array.from({ length: 8 }, () => own.send(`${receiver.url}/hook?token=secret`)))
  for (const id of ids) await own.end(id)
  // It is told after the failure is stored.
  await eventually('the operator is told', () => own.alerts.length > 0)
  expect(own.alerts).toEqual([
    { tenant: 'me', origin: receiver.url, failures: 10, deliveryId: expect.any(String), last: '500' },
  ])
  const lines = own.log().trim().split('\n')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'webhook endpoint fails again and again', failures: 10 })
  expect(own.log()).not.toContain('secret')
})

test('a slow endpoint of one tenant does not keep those of others waiting', async () => {
  const slow = await startReceiver()
  slow.behave(() => undefined)
  await own.start({
    settings: { allow: ['127.0.0.0/8'], timeoutMs: 20_000, concurrency: 4, deliveriesKeptSeconds: 600 },
  })
  for (let i = 0; i < 40; i++) await own.send(slow.url, 'slow')
  const others = await Promise.all(Array.from({ length: 20 }, () => own.send(receiver.url, 'other')))
  for (const id of others) expect(await own.end(id)).toMatchObject({ state: 'succeeded' })
  // Half of the places, and they are still taken.
  expect(slow.requests).toHaveLength(2)
  await slow.close()
})

test('a worker that ends lets its deliveries end, and leaves the others to the next', async () => {
  let answer = () => {}
  receiver.behave((socket, request) => {
    answer = () => void answering(204)(socket, request)
  }, answering(204))
  const first = await own.start({
    settings: { allow: ['127.0.0.0/8'], timeoutMs: 20_000, concurrency: 2, deliveriesKeptSeconds: 600 },
  })
  const running = await own.send(receiver.url)
  await eventually('a delivery has come', () => receiver.requests.length !== 0)
  const waiting = await own.send(receiver.url)
  const closing = first.close()
  answer()
  await closing
  expect(await own.deliveries.read(running)).toMatchObject({ state: 'succeeded' })
  await own.start()
  expect(await own.end(waiting)).toMatchObject({ state: 'succeeded' })
})
