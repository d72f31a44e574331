import { expect, test } from '@jest/globals'
import type { Client, SessionHandle, StreamedSessionEvent } from '../../src/client/client.ts'
import type { SessionRequest } from '../../src/client/api-types.ts'
import type { InstallOptions } from '../../src/client/environments.ts'
import type { CallOptions } from '../../src/client/http.ts'
import type { ExecutionOptions } from '../../src/client/session-executions.ts'
import { RunyardError } from '../../src/client/runyard-error.ts'
import { type Document, newCell } from '../../src/pages/notebook/model/cells.ts'
import { createNotebookSession } from '../../src/pages/notebook/session/notebook-session.ts'
import type { SessionSink } from '../../src/pages/notebook/session/session-state.ts'
import { MAX_TIMER_MS } from '../../src/shared/limits.ts'
import { eventually } from '../support/eventually.ts'

/** A service whose every answer and event the test decides, and a notebook of two cells that writes down what it is told. */
function setUp(
  packages: readonly string[] = [],
  created: (signal?: AbortSignal) => Promise<void> = async () => {},
  restarted: () => Promise<void> = async () => {},
) {
  const calls: string[] = []
  const limits: (number | undefined)[] = []
  const told: string[] = []
  const queue: StreamedSessionEvent[] = []
  let wake = () => {}
  let tellProgress: InstallOptions['onProgress']
  const started: ((id: string) => void)[] = []
  const refuse: ((error: unknown) => void)[] = []
  const patience: CallOptions['shouldRetry'][] = []
  const events = async function* () {
    for (;;) {
      const next = queue.shift()
      if (next) yield next
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  const call = (name: string) => async () => void calls.push(name)
  const handle = {
    id: 'S',
    events,
    end: call('end'),
    contexts: {
      interrupt: async (_context: undefined, { execution }: { execution: string }) =>
        void calls.push(`interrupt ${execution}`),
      restart: async () => {
        calls.push('restart')
        await restarted()
      },
    },
    executions: {
      start: (code: string, { timeoutMs }: ExecutionOptions) =>
        new Promise((resolve, reject) => {
          calls.push(`start ${code}`)
          limits.push(timeoutMs)
          started.push((id) => resolve({ id }))
          refuse.push(reject)
        }),
      input: (id: string, value: string) => call(`input ${id} ${value}`)(),
    },
  } as unknown as SessionHandle
  const sessions = {
    create: async ({ dependencies }: SessionRequest, { shouldRetry, signal, onProgress }: InstallOptions = {}) => {
      tellProgress = onProgress
      calls.push(['create', ...(dependencies ?? [])].join(' '))
      patience.push(shouldRetry)
      await created(signal)
      return handle
    },
    open: () => handle,
  } as unknown as Client['sessions']
  const cells: Document['cells'] = [
    { ...newCell('code', 'one'), id: 'a' },
    { ...newCell('code', 'two'), id: 'b' },
  ]
  const sink: SessionSink = {
    source: (id) => cells.find((cell) => cell.id === id)?.source,
    begin: (cell) => void told.push(`${cell} begins`),
    output: (cell, output) =>
      void told.push(`${cell} ${output.output_type} ${'text' in output ? output.text : ''}`.trim()),
    clear: (cell) => void told.push(`${cell} clears`),
    update: (id) => void told.push(`update ${id}`),
    count: (cell, count) => void told.push(`${cell} [${count}]`),
  }
  const session = createNotebookSession(
    { sessions },
    () => 'python',
    sink,
    (id) => told.push(`session ${id}`),
    undefined,
    () => packages,
  )
  const emit = (type: string, data: object) => {
    queue.push({ id: '1-0', type, data } as StreamedSessionEvent)
    wake()
  }
  const end = (id: string, status: string, executionCount: number) =>
    emit('execution', { id, state: 'finished', status, message: null, executionCount, truncated: false })
  const begun = (count: number) => eventually(`${count} executions were started`, () => started.length === count)
  const idle = () => eventually('nothing runs', () => session.state.get().queue.length === 0)
  const named = (place: number, id: string) => started[place]?.(id)
  const refused = (place: number, error: unknown) => refuse[place]?.(error)
  const progress = (words: string) => tellProgress?.(words)
  return { session, progress, patience, limits, calls, told, emit, end, begun, idle, named, refused }
}

test('cells run one after another in one session, each with its own output, also what came before the service had answered', async () => {
  const { session, calls, told, emit, end, begun, idle, named } = setUp()
  session.run(['a', 'b'])
  await begun(1)
  emit('stdout', { execution: 'other', data: 'of another' })
  emit('stdout', { execution: 'x', data: 'early' })
  named(0, 'x')
  end('x', 'succeeded', 1)
  await begun(2)
  named(1, 'y')
  emit('output-cleared', { execution: 'y' })
  emit('output-updated', { execution: 'y', displayId: 'd', data: {}, metadata: {}, isMainResult: false })
  end('y', 'succeeded', 2)
  await idle()
  expect(calls).toEqual(['create', 'start one', 'start two'])
  expect(told).toEqual([
    'session S',
    'a begins',
    'a stream early',
    'a [1]',
    'b begins',
    'b clears',
    'update d',
    'b [2]',
  ])
})

test('a cell that fails lets go of those behind it, and input is asked for and answered', async () => {
  const { session, calls, told, emit, end, begun, idle, named } = setUp()
  session.run(['a', 'b'])
  await begun(1)
  named(0, 'x')
  emit('input-request', { execution: 'x', context: 'default', prompt: 'Who? ', password: true })
  await eventually('it asks', () => session.state.get().input)
  await session.answer('me')
  emit('error', { execution: 'x', name: 'E', value: 'v', traceback: [] })
  end('x', 'failed', 1)
  await idle()
  expect(calls).toEqual(['create', 'start one', 'input x me'])
  expect(told).toEqual(['session S', 'a begins', 'a stream Who? ••', 'a error', 'a [1]'])
})

test('an interrupt keeps what waits from running, and a dead interpreter is started again by the next run', async () => {
  const { session, calls, end, begun, idle, named } = setUp()
  session.run(['a', 'b'])
  await begun(1)
  // It has no name yet: it is interrupted once it has, and what others run is not.
  await session.interrupt()
  named(0, 'x')
  end('x', 'context-lost', 1)
  await idle()
  expect(session.state.get().notes['a']).toMatch(/interpreter ended/)
  session.run(['b'])
  await begun(2)
  expect(calls).toEqual(['create', 'start one', 'interrupt x', 'restart', 'start two'])
})

test('an interrupt while a dead interpreter is started again keeps the cell from running, and no later one', async () => {
  let restarted = () => {}
  const { session, calls, told, end, begun, idle, named } = setUp(
    [],
    undefined,
    () => new Promise((resolve) => (restarted = resolve)),
  )
  session.run(['a'])
  await begun(1)
  named(0, 'x')
  end('x', 'context-lost', 1)
  await idle()
  // Nothing runs that this could mean.
  await session.interrupt()
  expect(session.state.get().interrupting).toBe(false)
  session.run(['a', 'b'])
  await eventually('it is started again', () => calls.includes('restart'))
  await session.interrupt()
  expect(session.state.get()).toMatchObject({ queue: ['a'], interrupting: true })
  restarted()
  await idle()
  expect(session.state.get().interrupting).toBe(false)
  session.run(['b'])
  await begun(2)
  expect(calls).toEqual(['create', 'start one', 'restart', 'start two'])
  expect(told).toEqual(['session S', 'a begins', 'a [1]', 'b begins'])
})

test('a session that ends says why, runs nothing more, and another one is started when it was forgotten', async () => {
  const { session, calls, told, emit, begun, idle, named } = setUp()
  session.run(['a', 'b'])
  await begun(1)
  named(0, 'x')
  emit('ended', { reason: 'idle', message: null })
  await idle()
  expect(session.state.get()).toMatchObject({ phase: 'ended', ended: 'Nothing happened in it for too long.' })
  expect(told.at(-1)).toBe('session null')
  session.run(['b'])
  expect(session.state.get().queue).toEqual([])
  session.forget()
  session.run(['b'])
  await begun(2)
  expect(calls).toEqual(['create', 'start one', 'create', 'start two'])
})

test('a cell runs for as long as its session may live, since a person ends what takes too long', async () => {
  const { session, limits, begun } = setUp()
  session.run(['a'])
  await begun(1)
  expect(limits).toEqual([MAX_TIMER_MS])
})

test('what is refused is told of its cell', async () => {
  const { session, begun, idle, refused } = setUp()
  const error = new RunyardError({ code: 'submission-blocked', status: 422, detail: 'not allowed' })
  session.run(['a', 'b'])
  await begun(1)
  refused(0, error)
  await idle()
  expect(session.state.get().notes).toEqual({ a: error })
  expect(session.state.get().phase).toBe('running')
})

test('a session begins with the packages of the notebook, and waits while they are installed', async () => {
  const { session, patience, calls, end, begun, idle, named } = setUp(['numpy>=2', 'six'])
  session.run(['a'])
  await begun(1)
  named(0, 'x')
  end('x', 'succeeded', 1)
  await idle()
  expect(calls).toEqual(['create numpy>=2 six', 'start one'])
  const refusal = (code: string) => ({ code }) as RunyardError
  expect(['unavailable', 'package-unknown'].map((code) => patience[0]?.(refusal(code)))).toEqual([true, false])
})

/** Answers of the service that come when the test says so, or never to whom does not wait any more. */
function answers() {
  const waiting: (() => void)[] = []
  const created = (signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      waiting.push(resolve)
      signal?.addEventListener('abort', () => reject(signal.reason as Error))
    })
  const asked = (count: number) => eventually(`${count} sessions were asked for`, () => waiting.length === count)
  return { created, asked, answer: (place: number) => waiting[place]?.() }
}

test('how far the packages are is told until the session has begun, and a start that was ended tells nothing', async () => {
  const { created, asked, answer } = answers()
  const { session, progress, begun } = setUp(['six'], created)
  const installing = () => session.state.get().installing
  session.run(['a'])
  await asked(1)
  progress('downloading six 1.17.0')
  expect(installing()).toBe('downloading six 1.17.0')
  await session.end()
  progress('building an image')
  expect(installing()).toBeNull()
  session.run(['a'])
  await asked(2)
  progress('building an image')
  expect(installing()).toBe('building an image')
  answer(1)
  await begun(1)
  expect(installing()).toBeNull()
})

test('a start that is ended begins no session, and what is run afterwards has its own', async () => {
  const { created, asked, answer } = answers()
  const { session, calls, told, begun } = setUp(['six'], created)
  for (const [place, end] of [() => session.end(), () => session.interrupt()].entries()) {
    session.run(['a', 'b'])
    await asked(place + 1)
    await end()
    expect(session.state.get()).toMatchObject({ phase: 'none', queue: [], problem: null })
  }
  session.run(['b'])
  await asked(3)
  answer(2)
  await begun(1)
  expect(calls).toEqual(['create six', 'create six', 'create six', 'start two'])
  expect(told).toEqual(['session S', 'b begins'])
})

test('a session that was made for a start that was ended is ended', async () => {
  let answer = () => {}
  const { session, calls, told } = setUp([], () => new Promise((resolve) => (answer = resolve)))
  session.run(['a'])
  await eventually('it is asked for', () => calls.length === 1)
  await session.end()
  answer()
  await eventually('it is ended', () => calls.includes('end'))
  expect([calls, told]).toEqual([['create', 'end'], []])
})

test('a session begins with the packages that were edited while it was started', async () => {
  const { created, asked, answer } = answers()
  const packages = ['six']
  const { session, calls, begun } = setUp(packages, created)
  session.run(['a'])
  await asked(1)
  packages.push('numpy')
  answer(0)
  await asked(2)
  answer(1)
  await begun(1)
  expect(calls).toEqual(['create six', 'end', 'create six numpy', 'start one'])
})
