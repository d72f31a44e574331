import { describe, expect, test } from '@jest/globals'
import { AgentRefusal } from '../../src/worker/sessions/agent.ts'
import type { BridgeOrder, KernelMessage } from '../../src/worker/sessions/bridge-lines.ts'
import { ContextDead, createContext } from '../../src/worker/sessions/context.ts'
import type { RunningExecution } from '../../src/worker/sessions/execution.ts'
import type { KernelPlan } from '../../src/worker/sessions/kernel-plan.ts'
import { ContextBusy, createWaitingBytes } from '../../src/worker/sessions/waiting-bytes.ts'

/** A context with a kernel and a clock that do what the test says. */
function rig(
  outputBytes = 1000,
  unsentBytes = () => 0,
  waiting = createWaitingBytes(),
  plan: Partial<KernelPlan> = {},
  timeoutFactor = 1,
) {
  const orders: BridgeOrder[] = []
  /** Orders and events by what they are, in the order in which they came. */
  const log: string[] = []
  const timers: { ms: number; task: () => void; waits: boolean }[] = []
  const cpu: { usedMs: number; error?: Error; hangs?: true } = { usedMs: 70_000 }
  let kernels = 0
  const context = createContext({
    id: 'default',
    language: 'python',
    plan: { argv: ['kernel'], env: {}, cwd: '/job', interrupt: 'signal', ...plan },
    limits: { memoryBytes: 1024, outputBytes },
    send(order) {
      orders.push(order)
      log.push(order.do === 'send' ? order.type : order.do)
    },
    unsentBytes,
    waiting,
    cpu: {
      read() {
        if (cpu.hangs) return new Promise(() => undefined)
        return cpu.error ? Promise.reject(cpu.error) : Promise.resolve({ usedMs: cpu.usedMs, processes: 3 })
      },
    },
    tell: (event) => log.push(event.type === 'context' || event.type === 'execution' ? event.data.state : event.type),
    clock: {
      after(ms, task) {
        const timer = { ms, task, waits: true }
        timers.push(timer)
        return () => (timer.waits = false)
      },
    },
    nextKernel: () => `k${++kernels}`,
    timeoutFactor,
  })
  const ended: RunningExecution[] = []
  return {
    context,
    orders,
    log,
    ended,
    cpu,
    timers,
    ready: () => context.take({ event: 'ready', context: context.kernel, info: {} }),
    execute: (id: string, more: object = {}) =>
      context.execute(
        {
          id,
          context: 'default',
          code: id,
          timeoutMs: 5000,
          silent: false,
          allowInput: true,
          warnings: [],
          waitMs: 0,
          ...more,
        },
        (execution) => ended.push(execution),
      ),
    say: (parent: string, channel: string, type: string, content: object, more: Partial<KernelMessage> = {}) =>
      context.take({
        event: 'message',
        context: context.kernel,
        channel,
        type,
        id: 'm',
        parent,
        content: content as Record<string, unknown>,
        metadata: {},
        ...more,
      }),
    begin(parent: string) {
      this.say(parent, 'iopub', 'execute_input', { code: parent, execution_count: 1 })
    },
    finish(parent: string, status = 'ok') {
      this.say(parent, 'shell', 'execute_reply', { status, execution_count: 1 })
      this.say(parent, 'iopub', 'status', { execution_state: 'idle' })
    },
    die: (signal: number | null) =>
      context.take({ event: 'died', context: context.kernel, code: signal === null ? 1 : null, signal, asked: false }),
    /** How many timers of so many ms wait. */
    pending: (ms: number) => timers.filter((timer) => timer.ms === ms && timer.waits).length,
    /** Lets the last timer of so many ms go off. */
    elapse(ms: number) {
      const last = timers.filter((timer) => timer.ms === ms && timer.waits).at(-1)
      if (!last) throw new Error(`nothing waits for ${ms} ms`)
      last.waits = false
      last.task()
    },
    interrupts: () => orders.filter((order) => order.do === 'interrupt').length,
    sent: () => orders.flatMap((order) => (order.do === 'send' ? [order.id] : [])),
  }
}

test('executions wait until the kernel is ready, then run one at a time, in order', () => {
  const one = rig()
  one.execute('a')
  one.execute('b')
  expect(one.sent()).toEqual([])
  one.ready()
  expect(one.sent()).toEqual(['a'])
  one.finish('a')
  expect(one.sent()).toEqual(['a', 'b'])
  one.finish('b', 'error')
  expect(one.ended.map((execution) => execution.view().status)).toEqual(['succeeded', 'failed'])
  expect(one.context.view()).toMatchObject({ state: 'idle', queued: 0, executionCount: 1 })
})

test('a kernel has its code before anybody is told that it runs', () => {
  const one = rig()
  one.ready()
  one.log.length = 0
  one.execute('a')
  one.execute('b')
  expect(one.log).toEqual(['execute_request', 'busy', 'running'])
})

test('an execution gathers what its kernel says of it, and of it alone', () => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  one.say('a', 'iopub', 'stream', { name: 'stdout', text: 'out' })
  one.say('other', 'iopub', 'stream', { name: 'stdout', text: 'not mine' })
  one.say('a', 'iopub', 'stream', { name: 'stderr', text: 'err' })
  one.say('a', 'iopub', 'display_data', { data: { 'text/plain': '1' }, metadata: {}, transient: { display_id: 'd' } })
  one.say('a', 'iopub', 'update_display_data', {
    data: { 'text/plain': '2' },
    metadata: {},
    transient: { display_id: 'd' },
  })
  one.say('a', 'iopub', 'execute_result', { data: { 'text/plain': '3' }, metadata: {}, execution_count: 7 })
  one.say('a', 'iopub', 'error', { ename: 'E', evalue: 'v', traceback: ['t'] })
  one.finish('a', 'error')
  expect(execution.view()).toMatchObject({
    stdout: 'out',
    stderr: 'err',
    results: [
      { data: { 'text/plain': '2' }, isMainResult: false, displayId: 'd' },
      { data: { 'text/plain': '3' }, isMainResult: true },
    ],
    error: { name: 'E', value: 'v', traceback: ['t'] },
    status: 'failed',
  })
})

