import { expect, test } from '@jest/globals'
import {
  type CompiledProgram,
  compiledKey,
  createCompiledPrograms,
} from '../../src/worker/judging/compiled-programs.ts'
import type { CompiledStore } from '../../src/worker/judging/compiled-store.ts'
import { packProgram, unpackProgram } from '../../src/worker/judging/program-pack.ts'
import { createHash } from 'node:crypto'

const NEVER = new AbortController().signal
const key = (name: string, tenant = 'alice') => compiledKey({ tenant, name })
const program = (bytes: number): CompiledProgram => ({ files: [{ path: 'a', content: Buffer.alloc(bytes, 7) }] })

/** What two workers share. */
function sharedStore(): CompiledStore {
  const programs = new Map<string, CompiledProgram>()
  const begun = new Set<string>()
  return {
    find: async (hash) => programs.get(hash),
    save: async (hash, saved) => void programs.set(hash, saved),
    begin: async (hash) => {
      if (begun.has(hash)) return undefined
      begun.add(hash)
      return async () => void begun.delete(hash)
    },
    isBegun: async (hash) => begun.has(hash),
    close: async () => {},
  }
}

test('of what a worker keeps, that used longest ago goes first', async () => {
  const programs = createCompiledPrograms(10)
  const kept = async (...names: string[]) => {
    const found = await Promise.all(names.map((name) => programs.get(key(name))))
    return found.map((one) => one !== undefined)
  }
  programs.put(key('a'), program(4))
  programs.put(key('b'), program(4))
  expect(await kept('a')).toEqual([true])
  programs.put(key('c'), program(4))
  expect(await kept('a', 'b', 'c')).toEqual([true, false, true])
  programs.put(key('d'), program(11))
  expect(await kept('a', 'c', 'd')).toEqual([true, true, false])
})

test('one of all jobs on all workers compiles a program, and the others wait for it', async () => {
  const store = sharedStore()
  const workers = [createCompiledPrograms(1000, store), createCompiledPrograms(1000, store)]
  let compiled = 0
  const judge = async (worker = 0) => {
    const found = await workers[worker]?.getOrBegin(key('checker'), 60_000, NEVER)
    if (typeof found !== 'function') return found?.files[0]?.content.length
    compiled++
    await new Promise((resolve) => setImmediate(resolve))
    workers[worker]?.put(key('checker'), program(9))
    await found()
    return 9
  }
  expect(await Promise.all([judge(0), judge(1), judge(0), judge(1), judge(1)])).toEqual([9, 9, 9, 9, 9])
  expect(compiled).toBe(1)
  // Of another tenant it is another program.
  expect(await workers[0]?.get(key('checker', 'bob'))).toBeUndefined()
})

test('who has waited for a compilation that failed compiles by itself', async () => {
  const programs = createCompiledPrograms(1000, sharedStore())
  let compiled = 0
  const compileInVain = async () => {
    const end = await programs.getOrBegin(key('broken'), 60_000, NEVER)
    if (typeof end !== 'function') throw new Error('it was compiled')
    compiled++
    await new Promise((resolve) => setImmediate(resolve))
    await end()
  }
  await Promise.all(Array.from({ length: 5 }, compileInVain))
  expect(compiled).toBe(5)
})

test('a job that is cancelled waits no longer', async () => {
  const programs = createCompiledPrograms(1000, sharedStore())
  await programs.getOrBegin(key('slow'), 60_000, NEVER)
  const cancelled = new AbortController()
  const waiting = programs.getOrBegin(key('slow'), 60_000, cancelled.signal)
  cancelled.abort()
  expect(await waiting).toBeInstanceOf(Function)
})

test('a program is the same after it was packed, and one that was changed is refused', () => {
  const stage = { name: 'compile', status: 'succeeded' } as NonNullable<CompiledProgram['compilation']>['stage']
  const output = { bytes: Buffer.from('a warning\n'), order: Buffer.from([0, 10]) }
  const files = [
    { path: 'a.out', content: Buffer.from([0, 10, 255]) },
    { path: 'empty', content: Buffer.alloc(0) },
  ]
  for (const one of [{ files }, { files, compilation: { stage, output } }]) {
    const pack = packProgram(one)
    const sha256 = createHash('sha256').update(pack).digest('hex')
    expect(unpackProgram(pack, sha256)).toEqual(one)
    pack[pack.length - 1] = 1
    expect(() => unpackProgram(pack, sha256)).toThrow('other content')
  }
})
