import { expect, test } from '@jest/globals'
import { execution } from '../../src/api/sessions/examples.ts'
import { createClient, type RunCodeOptions } from '../../src/client/client.ts'

const ASKS = [
  'input-request',
  { execution: execution.id, context: 'default', prompt: 'who? ', password: false },
] as const
const ENDS = ['execution', { ...execution, status: 'interrupted' }] as const

/** Runs code whose events the test gives. @param answers of the service to what is typed, by their number */
function running(options: RunCodeOptions, answers: { status: number; code: string }[] = []) {
  let events: ReadableStreamDefaultController<Uint8Array> | undefined
  const typed: string[] = []
  let open = () => {}
  let answered = () => {}
  const isAnswered = new Promise<void>((resolve) => (answered = resolve))
  const isOpen = new Promise<void>((resolve) => (open = resolve))
  const service: typeof fetch = async (input, init) => {
    const path = new URL(input as string).pathname
    if (path.endsWith('/input')) {
      typed.push((JSON.parse(init?.body as string) as { value: string }).value)
      // Behind the turns in which the answer is read.
      setImmediate(answered)
      const refusal = answers.shift()
      if (!refusal) return Response.json(execution)
      const headers = { 'content-type': 'application/problem+json' }
      return new Response(JSON.stringify({ ...refusal, detail: 'it is refused' }), { status: refusal.status, headers })
    }
    if (!path.endsWith('/events')) return Response.json({ ...execution, status: 'interrupted' })
    const body = new ReadableStream<Uint8Array>({ start: (controller) => void (events = controller) })
    init?.signal?.addEventListener('abort', () => events?.error(init.signal?.reason), { once: true })
    open()
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  const session = createClient({ url: 'http://127.0.0.1:1', fetch: service, retries: 0 }).sessions.open('S')
  const ended = session.runCode('input()', options)
  let number = 0
  return {
    ended,
    typed,
    isAnswered,
    async say([type, data]: readonly [string, object]) {
      await isOpen
      events?.enqueue(new TextEncoder().encode(`event: ${type}\nid: ${++number}-0\ndata: ${JSON.stringify(data)}\n\n`))
    },
  }
}

test('an execution that ends while its question is open ends the call, and wants no answer', async () => {
  let isOver = false
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => (asked = resolve))
  const one = running({
    onInput: (_prompt, { signal }) => {
      signal.addEventListener('abort', () => (isOver = true))
      asked()
      return new Promise(() => undefined)
    },
  })
  await one.say(ASKS)
  await isAsked
  expect(isOver).toBe(false)
  await one.say(ENDS)
  expect(await one.ended).toMatchObject({ status: 'interrupted' })
  expect(isOver).toBe(true)
  expect(one.typed).toEqual([])
})

test('a second question takes the place of the first, whose answer is not sent', async () => {
  const answers: ((text: string) => void)[] = []
  let asked = () => {}
  const one = running({
    onInput: () =>
      new Promise((answer) => {
        answers.push(answer)
        asked()
      }),
  })
  const isAskedTwice = new Promise<void>((resolve) => {
    asked = () => {
      if (answers.length === 2) resolve()
    }
  })
  await one.say(ASKS)
  await one.say(ASKS)
  await isAskedTwice
  answers[0]?.('late')
  answers[1]?.('ada')
  await one.say(ENDS)
  await one.ended
  expect(one.typed).toEqual(['ada'])
})

test('what keeps a question from being answered ends the call with its reason', async () => {
  const one = running({ onInput: () => Promise.reject(new Error('nobody is there')) })
  const failed = expect(one.ended).rejects.toThrow('nobody is there')
  await one.say(ASKS)
  await failed
  const refused = running({ onInput: () => 'ada' }, [{ status: 413, code: 'too-large' }])
  const refusedEnd = expect(refused.ended).rejects.toThrow('it is refused')
  await refused.say(ASKS)
  await refusedEnd
})

test.each([
  { status: 409, code: 'not-waiting' },
  { status: 404, code: 'not-found' },
])('an answer that comes too late is missed by nobody: $code', async (late) => {
  const one = running({ onInput: () => 'ada' }, [late])
  await one.say(ASKS)
  await one.isAnswered
  await one.say(ENDS)
  expect(await one.ended).toMatchObject({ status: 'interrupted' })
})

test('a call that is ended wants no answer', async () => {
  const controller = new AbortController()
  let wanted: AbortSignal | undefined
  const one = running({
    signal: controller.signal,
    onInput: (_prompt, { signal }) => {
      wanted = signal
      controller.abort(new Error('left'))
      return new Promise(() => undefined)
    },
  })
  const failed = expect(one.ended).rejects.toThrow('left')
  await one.say(ASKS)
  await failed
  expect(wanted?.aborted).toBe(true)
})

test('code tells its id when it is taken, by which it alone is interrupted', async () => {
  const asked: string[] = []
  const service: typeof fetch = async (input, init) => {
    const { pathname, search } = new URL(input as string)
    asked.push(`${init?.method} ${pathname}${search}`)
    if (!pathname.endsWith('/events')) return Response.json(execution)
    return new Response(`event: execution\nid: 1-0\ndata: ${JSON.stringify(execution)}\n\n`)
  }
  const session = createClient({ url: 'http://127.0.0.1:1', fetch: service }).sessions.open('S')
  const ids: string[] = []
  await session.runCode('1', { onStart: ({ id }) => ids.push(id) })
  expect(ids).toEqual([execution.id])
  await session.contexts.interrupt(undefined, { execution: execution.id })
  await session.contexts.interrupt()
  expect(asked.slice(-2)).toEqual([
    `POST /v1/sessions/S/contexts/default/interrupt?execution=${execution.id}`,
    'POST /v1/sessions/S/contexts/default/interrupt',
  ])
})