test('text and results beyond their bounds are left out, and that is said', () => {
  const one = rig(5)
  one.ready()
  const execution = one.execute('a')
  one.say('a', 'iopub', 'stream', { name: 'stdout', text: 'aäää' })
  one.say('a', 'iopub', 'stream', { name: 'stdout', text: 'more' })
  one.say('a', 'iopub', 'display_data', {}, { omitted: 9_000_000 })
  one.finish('a')
  expect(execution.view()).toMatchObject({ stdout: 'aää', results: [], truncated: true, status: 'succeeded' })
})

test('what a pager would show is output, within its bounds', () => {
  const one = rig(20)
  one.ready()
  const execution = one.execute('len?')
  one.say('len?', 'shell', 'execute_reply', {
    status: 'ok',
    execution_count: 1,
    payload: [
      { source: 'set_next_input', text: 'x = 1', replace: false },
      { source: 'page', data: { 'text/plain': 'Docstring: ä' }, start: 0 },
      { source: 'page', data: { 'text/html': '<b>' }, start: 0 },
      { source: 'page', data: { 'text/plain': 'beyond the bounds' }, start: 0 },
      'nothing',
    ],
  })
  one.say('len?', 'iopub', 'status', { execution_state: 'idle' })
  expect(execution.view()).toMatchObject({
    stdout: 'Docstring: ä\nbeyond',
    truncated: true,
    results: [],
    status: 'succeeded',
  })
  expect(one.log.filter((type) => type === 'stdout')).toHaveLength(1)
})

test.each([
  [false, 'it asked for input; run it with "allowInput": true to answer it'],
  [true, null],
])('code that asks in vain is told what to set, when it may ask: %s', (allowInput, message) => {
  const one = rig()
  one.ready()
  const execution = one.execute('input()', { allowInput })
  one.say('input()', 'iopub', 'error', { ename: 'StdinNotImplementedError', evalue: 'no input', traceback: [] })
  one.finish('input()', 'error')
  expect(execution.view()).toMatchObject({ status: 'failed', message, error: { value: 'no input' } })
})

test('output that is cleared is gone, at once or with the next', () => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  one.say('a', 'iopub', 'stream', { name: 'stdout', text: 'one' })
  one.say('a', 'iopub', 'clear_output', { wait: true })
  expect(execution.view().stdout).toBe('one')
  one.say('a', 'iopub', 'stream', { name: 'stdout', text: 'two' })
  expect(execution.view().stdout).toBe('two')
})

test('a program that clears without end is told of as often as it has shown something', () => {
  const one = rig()
  one.ready()
  one.execute('a')
  one.say('a', 'iopub', 'stream', { name: 'stdout', text: 'one' })
  for (let times = 0; times < 100; times++) one.say('a', 'iopub', 'clear_output', { wait: false })
  one.say('a', 'iopub', 'display_data', { data: { 'text/plain': 'two' } })
  for (let times = 0; times < 100; times++) one.say('a', 'iopub', 'clear_output', { wait: false })
  expect(one.log.filter((type) => type === 'output-cleared')).toHaveLength(2)
})

test('a result that is nested too deep to be written again is left out, and that is said', () => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  let deep: unknown = []
  for (let depth = 0; depth < 100_000; depth++) deep = [deep]
  one.say('a', 'iopub', 'display_data', { data: { 'application/json': deep } })
  one.say('a', 'iopub', 'display_data', { data: { 'text/plain': 'two' } })
  one.finish('a')
  expect(execution.view()).toMatchObject({
    status: 'succeeded',
    truncated: true,
    results: [{ data: { 'text/plain': 'two' } }],
  })
})

test('of a traceback only its lines of text are kept', () => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  const traceback = ['line 1', { toString: 1, valueOf: 1 }, [['line 2']], 'line 3']
  one.say('a', 'iopub', 'error', { ename: 'E', evalue: 'v', traceback })
  one.finish('a', 'error')
  expect(execution.view()).toMatchObject({
    status: 'failed',
    error: { name: 'E', value: 'v', traceback: ['line 1', 'line 3'] },
  })
})

test('an execution ends with its reply when the end of its output does not come', () => {
  const one = rig()
  one.ready()
  one.execute('a')
  one.say('a', 'shell', 'execute_reply', { status: 'ok', execution_count: 1 })
  expect(one.ended).toEqual([])
  one.elapse(2000)
  expect(one.ended.map((execution) => execution.view().status)).toEqual(['succeeded'])
})

test('an execution ends when its kernel does not reply behind the end of its output, and says so', () => {
  const one = rig()
  one.ready()
  one.execute('a')
  one.execute('b')
  one.begin('a')
  one.say('a', 'iopub', 'status', { execution_state: 'idle' })
  expect(one.ended).toEqual([])
  one.elapse(10_000)
  // Who told of the end may be the program: its kernel has the next code when it answers.
  expect(one.ended).toEqual([])
  expect(one.orders.at(-2)).toEqual({ do: 'interrupt', context: 'k1' })
  expect(one.orders.at(-1)).toMatchObject({ channel: 'shell', type: 'kernel_info_request' })
  const question = one.sent().at(-1) ?? ''
  one.say(question, 'iopub', 'status', { execution_state: 'busy' })
  expect(one.ended).toEqual([])
  one.say(question, 'shell', 'kernel_info_reply', { status: 'ok' })
  const why = 'its kernel did not say how it ended'
  expect(one.ended[0]?.view()).toMatchObject({
    status: 'failed',
    message: why,
    error: { name: 'KernelError', value: why, traceback: [] },
  })
  expect(one.log).toContain('error')
  expect(one.sent()).toEqual(['a', question, 'b'])
})

