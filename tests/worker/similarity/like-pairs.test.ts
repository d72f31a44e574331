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

test('others go on while one long program is read, and while many are compared', async () => {
  let pauses = 0
  const work = createWork(async () => void pauses++)
  const [prints] = await printsOf([program('a', LONG)], undefined, work)
  expect(pauses).toBeGreaterThan(2)
  pauses = 0
  const many = Array.from({ length: 100 }, (_, index) => ({ ...prints!, id: String(index) }))
  await likePairs([...many, ...(await printsOf(Array.from({ length: 101 }, (_, n) => program(`o${n}`, ''))))], work)
  expect(pauses).toBeGreaterThan(10)
})
