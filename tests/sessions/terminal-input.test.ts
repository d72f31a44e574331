import { expect, test } from '@jest/globals'
import { createTerminalInput, type TerminalCall } from '../../src/api/sessions/terminal-input.ts'
import { Problem } from '../../src/shared/problems.ts'
import { eventually } from '../support/eventually.ts'

/** Input of a terminal whose command answers as the function says. */
function start(answer: (operation: string) => void, refused: () => Promise<void> = () => Promise.resolve()) {
  const calls: string[] = []
  const flow: boolean[] = []
  const told: string[] = []
  let floods = 0
  const gone = new AbortController()
  const call: TerminalCall = (operation, asked, { bytes }) => {
    const size = 'size' in asked ? ` ${asked.size.columns}` : ''
    calls.push(`${operation}${bytes ? ` ${bytes.toString()}` : ''}${size}`)
    return Promise.resolve().then(() => answer(operation))
  }
  const input = createTerminalInput({
    command: 'c',
    call,
    refused(code) {
      told.push(code)
      return refused()
    },
    flooded: () => floods++,
    flow: (open) => flow.push(open),
    signal: gone.signal,
  })
  const ended = input.run()
  const end = () => {
    gone.abort()
    return ended
  }
  const say = (message: object) => input.push(Buffer.from(JSON.stringify(message)), false)
  return { input, say, end, calls, flow, told, floods: () => floods }
}

test('what is typed goes in order, and together what waits together', async () => {
  const { input, say, end, calls } = start(() => undefined)
  for (const text of ['a', 'b', 'c']) input.push(Buffer.from(text), true)
  say({ type: 'resize', columns: 100, rows: 30 })
  input.push(Buffer.from('d'), true)
  say({ type: 'eof' })
  await eventually('all calls', () => calls.length === 4)
  expect(calls).toEqual(['writeInput abc', 'resizeCommand 100', 'writeInput d', 'writeInput'])
  await end()
})

test('a signal overtakes input that the program does not read, and that goes on later', async () => {
  let isFull = true
  const { input, say, end, calls, flow } = start((operation) => {
    if (isFull && operation === 'writeInput') throw new Problem('not-waiting', 'it has enough before it')
    if (operation === 'signalCommand') isFull = false
  })
  input.push(Buffer.alloc(300 * 1024, 'x'), true)
  expect(flow).toEqual([false])
  say({ type: 'signal', signal: 'SIGINT' })
  await eventually('the input', () => calls.length >= 3 && flow.at(-1) === true)
  expect(calls.map((text) => text.slice(0, 12))).toEqual(['writeInput x', 'signalComman', 'writeInput x'])
  await end()
})

test('what cannot be used is told, and ends the connection when nothing else comes', async () => {
  const { input, end, told, floods } = start(() => undefined)
  for (let i = 0; i < 100; i++) input.push(Buffer.from('{'), false)
  await eventually('all answers', () => told.length === 100)
  expect(floods()).toBe(0)
  for (let i = 0; i < 3; i++) input.push(Buffer.from('{}'), false)
  await eventually('the end', () => floods() > 0)
  expect({ told: told.length, floods: floods() }).toEqual({ told: 100, floods: 1 })
  await end()
})

test('what can be used between what cannot be does not go on for ever', async () => {
  const { input, say, end, calls, told, floods } = start(() => undefined)
  for (let i = 0; i < 150; i++) {
    input.push(Buffer.from('{'), false)
    say({ type: 'resize', columns: 100, rows: 30 })
  }
  await eventually('the end', () => floods() === 1)
  expect({ told: told.length > 100, calls: calls.length < 150 }).toEqual({ told: true, calls: true })
  await end()
})

test('a client that does not read its answers is not read either', async () => {
  let read = () => {}
  const { input, end, told, flow } = start(
    () => undefined,
    () => new Promise((resolve) => (read = resolve)),
  )
  for (let i = 0; i < 5000; i++) input.push(Buffer.from('{'), false)
  await eventually('an answer', () => told.length > 0)
  expect({ told: told.length, flow }).toEqual({ told: 1, flow: [false] })
  read()
  await eventually('the next', () => told.length === 2)
  const ended = end()
  read()
  await ended
})