test.each([
  ['error', 'failed', 'it was interrupted: its kernel did not say within 10 s how it ended'],
  ['ok', 'succeeded', null],
])(
  'an execution whose program told of its end is interrupted, and ends as its kernel says then: %s',
  (said, status, message) => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.begin('a')
    one.say('a', 'iopub', 'status', { execution_state: 'idle' })
    one.elapse(10_000)
    one.say('a', 'shell', 'execute_reply', { status: said, ename: 'KeyboardInterrupt', evalue: '' })
    expect(one.ended[0]?.view()).toMatchObject({ status, message })
  },
)

test('a kernel that never began is interrupted once, and asked again before it is given up', () => {
  const one = rig()
  one.ready()
  one.execute('a')
  one.say('a', 'iopub', 'status', { execution_state: 'idle' })
  one.elapse(10_000)
  for (const ms of [100, 300, 900]) one.elapse(ms)
  expect(one.interrupts()).toBe(1)
  const [, first] = one.sent()
  one.elapse(5000)
  const [, , second = ''] = one.sent()
  expect(second).not.toBe(first)
  expect(one.orders.at(-1)).toMatchObject({ type: 'kernel_info_request', id: second })
  one.say(second, 'shell', 'kernel_info_reply', { status: 'ok' })
  expect(one.ended[0]?.view()).toMatchObject({ status: 'failed', message: 'its kernel did not say how it ended' })
  expect(one.context.view()).toMatchObject({ state: 'idle', restarts: 0 })
})

describe('a kernel that ends the output of code whose time is over', () => {
  const answers = (one: ReturnType<typeof rig>) => {
    expect(one.pending(3000)).toBe(0)
    one.say(one.sent().at(-1) ?? '', 'shell', 'kernel_info_reply', { status: 'ok' })
    expect(one.ended[0]?.view().status).toBe('wall-time-limit')
    expect(one.context.view()).toMatchObject({ state: 'idle', restarts: 0 })
  }
  const running = () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.begin('a')
    return one
  }

  test('is asked at once, and has the time to answer', () => {
    const one = running()
    one.elapse(5000)
    one.say('a', 'iopub', 'status', { execution_state: 'idle' })
    expect(one.orders.at(-1)).toMatchObject({ type: 'kernel_info_request' })
    one.elapse(100)
    expect(one.interrupts()).toBe(1)
    answers(one)
  })

  test('before that is asked when it is over', () => {
    const one = running()
    one.say('a', 'iopub', 'status', { execution_state: 'idle' })
    one.elapse(5000)
    expect(one.orders.slice(-2)).toMatchObject([{ do: 'interrupt' }, { type: 'kernel_info_request' }])
    answers(one)
  })

  test('and is asked already is not interrupted again', () => {
    const one = running()
    one.say('a', 'iopub', 'status', { execution_state: 'idle' })
    one.elapse(10_000)
    one.timers.find(({ ms }) => ms === 5000)?.task()
    expect(one.interrupts()).toBe(1)
    answers(one)
  })
})

test.each([
  ['that gives no reply and does not answer', false, 'failed', 'its kernel did not say how it ended'],
  ['that is interrupted, gives no reply and does not answer', true, 'interrupted', 'it was interrupted'],
])('a kernel %s is started anew', (_what, isInterrupted, status, why) => {
  const one = rig()
  one.ready()
  one.execute('a')
  one.execute('b')
  one.begin('a')
  if (isInterrupted) one.context.interrupt()
  one.say('a', 'iopub', 'status', { execution_state: 'idle' })
  if (!isInterrupted) one.elapse(10_000)
  expect(one.ended).toEqual([])
  one.elapse(10_000)
  const message = `${why}, and ${isInterrupted ? 'its kernel ' : ''}does not answer; the context was restarted`
  expect(one.ended.map((execution) => execution.view())).toMatchObject([
    { status, message },
    { status: 'cancelled', message: 'its context was restarted' },
  ])
  expect(one.orders.slice(-2)).toMatchObject([
    { do: 'stop', context: 'k1' },
    { do: 'start', context: 'k2' },
  ])
})

