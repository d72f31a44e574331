import { beforeEach, describe, expect, test } from '@jest/globals'
import type { JobSpec } from '../../src/shared/job.ts'
import { createCompiledPrograms } from '../../src/worker/judging/compiled-programs.ts'
import { createJudgeCell } from '../../src/worker/jobs/judge-sandbox.ts'
import type { MissingFiles } from '../../src/worker/sandbox/artifact-frames.ts'
import { nullSandbox, SUCCESS } from '../worker/null-sandbox.ts'
import { judgedSpec, judgeProgram, languageOf } from './judge-parts.ts'

const C = languageOf('c')
const PROGRAM = judgeProgram('testlib', C, 'int main() {}')
let compiled = createCompiledPrograms()
beforeEach(() => {
  compiled = createCompiledPrograms()
})

/** Judges one test. @returns what was done in the sandbox */
async function judgeOnce(more: Partial<JobSpec> = {}, program = PROGRAM, tests = 1): Promise<string[]> {
  const sandbox = nullSandbox()
  const done: string[] = []
  sandbox.writeFile = (path, mode) => void done.push(`${path} ${mode.toString(8)}`)
  sandbox.renew = async (from) => void done.push(`renew ${from}`)
  sandbox.run = async ({ args }) => {
    done.push(args[0] ?? '')
    return SUCCESS
  }
  sandbox.gather = async () => ({
    missing: { tooLarge: 0, unreadable: 0, unusable: 0, special: 0, deep: 0, stopped: null },
    files: [{ path: 'a.out', content: Buffer.from('elf') }],
    spilled: [],
  })
  const options = {
    spec: judgedSpec(more),
    program,
    role: 'checker',
    language: C,
    image: 'c:1',
    graceMs: 0,
    compiled,
  } as const
  const cell = createJudgeCell(sandbox, options)
  expect(await cell.prepare()).toBeUndefined()
  const files = { input: Buffer.from('i'), answer: Buffer.from('a'), output: Buffer.from('o') }
  for (let test = 0; test < tests; test++) {
    await cell.place(files)
    const { conclude } = await cell.run()
    await conclude()
    done.push('judged')
  }
  await cell.settle()
  return done
}

test('a judge’s program is compiled once, and kept for the tenant’s next jobs', async () => {
  const files = ['.judge/input.txt 644', '.judge/answer.txt 644', '.judge/output.txt 644', '.judge/feedback/.keep 644']
  const anew = ['main.c 644', 'gcc', 'renew folder', ...files, './a.out', 'renew folder', 'judged']
  expect(await judgeOnce()).toEqual(anew)
  expect(await judgeOnce()).toEqual(['main.c 644', 'a.out 755', ...files, './a.out', 'renew files', 'judged'])
  expect(await judgeOnce({ tenant: 'bob' })).toEqual(anew)
  expect(await judgeOnce({}, { ...PROGRAM, compilerArgs: ['-O3'] })).toEqual(anew)
})

test('the cell for the next test is made when the one before has been judged, and not again', async () => {
  const files = ['.judge/input.txt 644', '.judge/answer.txt 644', '.judge/output.txt 644', '.judge/feedback/.keep 644']
  const judged = [...files, './a.out', 'renew files', 'judged']
  await judgeOnce()
  expect(await judgeOnce({}, PROGRAM, 2)).toEqual(['main.c 644', 'a.out 755', ...judged, ...judged])
})

describe('of the feedback folder of a pass', () => {
  const NONE: MissingFiles = { tooLarge: 0, unreadable: 0, unusable: 0, special: 0, deep: 0, stopped: null }
  const kattis = { ...PROGRAM, protocol: 'kattis' } as const

  /** @param missing of the files that count, and of all */
  async function conclude(named: Partial<MissingFiles>, all: Partial<MissingFiles>, next = true) {
    const sandbox = nullSandbox()
    sandbox.gather = async ({ globs }) => {
      const isAll = globs.some((glob) => glob.endsWith('**'))
      const names = ['score.txt', ...(next ? ['nextpass.in'] : []), ...(isAll ? ['.keep', 'state'] : [])]
      return {
        missing: { ...NONE, ...(isAll ? all : named) },
        files: names.map((name) => ({ path: `.judge/feedback/${name}`, content: Buffer.from(name) })),
        spilled: [],
      }
    }
    const spec = judgedSpec({ judging: { checker: { type: 'program', program: kattis }, groups: [], passes: 2 } })
    const cell = createJudgeCell(sandbox, {
      spec,
      program: kattis,
      role: 'checker',
      language: C,
      image: 'c:1',
      graceMs: 0,
    })
    await cell.prepare()
    await cell.place({ input: Buffer.from('i'), answer: Buffer.from('a'), output: Buffer.from('o') })
    const run = await cell.run()
    const end = await run.conclude()
    await cell.settle()
    return end
  }

  test('only what is wrong with the files that count matters, and that others are cut off', async () => {
    const end = await conclude({}, { special: 2, unreadable: 1 })
    expect(end.unread).toBeUndefined()
    expect(end.next?.input.toString()).toBe('nextpass.in')
    expect([...(end.next?.feedback.keys() ?? [])]).toEqual(['state'])
    expect((await conclude({ special: 1 }, { special: 1 })).unread).toBe('1 neither a file nor a folder')
    expect((await conclude({}, { tooLarge: 1 })).unread).toBe('1 too large')
    expect((await conclude({}, { stopped: 'files' })).unread).toBe('too many')
  })

  test('nothing is kept where no other pass is asked for', async () => {
    const end = await conclude({}, { tooLarge: 1, stopped: 'files' }, false)
    expect(end).not.toHaveProperty('next')
    expect(end.unread).toBeUndefined()
    expect(end.files.get('score.txt')).toBe('score.txt')
  })
})
