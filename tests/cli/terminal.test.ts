import { expect, test } from '@jest/globals'
import { InvalidArgumentError } from 'commander'
import { parseLimit } from '../../src/cli/limit-option.ts'
import { liveLine } from '../../src/cli/live-line.ts'
import { paintFor, plain } from '../../src/cli/paint.ts'
import { printableLines, table } from '../../src/cli/table.ts'
import { until } from '../../src/cli/until.ts'
import { wholeNumber } from '../../src/cli/whole-number.ts'

test.each([
  { isTTY: true, env: {}, colours: true },
  { isTTY: false, env: {}, colours: false },
  { isTTY: true, env: { TERM: 'dumb' }, colours: false },
  { isTTY: true, env: { NO_COLOR: '1' }, colours: false },
  { isTTY: true, env: { NO_COLOR: '' }, colours: true },
  { isTTY: false, env: { FORCE_COLOR: '1' }, colours: true },
  { isTTY: true, env: { FORCE_COLOR: '0' }, colours: false },
  { isTTY: true, env: { FORCE_COLOR: '1', NO_COLOR: '1' }, colours: false },
])('colours are shown: $colours for a terminal: $isTTY, with $env', ({ isTTY, env, colours }) => {
  expect(paintFor({ isTTY }, env)('red', 'x')).toBe(colours ? '\x1b[31mx\x1b[39m' : 'x')
})

test('columns are as wide as what is shown, whatever its colour; control characters are not shown', () => {
  const columns = [
    { title: 'NAME', format: () => 'red' as const },
    { title: 'MS', align: 'right' as const },
    { title: 'X' },
  ]
  const rows = [
    ['a', '1', 'y'],
    ['b\x1b[2J', '1000', ''],
  ]
  const lines = ['NAME     MS  X', 'a         1  y', 'b?[2J  1000']
  expect(table(columns, rows, plain).split('\n')).toEqual(lines)
  const coloured = table(columns, rows, paintFor({ isTTY: true }, {}))
  expect(coloured).toContain('\x1b[31ma\x1b[39m')
  // oxlint-disable-next-line no-control-regex -- what colours are made of
  expect(coloured.replaceAll(/\x1b\[\d+m/g, '').split('\n')).toEqual(lines)
})

test('a message of several lines keeps them, and steers no terminal', () => {
  expect(printableLines('judge: \x1b]0;x\x07\r\n\tline 2\x9b2J')).toBe('judge: ?]0;x??\n\tline 2?2J')
})

test('a line that lives is drawn at a terminal only, and leaves nothing', () => {
  const written: string[] = []
  const out = (isTTY: boolean) =>
    Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, {
      isTTY,
      columns: 30,
      write: (text: string) => written.push(text) > 0,
    })
  const none = liveLine(out(false))
  none.show('hidden')
  none.clear()
  expect(written).toEqual([])
  const line = liveLine(out(true))
  line.clear()
  line.show('x'.repeat(50))
  line.clear()
  expect(written).toEqual([`\r\x1b[K${'x'.repeat(29)}`, '\r\x1b[K'])
})

test('a probe is made until it finds something, at least once; its errors come through', async () => {
  let probes = 0
  const third = () => Promise.resolve(++probes === 3 ? 'found' : undefined)
  const options = { everyMs: 1, timeoutMs: 60_000, fault: () => 'late' }
  expect(await until(third, options)).toBe('found')
  await expect(until(() => Promise.resolve(undefined), { ...options, timeoutMs: -1 })).rejects.toThrow('late')
  await expect(until(() => Promise.reject(new Error('broke')), options)).rejects.toThrow('broke')
  const signal = AbortSignal.abort()
  await expect(until(() => Promise.resolve(undefined), { ...options, signal })).rejects.toThrow('abort')
})

test('a whole number is one of its range, and the range is told', () => {
  expect(['1', '20'].map(wholeNumber(1, 20))).toEqual([1, 20])
  for (const text of ['0', '21', '1.5', '-1', '1e1', '', '99999999999999999999']) {
    expect(() => wholeNumber(1, 20)(text)).toThrow('It must be a whole number from 1 to 20.')
  }
})

test('limits take units of their own kind', () => {
  expect(parseLimit('wallMs=10s')).toEqual({ wallMs: 10_000 })
  expect(parseLimit('memoryBytes=64MiB', { wallMs: 1 })).toEqual({ wallMs: 1, memoryBytes: 67_108_864 })
  expect(parseLimit('processes=8')).toEqual({ processes: 8 })
  for (const text of ['wallMs=10MiB', 'memoryBytes=1s', 'processes=8s', 'wallMs=s', 'wallMs=1.5s', 'wall=1']) {
    expect(() => parseLimit(text)).toThrow(InvalidArgumentError)
  }
  expect(() => parseLimit('wallMs=1h')).toThrow('wallMs=10000, wallMs=10ms, wallMs=10s, wallMs=10m')
})