describe('an interrupt', () => {
  test('of one execution cancels that one where it waits, and leaves what runs and what waits beside it', () => {
    const one = rig()
    one.ready()
    for (const id of ['a', 'b', 'c']) one.execute(id)
    expect(one.context.interrupt('b')).toBe(true)
    expect(one.ended.map((execution) => [execution.id, execution.view().status])).toEqual([['b', 'cancelled']])
    expect(one.orders.some((order) => order.do === 'interrupt')).toBe(false)
    one.finish('a')
    expect(one.sent()).toEqual(['a', 'c'])
    expect(one.context.interrupt('b')).toBe(false)
  })

  test('ends what runs, and not what waits', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.execute('b')
    one.begin('a')
    expect(one.context.interrupt()).toBe(true)
    expect(one.orders.at(-1)).toEqual({ do: 'interrupt', context: 'k1' })
    one.finish('a', 'error')
    expect(one.ended.map((execution) => execution.view().status)).toEqual(['interrupted'])
    expect(one.sent()).toEqual(['a', 'b'])
  })

  test('that comes before the kernel has begun is passed on when it has', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.context.interrupt()
    expect(one.orders.at(-1)).toMatchObject({ do: 'send' })
    one.begin('a')
    expect(one.orders.at(-1)).toEqual({ do: 'interrupt', context: 'k1' })
  })

  test('in the first moments of an execution is sent again as long as that runs, a later one is not', () => {
    const one = rig()
    const { interrupts } = one
    one.ready()
    one.execute('a')
    one.begin('a')
    one.context.interrupt()
    one.elapse(100)
    one.elapse(300)
    expect(interrupts()).toBe(3)
    one.finish('a', 'error')
    expect(one.pending(900)).toBe(0)
    one.execute('b')
    one.begin('b')
    one.elapse(200)
    one.context.interrupt()
    expect([interrupts(), one.pending(100)]).toEqual([4, 0])
  })

  test('of a kernel that ends its turn without a reply is an end', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.begin('a')
    one.context.interrupt()
    one.say('a', 'iopub', 'status', { execution_state: 'idle' })
    expect(one.ended).toEqual([])
    expect(one.interrupts()).toBe(1)
    one.say(one.sent().at(-1) ?? '', 'shell', 'kernel_info_reply', { status: 'ok' })
    expect(one.ended.map((execution) => execution.view().status)).toEqual(['interrupted'])
  })

  test('is not sent to a kernel that is asked whether it is there: that could throw the question away', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.begin('a')
    one.say('a', 'iopub', 'status', { execution_state: 'idle' })
    for (const _ of [1, 2]) one.context.interrupt()
    expect([one.interrupts(), one.sent().length]).toEqual([1, 2])
    one.elapse(5000)
    one.context.interrupt()
    expect([one.interrupts(), one.sent().length]).toEqual([1, 3])
    one.say(one.sent().at(-1) ?? '', 'shell', 'kernel_info_reply', { status: 'ok' })
    expect(one.ended[0]?.view().status).toBe('interrupted')
  })

  test('that comes when its time is over waits for what the code does on the one before', () => {
    const interrupted = (isLong: boolean) => {
      const one = rig()
      one.ready()
      one.execute('a')
      one.begin('a')
      one.elapse(200)
      one.context.interrupt()
      if (isLong) one.elapse(3000)
      one.elapse(5000)
      return one.orders.filter((order) => order.do === 'interrupt').length
    }
    expect([interrupted(false), interrupted(true)]).toEqual([1, 2])
  })

  test('keeps that of the time limit back until the code had time for it, and no longer', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.begin('a')
    one.elapse(200)
    const waits = () => one.pending(3000)
    one.context.interrupt()
    one.context.interrupt()
    expect(waits()).toBe(1)
    one.elapse(5000)
    expect(one.interrupts()).toBe(2)
    one.context.interrupt()
    expect([one.interrupts(), waits()]).toEqual([3, 1])
    one.elapse(3000)
    expect(one.interrupts()).toBe(4)
    expect(one.ended).toEqual([])
    one.elapse(3000)
    expect(one.ended[0]?.view().status).toBe('interrupted')
    expect(one.orders.at(-1)).toMatchObject({ do: 'start', context: 'k2' })
  })

  test('is not sent again, nor is the kernel given up, once that has replied', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.begin('a')
    one.elapse(5000)
    one.say('a', 'shell', 'execute_reply', { status: 'error', ename: 'KeyboardInterrupt', evalue: '' })
    // The end of its output is lost.
    expect([100, 300, 900, 3000].map(one.pending)).toEqual([0, 0, 0, 0])
    one.elapse(2000)
    expect(one.ended[0]?.view().status).toBe('wall-time-limit')
    expect(one.interrupts()).toBe(1)
    expect(one.context.view()).toMatchObject({ state: 'idle', restarts: 0 })
  })

  test('of code that has replied is none, and neither is the end of its time', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.begin('a')
    one.say('a', 'shell', 'execute_reply', { status: 'error', ename: 'E', evalue: '' })
    expect(one.context.interrupt()).toBe(false)
    one.elapse(5000)
    expect(one.interrupts()).toBe(0)
    one.elapse(2000)
    expect(one.ended[0]?.view().status).toBe('failed')
  })

  test('that comes before the kernel has begun goes to none that tells of its end alone', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.context.interrupt()
    one.say('a', 'shell', 'execute_reply', { status: 'error', ename: 'E', evalue: '' })
    one.elapse(2000)
    expect(one.interrupts()).toBe(0)
    expect(one.ended[0]?.view().status).toBe('interrupted')
  })

  test('does not come amidst a probe when the kernel tells late that it has begun', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.context.interrupt()
    one.say('a', 'iopub', 'status', { execution_state: 'idle' })
    expect(one.orders.at(-1)).toMatchObject({ type: 'kernel_info_request' })
    one.begin('a')
    expect(one.interrupts()).toBe(0)
  })

  test('that came before the kernel had begun, with the end of its time, gives it its time anew', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.elapse(5000)
    expect([one.interrupts(), one.pending(3000)]).toEqual([1, 1])
    one.begin('a')
    expect(one.interrupts()).toBe(2)
    expect(one.timers.filter(({ ms }) => ms === 3000).map(({ waits }) => waits)).toEqual([false, true])
    one.elapse(3000)
    expect(one.ended[0]?.view()).toMatchObject({
      status: 'wall-time-limit',
      message: 'it ran for longer than 5000 ms, and its kernel did not heed an interrupt; the context was restarted',
    })
  })

  describe('that goes by a channel of its own', () => {
    const interrupted = (plan: Partial<KernelPlan> = { interrupt: 'message' }) => {
      const one = rig(1000, () => 0, createWaitingBytes(), plan)
      one.ready()
      one.execute('a')
      one.begin('a')
      one.elapse(200)
      one.context.interrupt()
      one.execute('b')
      return one
    }
    const reply = (one: ReturnType<typeof rig>) => one.say('i', 'control', 'interrupt_reply', { status: 'ok' })

    test('is answered before the next execution begins', () => {
      const one = interrupted()
      one.context.interrupt()
      one.finish('a', 'error')
      reply(one)
      expect(one.sent()).toEqual(['a'])
      reply(one)
      expect(one.sent()).toEqual(['a', 'b'])
    })

    test('is waited for a second at most', () => {
      const one = interrupted()
      one.finish('a', 'error')
      one.elapse(1000)
      expect(one.sent()).toEqual(['a', 'b'])
      reply(one)
      expect(one.pending(1000)).toBe(0)
    })

    test('whose answer comes too late is not answered for another by that', () => {
      const one = interrupted()
      one.finish('a', 'error')
      one.elapse(1000)
      one.begin('b')
      one.execute('c')
      one.context.interrupt()
      reply(one)
      one.finish('b', 'error')
      expect(one.sent()).toEqual(['a', 'b'])
      reply(one)
      expect(one.sent()).toEqual(['a', 'b', 'c'])
    })

    test('whose answer never comes delays what follows a second, and no later interrupts', () => {
      const one = interrupted()
      one.finish('a', 'error')
      one.elapse(1000)
      one.begin('b')
      one.execute('c')
      one.elapse(30_000)
      one.context.interrupt()
      one.finish('b', 'error')
      expect(one.sent()).toEqual(['a', 'b'])
      reply(one)
      expect(one.sent()).toEqual(['a', 'b', 'c'])
    })

    test('that is taken for one that never comes does not have that waited for anew', () => {
      const one = interrupted()
      one.finish('a', 'error')
      one.elapse(1000)
      one.begin('b')
      one.context.interrupt()
      reply(one)
      one.finish('b', 'error')
      one.elapse(1000)
      expect(one.pending(30_000)).toBe(1)
      one.elapse(30_000)
      one.execute('c')
      one.begin('c')
      one.execute('d')
      one.context.interrupt()
      one.finish('c', 'error')
      reply(one)
      expect(one.sent()).toEqual(['a', 'b', 'c', 'd'])
    })

    test('cancels what waits for that', () => {
      const one = interrupted()
      one.finish('a', 'error')
      expect(one.context.interrupt()).toBe(true)
      expect(one.ended.map((execution) => execution.view().status)).toEqual(['interrupted', 'cancelled'])
      expect(one.context.view().state).toBe('idle')
    })

    test('is forgotten with its kernel', () => {
      const one = interrupted()
      one.context.restart()
      one.ready()
      one.execute('c')
      expect(one.sent()).toEqual(['a', 'c'])
    })

    test.each([{ interrupt: 'signal' }, { interrupt: 'message', protocol: 'lines' }] as const)(
      'is not waited for where it cannot come late: %j',
      (plan) => {
        const one = interrupted(plan)
        one.finish('a', 'error')
        expect(one.sent()).toEqual(['a', 'b'])
      },
    )
  })

  test('comes when its time is over, and a kernel that does not heed it is started anew', () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.execute('b')
    one.elapse(5000)
    expect(one.orders.at(-1)).toEqual({ do: 'interrupt', context: 'k1' })
    one.elapse(3000)
    expect(one.ended.map((execution) => execution.view().status)).toEqual(['wall-time-limit', 'cancelled'])
    expect(one.orders.slice(-2)).toMatchObject([
      { do: 'stop', context: 'k1' },
      { do: 'start', context: 'k2' },
    ])
    one.ready()
    one.execute('c')
    expect(one.sent()).toEqual(['a', 'c'])
  })
})

