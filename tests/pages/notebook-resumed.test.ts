import { expect, test } from '@jest/globals'
import type { Client, SessionHandle, StreamedSessionEvent } from '../../src/client/client.ts'
import { emptyDocument, type Output } from '../../src/pages/notebook/model/cells.ts'
import { inLanguage, languageOf, readNotebook, writeNotebook } from '../../src/pages/notebook/model/ipynb.ts'
import { extensionOf, MORE_LIFETIME_MS } from '../../src/pages/notebook/session/extension.ts'
import { createNotebookSession } from '../../src/pages/notebook/session/notebook-session.ts'
import type { SessionSink } from '../../src/pages/notebook/session/session-state.ts'
import { eventually } from '../support/eventually.ts'

/** A session of before in Python, whose every event the test decides, and a notebook that has the cell `a`. */
function setUp(language = 'python') {
  const told: string[] = []
  const queue: StreamedSessionEvent[] = []
  let wake = () => {}
  const events = async function* () {
    for (;;) {
      const next = queue.shift()
      if (next) yield next
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  const sessions = {
    open: () => ({ id: 'S', events }) as unknown as SessionHandle,
    get: async () => ({ state: 'running', language: 'python' }),
    end: async (id: string) => void told.push(`end ${id}`),
  } as unknown as Client['sessions']
  const sink = {
    source: (cell: string) => (cell === 'a' ? 'one' : undefined),
    begin: (cell: string) => void told.push(`${cell} begins`),
    output: (cell: string, output: Output) => void told.push(`${cell} ${'text' in output ? output.text : ''}`),
    count: (cell: string, count: number) => void told.push(`${cell} [${count}]`),
  } as unknown as SessionSink
  const session = createNotebookSession(
    { sessions },
    () => language,
    sink,
    (id) => told.push(`session ${id}`),
    (ran) => told.push(`runs ${ran?.cell}`),
  )
  const emit = (type: string, data: object) => {
    queue.push({ id: '1-0', type, data } as StreamedSessionEvent)
    wake()
  }
  return { session, told, emit }
}

test('a cell that ran when the page was loaded anew goes on with all its output', async () => {
  const { session, told, emit } = setUp()
  expect(await session.resume('S', { cell: 'a', execution: 'x' })).toBe(true)
  expect(session.state.get().queue).toEqual(['a'])
  emit('stdout', { execution: 'older', data: 'of another' })
  emit('stdout', { execution: 'x', data: 'before and after' })
  emit('execution', { id: 'x', state: 'finished', status: 'succeeded', message: null, executionCount: 2 })
  await eventually('it has ended', () => session.state.get().queue.length === 0)
  expect(told).toEqual(['session S', 'a begins', 'a before and after', 'a [2]', 'runs undefined'])
})

test('a session goes on where the cell that ran is gone', async () => {
  const { session } = setUp()
  expect(await session.resume('S', { cell: 'deleted', execution: 'x' })).toBe(true)
  expect(session.state.get()).toMatchObject({ phase: 'running', queue: [] })
})

test('a session of another language than the notebook has now is ended', async () => {
  const { session, told } = setUp('r')
  expect(await session.resume('S', null)).toBe(false)
  expect(told).toEqual(['end S'])
})

test('that a session ends is told until it is extended; use puts off only the end of an idle one', async () => {
  const { session, emit } = setUp()
  const seen: (string | undefined)[] = []
  session.state.subscribe(() => {
    const reason = session.state.get().ending?.reason
    if (seen.length === 0 || seen.at(-1) !== reason) seen.push(reason)
  })
  await session.resume('S', null)
  const ends = (reason: string) => emit('ending', { reason, endsAt: '2026-01-01T00:00:00.000Z' })
  ends('idle')
  emit('execution', { id: 'x', state: 'running' })
  ends('lifetime')
  emit('execution', { id: 'x', state: 'running' })
  ends('idle')
  emit('session', { state: 'running' })
  ends('lifetime')
  await eventually('all of it was told', () => seen.length >= 7)
  expect(seen).toEqual([undefined, 'idle', undefined, 'lifetime', 'idle', undefined, 'lifetime'])
})

test('an extension is of the time that runs out', () => {
  const times = { idleTimeoutMs: 1000, maxLifetimeMs: 5000 }
  expect(extensionOf(times, 'idle')).toEqual({ idleTimeoutMs: 1000 })
  expect(extensionOf(times, 'lifetime')).toEqual({ maxLifetimeMs: 5000 + MORE_LIFETIME_MS })
})

test('the language that is chosen is that of the notebook when it is read again', () => {
  const notebook = { ...emptyDocument(), metadata: { language_info: { name: 'python', version: '3' }, own: 1 } }
  const chosen = readNotebook(writeNotebook(inLanguage(notebook, { language: 'r', name: 'R' })))
  expect(languageOf(chosen.metadata)).toBe('r')
  expect(chosen.metadata).toMatchObject({ kernelspec: { name: 'ir' }, own: 1 })
  expect(inLanguage(notebook, { language: 'python', name: 'Python' })).toBe(notebook)
})
