import { expect, test } from '@jest/globals'
import {
  createWork,
  fingerprintsOf,
  likePairs,
  marksOf,
  type Program,
} from '../../../src/worker/similarity/like-pairs.ts'

const PYTHON = marksOf({ id: 'python' })
const ORIGINAL = `
import sys

def read():
    return [int(word) for word in sys.stdin.read().split()]

def solve(numbers, target):
    best = 0
    for index, number in enumerate(numbers):
        if number + best < target and index % 2 == 0:
            best = max(best, number * 3 - index)
        elif number > 7:
            best -= number // 2
    return best

numbers = read()
print(solve(numbers[1:], numbers[0]))
`
/** The same with other names, comments, numbers and layout. */
const COPY = `
import sys  # mine
# all my own work

def lesen():
    return [int(w)
            for w in sys.stdin.read().split()]

def loese(zahlen, ziel):
    """ """
    b = 10
    for i, z in enumerate(zahlen):
        if z + b < ziel and i % 5 == 1:
            b = max(b, z * 4 - i)
        elif z > 99:
            b -= z // 3
    return b

zahlen = lesen()
print(loese(zahlen[1:], zahlen[0]))
`
const OTHER = `
n, *a = map(int, open(0).read().split())
a.sort(reverse=True)
total = 0
while a and n >= 0:
    n -= a.pop()
    total += 1
print({True: total, False: -1}[n >= 0])
for step in range(total):
    a.append((step, total ** 2, str(step)))
`
const program = (id: string, text: string, author?: string): Program => ({
  id,
  author,
  files: [{ path: 'main.py', text }],
})
const still = () => undefined
const printsOf = (programs: Program[], most?: number, work = createWork(async () => undefined)) =>
  Promise.all(programs.map((one) => fingerprintsOf(one, PYTHON, work, most)))
const compare = async (programs: Program[], least = 0.5) =>
  (await likePairs(await printsOf(programs), still)).filter(({ similarity }) => similarity >= least)

test('a program with other names, numbers, comments and layout is found, with its lines', async () => {
  const [pair, ...others] = await compare([program('a', ORIGINAL), program('b', OTHER), program('c', COPY)])
  expect(others).toEqual([])
  expect(pair).toMatchObject({ first: 'a', second: 'c' })
  expect(pair?.similarity).toBeGreaterThan(0.7)
  const [first] = pair?.parts ?? []
  expect(first?.first.path).toBe('main.py')
  expect(pair?.parts.some(({ first: { from, to }, second }) => from <= 10 && to >= 12 && second.to >= 14)).toBe(true)
})

test('programs of one author are not compared, nor is what all have', async () => {
  expect(await compare([program('a', ORIGINAL, 'x'), program('b', COPY, 'x')])).toEqual([])
  const given = ORIGINAL
  const extra = (name: string) => `${given}\n${OTHER.replaceAll('total', name).split('\n').slice(0, 2).join('\n')}`
  const many = Array.from({ length: 8 }, (_, index) => program(String(index), extra(`t${index}`)))
  expect(await compare(many)).toEqual([])
})

test('short and empty programs are alike to nothing', async () => {
  expect(
    await compare([program('a', ''), program('b', ''), program('c', 'print(1)'), program('d', 'print(1)')], 0),
  ).toEqual([])
})

/** Lines that are no repetition of others. */
const LONG = Array.from(
  { length: 800 },
  (_, n) =>
    `if a ${'+-*/%<>&|^'[n % 10]} ${'([{'[(n >> 3) % 3]} ${n.toString(2).replaceAll('0', ' for ').replaceAll('1', ' while ')}:`,
).join('\n')

test('of a long program the least fingerprints are kept, and copies are as alike as with all', async () => {
  const programs = [program('a', LONG), program('b', LONG), program('c', LONG.slice(0, LONG.length / 2))]
  const all = await printsOf(programs)
  const few = await printsOf(programs, 200)
  expect(all.every(({ by }) => by.size > 400)).toBe(true)
  expect(few.map(({ by }) => by.size)).toEqual([200, 200, 200])
  const pairs = await likePairs(few, still)
  expect(pairs.map(({ first, second }) => first + second).toSorted()).toEqual(['ab', 'ac', 'bc'])
})

test('what is kept of a long program is the same whatever comes first', async () => {
  const lines = LONG.split('\n')
  const halves = [lines.slice(0, 400).join('\n'), lines.slice(400).join('\n')]
  const [first, second] = halves.map((text, n) => ({ path: `${n}.py`, text }))
  const read = (files: Program['files'], most?: number) =>
    fingerprintsOf({ id: 'a', files }, PYTHON, still, most).then(({ by, upTo }) => ({ hashes: [...by.keys()], upTo }))
  const all = await read([first!, second!])
  const few = await read([first!, second!], 50)
  expect(all.upTo).toBe(Infinity)
  expect(few).toEqual({ hashes: all.hashes.slice(0, 50), upTo: all.hashes[49] })
  expect(all.hashes).toEqual(all.hashes.toSorted((a, b) => a - b))
  expect(await read([second!, first!], 50)).toEqual(few)
})

test('the 500 most alike of many pairs are found, most alike first', async () => {
  // 1,225 pairs, each with one to ten fingerprints that no other has.
  const of = Array.from(
    { length: 50 },
    () => new Map<number, { hash: number; path: string; from: number; to: number }>(),
  )
  const counts = new Map<string, number>()
  let hash = 0
  for (const [one, its] of of.entries()) {
    for (let other = one + 1; other < of.length; other++) {
      const count = 1 + ((one * 7 + other * 13) % 10)
      counts.set(`${one} ${other}`, count)
      for (let n = 0; n < count; n++) {
        const print = { hash: hash++, path: 'main.py', from: 1, to: 2 }
        its.set(print.hash, print)
        of[other]?.set(print.hash, print)
      }
    }
  }
  const programs = of.map((by, index) => ({ id: String(index), by, upTo: Infinity }))
  const expected = [...counts]
    .map(([pair, count]) => count / Math.min(...pair.split(' ').map((index) => of[Number(index)]?.size ?? 0)))
    .sort((a, b) => b - a)
    .slice(0, 500)
    .map((similarity) => Math.round(similarity * 1000) / 1000)
  expect((await likePairs(programs, still)).map(({ similarity }) => similarity)).toEqual(expected)
})

/** A clock that goes on by so much whenever it is read. */
const clock = (ms: number) => {
  let now = 0
  return () => (now += ms)
}

test('others go on whenever the clock says that it is time, while one long program is read and while many are compared', async () => {
  let pauses = 0
  const work = (ms: number) => createWork(async () => void pauses++, clock(ms))
  await printsOf([program('a', LONG)], undefined, work(0))
  expect(pauses).toBe(0)
  const [prints] = await printsOf([program('a', LONG)], undefined, work(3))
  expect(pauses).toBeGreaterThan(20)
  pauses = 0
  await printsOf([program('a', `/${'*'.repeat(1_000_000)}/`)], undefined, work(3))
  expect(pauses).toBeGreaterThan(200)
  pauses = 0
  const told: number[] = []
  const many = Array.from({ length: 100 }, (_, index) => ({ ...prints!, id: String(index) }))
  const others = await printsOf(Array.from({ length: 101 }, (_, n) => program(`o${n}`, '')))
  await likePairs([...many, ...others], work(3), (part) => void told.push(part))
  expect(pauses).toBeGreaterThan(100)
  expect(told.some((part) => part > 0.4 && part < 0.6)).toBe(true)
  expect(told.every((part) => part >= 0 && part <= 1)).toBe(true)
})