describe('CPU time of an execution', () => {
  /** Lets pass what waits for what the agent says. */
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  /** Lets all timers but that of its whole time go off, and the look end that one of them is for. */
  const look = async ({ timers }: ReturnType<typeof rig>) => {
    for (const timer of timers.filter(({ ms, waits }) => waits && ms !== 5000)) {
      timer.waits = false
      timer.task()
    }
    await settled()
  }

  test('interrupts it when the session has used more since it began, and says so', async () => {
    const one = rig()
    one.ready()
    one.execute('a', { cpuMs: 1000 })
    one.execute('b')
    // What was used before is read first; meanwhile it waits.
    expect(one.sent()).toEqual([])
    expect(one.context.view()).toMatchObject({ state: 'idle', queued: 2 })
    await settled()
    expect(one.sent()).toEqual(['a'])
    one.begin('a')
    one.cpu.usedMs += 1000
    await look(one)
    expect(one.orders.at(-1)).toMatchObject({ do: 'send' })
    one.cpu.usedMs += 10
    await look(one)
    expect(one.orders.at(-1)).toEqual({ do: 'interrupt', context: 'k1' })
    one.say('a', 'iopub', 'error', { ename: 'KeyboardInterrupt', evalue: '', traceback: [] })
    one.finish('a', 'error')
    expect(one.ended[0]?.view()).toMatchObject({
      status: 'cpu-time-limit',
      message: 'the processes of the session used more than 1000 ms of CPU time while it ran',
      error: { name: 'KeyboardInterrupt' },
    })
    // The kernel is the same, and has its state.
    expect(one.sent()).toEqual(['a', 'b'])
    expect(one.context.view()).toMatchObject({ state: 'busy', restarts: 0 })
  })

  test('that is used is told together with what the kernel did not do then', async () => {
    const one = rig()
    one.ready()
    one.execute('a', { cpuMs: 1000 })
    await settled()
    one.begin('a')
    one.cpu.usedMs += 1010
    await look(one)
    one.elapse(3000)
    const used = 'the processes of the session used more than 1000 ms of CPU time while it ran'
    expect(one.ended[0]?.view()).toMatchObject({
      status: 'cpu-time-limit',
      message: `${used}, and its kernel did not heed an interrupt; the context was restarted`,
    })
  })

  test('is looked at no more once it has ended', async () => {
    const one = rig()
    one.ready()
    one.execute('a', { cpuMs: 1000 })
    await settled()
    one.finish('a')
    expect(one.timers.filter(({ waits }) => waits)).toEqual([])
  })

  test.each([
    [24, 'needs more open files than the session may have'],
    [5, 'fails (error 5)'],
  ])('that cannot be read before it (error %i) keeps it from running, and not the next', async (errno, why) => {
    const one = rig()
    one.ready()
    one.cpu.error = new AgentRefusal(errno)
    one.execute('a', { cpuMs: 1000 })
    one.execute('b')
    await settled()
    expect(one.ended[0]?.view()).toMatchObject({
      status: 'cancelled',
      message: `it did not run: reading the CPU time of the session ${why}`,
    })
    expect(one.sent()).toEqual(['b'])
  })

  test('that is not read in time keeps it from running, and not the next', async () => {
    const one = rig()
    one.ready()
    one.cpu.hangs = true
    one.execute('a', { cpuMs: 1000 })
    one.execute('b')
    one.elapse(10_000)
    expect(one.ended[0]?.view()).toMatchObject({
      status: 'cancelled',
      message: 'it did not run: the CPU time of the session could not be read within 10 s',
    })
    expect(one.sent()).toEqual(['b'])
  })

  test('that cannot be read since the session is lost leaves it to the end of that', async () => {
    const one = rig()
    one.ready()
    one.cpu.error = new Error('the agent has ended')
    one.execute('a', { cpuMs: 1000 })
    await settled()
    expect(one.ended).toEqual([])
    one.context.close('session-lost', 'its worker stopped')
    expect(one.ended[0]?.view()).toMatchObject({ status: 'session-lost', message: 'its worker stopped' })
  })

  test.each(['a', undefined])('is not waited for by one that is interrupted while it is read (%s)', async (named) => {
    const one = rig()
    one.execute('a', { cpuMs: 1000 })
    one.log.length = 0
    one.ready()
    // It is not told as starting until then.
    expect(one.log).toEqual(['idle'])
    expect(one.context.interrupt(named)).toBe(true)
    expect(one.ended[0]?.view()).toMatchObject({
      status: 'cancelled',
      startedAt: null,
      message: 'it was cancelled before it began',
    })
    expect(one.context.view()).toMatchObject({ state: 'idle', queued: 0 })
    one.execute('b')
    await settled()
    expect(one.sent()).toEqual(['b'])
  })

  test('interrupts once, also when its whole time is over as well', async () => {
    const one = rig()
    one.ready()
    one.execute('a', { cpuMs: 1000 })
    await settled()
    one.begin('a')
    one.cpu.usedMs += 5000
    await look(one)
    one.elapse(5000)
    expect(one.orders.filter((order) => order.do === 'interrupt')).toHaveLength(1)
    one.elapse(3000)
    expect(one.ended[0]?.view().status).toBe('cpu-time-limit')
  })

  test('that is read while its context is restarted begins nothing in the new kernel', async () => {
    const one = rig()
    one.ready()
    one.execute('a', { cpuMs: 1000 })
    one.context.restart()
    one.ready()
    await settled()
    expect(one.sent()).toEqual([])
    expect(one.ended[0]?.view()).toMatchObject({ status: 'cancelled', startedAt: null })
  })
})

