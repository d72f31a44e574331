import { expect, test } from '@jest/globals'
import { costOfCells, createCells, LEFT_OUT } from '../../src/api/compat/sandboxfusion/answer-budget.ts'
import type { Execution } from '../../src/shared/sessions/session.ts'

const done = (fields: Partial<Execution>) =>
  ({
    stdout: '',
    stderr: '',
    results: [],
    error: null,
    status: 'succeeded',
    message: null,
    ...fields,
  }) as unknown as Execution
const result = (text: string) => ({ data: { 'text/plain': text } }) as unknown as Execution['results'][number]

test('a cell that fits is whole', () => {
  expect(createCells(1000)(done({ stdout: 'a', stderr: 'b', results: [result('c')] }))).toEqual({
    stdout: 'a',
    stderr: 'b',
    display: [{ 'text/plain': 'c' }],
    error: [],
  })
})

test('all cells have one budget: text beyond it is cut, displays are left out, and it is said', () => {
  const cellOf = createCells(1000)
  expect(cellOf(done({ stdout: 'x'.repeat(600) })).stdout).toHaveLength(600)
  const second = cellOf(done({ stdout: '😀'.repeat(600), stderr: 'e', results: [result('y'.repeat(500))] }))
  expect(second.stdout).toMatch(/^(?:😀)+$/u)
  expect(Buffer.byteLength(second.stdout)).toBeLessThanOrEqual(400)
  expect(second).toMatchObject({ display: [], stderr: expect.stringContaining(LEFT_OUT) })
  const all = Array.from({ length: 256 }, () => cellOf(done({ stdout: '\u0001'.repeat(10_000) })))
  expect(JSON.stringify(all).length).toBeLessThan(256 * 250)
})

test('that a cell failed is told without room, too', () => {
  const error = { name: 'ValueError', value: 'v'.repeat(1e5), traceback: ['t'.repeat(1e5)] }
  const cell = createCells(0)(done({ status: 'failed', error }))
  expect(cell.error[0]).toMatchObject({ ename: 'ValueError', evalue: 'v'.repeat(4096), traceback: [''] })
  expect(cell.stderr).toBe(LEFT_OUT)
})

test.each([
  [4, 10, 4],
  [10, 10, 9],
  [256, 10, 9],
  [3, 1, 0],
])('%d cells cost, with a burst of %d, %d beside the request', (cells, burst, cost) => {
  expect(costOfCells(cells, burst)).toBe(cost)
})
