import { expect, test } from '@jest/globals'
import { PLAIN } from '../../src/pages/playground/output/ansi.ts'
import { createOpenLine } from '../../src/pages/playground/output/open-line.ts'

const RED = { ...PLAIN, ink: 1 }
const plain = (text: string) => ({ text, style: PLAIN, source: 'stdout' as const })
const red = (text: string) => ({ text, style: RED, source: 'stdout' as const })

test('what looks alike becomes one run', () => {
  const line = createOpenLine()
  line.write(plain('a'))
  line.write(plain('b'))
  line.write(red('c'))
  expect(line.runs()).toEqual([plain('ab'), red('c')])
  expect(line.take()).toHaveLength(2)
  expect(line.runs()).toEqual([])
  expect(line.length()).toBe(0)
})

test('a carriage return lets the line be written over, as long as the new text is', () => {
  const line = createOpenLine()
  line.write(plain('50 % done'))
  line.toStart()
  line.write(red('60'))
  expect(line.runs()).toEqual([red('60'), plain(' % done')])
  line.toStart()
  line.write(plain('all that was there is gone'))
  expect(line.runs()).toEqual([plain('all that was there is gone')])
})

test('a backspace writes over the last, and erasing takes the rest', () => {
  const line = createOpenLine()
  line.write(plain('abc'))
  line.back()
  line.write(red('X'))
  expect(line.runs()).toEqual([plain('ab'), red('X')])
  for (let i = 0; i < 10; i++) line.back()
  line.write(plain('a'))
  line.erase()
  expect(line.runs()).toEqual([plain('a')])
  expect(line.length()).toBe(1)
})

test('it is what an array of cells would be, however it is written', () => {
  let seed = 7
  const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) % below
  for (let round = 0; round < 200; round++) {
    const line = createOpenLine()
    let cells: string[] = []
    let cursor = 0
    for (let step = 0; step < 30; step++) {
      const what = random(6)
      if (what < 3) {
        const text = 'abcdefgh'.slice(0, 1 + random(8))
        line.write(random(2) === 0 ? plain(text) : red(text))
        for (const letter of text) cells[cursor++] = letter
      } else if (what === 3) {
        line.toStart()
        cursor = 0
      } else if (what === 4) {
        line.back()
        cursor = Math.max(0, cursor - 1)
      } else {
        line.erase()
        cells = cells.slice(0, cursor)
      }
      expect(
        line
          .runs()
          .map(({ text }) => text)
          .join(''),
      ).toBe(cells.join(''))
      expect(line.length()).toBe(cells.length)
    }
  }
})