describe('a kernel that dies', () => {
  test('takes with it what runs and waits, and says why', async () => {
    const one = rig()
    one.ready()
    one.execute('a')
    one.execute('b')
    one.die(9)
    expect(one.ended.map((execution) => execution.view().status)).toEqual(['context-lost', 'context-lost'])
    expect(one.context.view()).toMatchObject({ state: 'dead' })
    expect(one.context.view().message).toContain('memory limit of 1024 bytes')
    expect(() => one.execute('c')).toThrow(ContextDead)
    await expect(one.context.ask('complete_request', {})).rejects.toThrow(ContextDead)
    one.context.restart()
    one.ready()
    one.execute('d')
    expect(one.sent()).toEqual(['a', 'd'])
  })

  test('before it was ready fails who waits for that', async () => {
    const one = rig()
    one.die(null)
    await expect(one.context.ready).rejects.toThrow('exit code 1')
  })

  test('before it was ready fails those, too, who waited for one that was restarted', async () => {
    const one = rig()
    const first = one.context.ready
    one.context.restart()
    one.die(null)
    await expect(first).rejects.toThrow('exit code 1')
  })

  test('and was of an earlier start means nothing', () => {
    const one = rig()
    one.ready()
    one.context.restart()
    one.context.take({ event: 'died', context: 'k1', code: null, signal: 9, asked: true })
    expect(one.context.view().state).toBe('starting')
  })
})

test('on a slow machine a kernel has longer to start, and the CPU time of its session to be read', () => {
  const slow = rig(1000, () => 0, createWaitingBytes(), {}, 3)
  expect([slow.pending(60_000), slow.pending(180_000)]).toEqual([0, 1])
  slow.ready()
  slow.cpu.hangs = true
  slow.execute('a', { cpuMs: 1000 })
  slow.elapse(30_000)
  expect(slow.ended[0]?.view().message).toContain('could not be read within 30 s')
  const stuck = rig(1000, () => 0, createWaitingBytes(), {}, 3)
  stuck.elapse(180_000)
  expect(stuck.context.view()).toMatchObject({ state: 'dead', message: 'its kernel was not ready within 180 s' })
})

