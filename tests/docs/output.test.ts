import { expect, test } from '@jest/globals'
import { matchOutput } from '../support/doc-output.ts'

const event = (id: number, type: string, data: string, stage = 'run') =>
  `id: 179547768924${id}-0\nevent: ${type}\ndata: ${JSON.stringify({ stage, data, encoding: 'utf-8' })}\n\n`
const shown = 'event: stdout\ndata: {"stage":"run","data":"42\\n","encoding":"utf-8"}'

test.each([
  ['in one event', event(1, 'stdout', '42\n'), true],
  ['in several', event(1, 'stdout', '4') + event(2, 'stdout', '2') + event(3, 'stdout', '\n'), true],
  ['of another stream in between', event(1, 'stdout', '4') + event(2, 'stderr', '2\n'), false],
  ['of another stage', event(1, 'stdout', '4', 'compile') + event(2, 'stdout', '2\n'), false],
  ['of two lines', event(1, 'stdout', '4\n') + event(2, 'stdout', '2\n'), false],
])('a line of output %s', (_title, actual, matches) => {
  expect(matchOutput(`...${shown}...`, actual) !== undefined).toBe(matches)
})

test('events of whole lines stay events of their own', () => {
  const found = matchOutput(
    'id: 1795416816364-0...id: 1795416816666-0...',
    event(1, 'stdout', '1\n') + event(2, 'stdout', '2\n'),
  )
  expect(found?.get('1795416816666-0')).toBe('1795477689242-0')
})