test('who waits for a kernel that is restarted before it is ready gets the next', async () => {
  const one = rig()
  const waiting: Promise<void>[] = [one.context.ready]
  one.context.restart()
  waiting.push(one.context.ready)
  one.context.restart()
  one.ready()
  expect(await Promise.all(waiting)).toHaveLength(2)
})

test('a context that is closed starts no kernel any more', async () => {
  const one = rig()
  const { ready } = one.context
  one.context.close('cancelled', 'its context was deleted')
  await expect(ready).rejects.toThrow('its context was deleted')
  expect(() => one.context.restart()).toThrow(ContextDead)
  expect(one.orders.map((order) => order.do)).toEqual(['start', 'stop'])
})

test('input is given to an execution that asks for it, once', () => {
  const one = rig()
  one.ready()
  one.execute('a')
  expect(one.context.input('a', 'x')).toBe(false)
  one.say('a', 'stdin', 'input_request', { prompt: '? ', password: false })
  expect(one.context.input('b', 'x')).toBe(false)
  expect(one.context.input('a', 'x')).toBe(true)
  expect(one.orders.at(-1)).toMatchObject({ channel: 'stdin', type: 'input_reply', content: { value: 'x' } })
  expect(one.context.input('a', 'x')).toBe(false)
})

test('questions get the content of their replies', async () => {
  const one = rig()
  one.ready()
  const asked = one.context.ask('complete_request', { code: 'pri', cursor_pos: 3 })
  one.say(one.sent().at(-1) ?? '', 'shell', 'complete_reply', { matches: ['print'] })
  expect(await asked).toEqual({ matches: ['print'] })
})

test('questions are as many as a busy kernel may have before it', async () => {
  let unsent = 5 * 1024 * 1024
  const one = rig(1000, () => unsent)
  one.ready()
  await expect(one.context.ask('complete_request', {})).rejects.toThrow(ContextBusy)
  unsent = 0
  const asked = Array.from({ length: 32 }, () => one.context.ask('complete_request', {}))
  await expect(one.context.ask('complete_request', {})).rejects.toThrow(ContextBusy)
  for (const id of one.sent()) one.say(id, 'shell', 'complete_reply', {})
  expect(await Promise.all(asked)).toHaveLength(32)
})

test('what waits has a bound in bytes, over all contexts of a session; what has begun or ended makes room', async () => {
  const code = 'x'.repeat(1024 * 1024)
  const waiting = createWaitingBytes()
  const [one, other] = [rig(1000, () => 0, waiting), rig(1000, () => 0, waiting)]
  one.ready()
  other.ready()
  for (const id of ['a', 'b', 'c', 'd']) one.execute(id, { code })
  for (const id of ['e', 'f', 'g']) other.execute(id, { code })
  const asked = other.context.ask('complete_request', { code: code.slice(0, -64) })
  expect(() => one.execute('h', { code })).toThrow(ContextBusy)
  expect(() => one.execute('h', { code })).toThrow(/ 8388\d{3} bytes of code, questions and messages.*over 8388608$/)
  expect(one.sent()).toEqual(['a'])
  one.begin('a')
  one.execute('i', { code })
  one.finish('a')
  expect(() => one.execute('h', { code })).toThrow(ContextBusy)
  await expect(other.context.ask('complete_request', { code })).rejects.toThrow(ContextBusy)
  other.say(other.sent().at(-1) ?? '', 'shell', 'complete_reply', {})
  await asked
  other.execute('j', { code })
  expect(() => other.execute('k', { code })).toThrow(ContextBusy)
  one.context.restart()
  other.execute('l', { code })
  other.die(9)
  one.execute('m', { code: code.repeat(8) })
})

test('code that alone is larger than the bound runs, and keeps others of its size out until its kernel has begun', () => {
  const waiting = createWaitingBytes()
  const [one, other] = [rig(1000, () => 0, waiting), rig(1000, () => 0, waiting)]
  const code = 'x'.repeat(9 * 1024 * 1024)
  one.ready()
  one.execute('a', { code })
  expect(one.sent()).toEqual(['a'])
  expect(() => other.execute('b', { code })).toThrow(ContextBusy)
  one.begin('a')
  other.execute('c', { code })
  one.finish('a')
  expect(() => one.execute('d', { code })).toThrow(ContextBusy)
})

test('small code and questions have room beside large code, of a bound of their own', async () => {
  const waiting = createWaitingBytes()
  const contexts = [rig(1000, () => 0, waiting), rig(1000, () => 0, waiting)] as const
  const [one, other] = contexts
  one.execute('a', { code: 'x'.repeat(9 * 1024 * 1024) })
  const code = 'x'.repeat(64 * 1024 - 1)
  for (const context of contexts) for (let n = 0; n < 64; n++) context.execute(`${n}`, { code })
  expect(() => one.execute('b', { code })).toThrow(ContextBusy)
  await expect(other.context.ask('complete_request', { code: code.slice(64) })).rejects.toThrow(ContextBusy)
  one.execute('c')
})

test('a bridge that does not read is sent no more code and input', () => {
  let unsent = 0
  const one = rig(1000, () => unsent)
  one.ready()
  one.execute('a')
  one.begin('a')
  one.say('a', 'stdin', 'input_request', { prompt: '?' })
  unsent = 5 * 1024 * 1024
  const before = one.orders.length
  for (const ask of [() => one.execute('b'), () => one.context.input('a', 'x')])
    expect(ask).toThrow(/has not read 5242880 bytes.*beyond 4194304$/)
  expect(one.orders).toHaveLength(before)
  unsent = 0
  expect(one.context.input('a', 'x')).toBe(true)
})

describe('a bridge that does not read', () => {
  const count = ({ orders }: ReturnType<typeof rig>, what: BridgeOrder['do']) =>
    orders.filter((order) => order.do === what).length

  test('is sent one interrupt of an execution, the next when it has read that', () => {
    let unsent = 0
    const one = rig(1000, () => unsent)
    one.ready()
    one.execute('a')
    one.begin('a')
    unsent = 5 * 1024 * 1024
    expect([one.context.interrupt(), one.context.interrupt()]).toEqual([true, true])
    one.elapse(100)
    expect(count(one, 'interrupt')).toBe(1)
    unsent = 0
    one.context.interrupt()
    expect(count(one, 'interrupt')).toBe(2)
  })

  test('does not keep an interrupt from an execution that it has not read: that has it when it begins', () => {
    let unsent = 0
    const one = rig(1000, () => unsent)
    one.ready()
    one.execute('a')
    unsent = 5 * 1024 * 1024
    expect([one.context.interrupt(), one.context.interrupt()]).toEqual([true, true])
    expect(count(one, 'interrupt')).toBe(0)
    one.begin('a')
    expect(count(one, 'interrupt')).toBe(1)
    one.finish('a', 'error')
    expect(one.ended.map((execution) => execution.view().status)).toEqual(['interrupted'])
  })

  test('is sent one restart of a context, which does for the next as long as it starts', () => {
    let unsent = 0
    const one = rig(1000, () => unsent)
    one.ready()
    one.execute('a')
    unsent = 5 * 1024 * 1024
    one.context.restart()
    one.context.restart()
    expect(one.orders.slice(-2).map((order) => [order.do, order.context])).toEqual([
      ['stop', 'k1'],
      ['start', 'k2'],
    ])
    expect(count(one, 'start')).toBe(2)
    expect(one.ended.map((execution) => execution.view().status)).toEqual(['cancelled'])
    // It may say so without having read anything.
    one.ready()
    expect(() => one.context.restart()).toThrow(ContextBusy)
    unsent = 0
    one.context.restart()
    expect(count(one, 'start')).toBe(3)
  })
})

test('an interrupt for one execution reaches no other', () => {
  const { context, ready, execute, orders } = rig()
  ready()
  execute('first')
  expect(context.interrupt('other')).toBe(false)
  expect(orders.some((order) => order.do === 'interrupt')).toBe(false)
  expect(context.interrupt('first')).toBe(true)
})

test('results count with their metadata, and in each place where they are shown', () => {
  const shows = { data: { 'text/plain': '1' }, metadata: {}, transient: { display_id: 'd' } }
  const large = { x: 'x'.repeat(3 * 1024 * 1024) }
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  for (let i = 0; i < 4; i++) one.say('a', 'iopub', 'display_data', shows)
  one.say('a', 'iopub', 'update_display_data', { ...shows, metadata: large })
  expect(execution.view()).toMatchObject({ truncated: true, results: Array(4).fill({ metadata: {} }) })
  expect(JSON.stringify(execution.view().results).length).toBeLessThan(1000)

  const other = rig()
  other.ready()
  const second = other.execute('a')
  for (let i = 0; i < 4; i++) other.say('a', 'iopub', 'display_data', { data: {}, metadata: large })
  const named = { data: {}, transient: { display_id: large.x } }
  for (let i = 0; i < 4; i++) other.say('a', 'iopub', 'display_data', named)
  expect(second.view()).toMatchObject({ truncated: true, results: { length: 2 } })
})

test('of an error that is too large its beginning is kept, its name too', () => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  const text = 'ä'.repeat(8 * 1024 * 1024)
  one.say('a', 'iopub', 'error', { ename: text, evalue: text, traceback: [text] })
  const { error, truncated } = execution.view()
  expect({ error, truncated }).toEqual({
    error: { name: 'ä'.repeat(512), value: 'ä'.repeat(2048), traceback: [] },
    truncated: true,
  })
})

test('an execution shows what came of a text that was too large, and is truncated', () => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  one.say('a', 'iopub', 'stream', { name: 'stderr', text: 'beginning' }, { omitted: 9_000_000 })
  one.finish('a', 'ok')
  expect(execution.view()).toMatchObject({ stdout: '', stderr: 'beginning', truncated: true, status: 'succeeded' })
})

test('an execution shows the plain text of a result that was too large, and is truncated', () => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  one.say('a', 'iopub', 'execute_result', { data: { 'text/plain': 'xx' } }, { omitted: 9_000_000 })
  one.finish('a', 'ok')
  const { results, truncated } = execution.view()
  expect({ results, truncated }).toEqual({
    results: [{ data: { 'text/plain': 'xx' }, metadata: {}, isMainResult: true }],
    truncated: true,
  })
})

test.each(['stream', 'error', 'execute_reply'])('an execution says that its %s was too large to come', (type) => {
  const one = rig()
  one.ready()
  const execution = one.execute('a')
  one.say('a', type === 'execute_reply' ? 'shell' : 'iopub', type, {}, { omitted: 9_000_000 })
  if (type === 'execute_reply') one.say('a', 'iopub', 'status', { execution_state: 'idle' })
  else one.finish('a', type === 'error' ? 'error' : 'ok')
  const error =
    type === 'stream'
      ? null
      : { name: 'Error', value: 'the error text was left out: 9000000 bytes are more than the limit', traceback: [] }
  expect(execution.view()).toMatchObject({ truncated: true, error, status: error ? 'failed' : 'succeeded' })
})
