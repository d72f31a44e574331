import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, expect, test } from '@jest/globals'
import type { CodeRequest } from '../../src/client/client.ts'
import { judge, type JudgeOptions } from '../../src/cli/jobs/judge.ts'
import { extended, shownTest } from '../../src/cli/jobs/one-test.ts'
import { plain } from '../../src/cli/paint.ts'
import type { Connection } from '../../src/cli/service/connection.ts'

const place = mkdtempSync(join(tmpdir(), 'runyard-judge-'))
afterAll(() => rmSync(place, { recursive: true }))
const never = new AbortController().signal

interface Written {
  stdout?: string
  stderr?: string
  judgeMessage?: string
}

/** Judges a program of a folder at a service that answers a wrong output to every test of the request. */
async function judged(name: string, files: Record<string, string>, options: JudgeOptions = {}, written: Written = {}) {
  for (const [path, text] of Object.entries({ 'submissions/accepted/a.py': '', ...files })) {
    const file = join(place, name, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const submitted: CodeRequest[] = []
  const { judgeMessage, stdout: wrote = '', stderr = '' } = written
  async function* stream() {
    const stages = (submitted[0]?.tests ?? []).map((one, index) => ({
      name: `test ${index + 1}`,
      test: { index, name: one.name },
      status: 'wrong-answer',
      wallMs: 1,
      cpuMs: 1,
      memoryPeakBytes: 0,
      judging: { verdict: 'wrong-answer', score: 0, points: 1, ...(judgeMessage !== undefined && { judgeMessage }) },
    }))
    for (const report of stages) {
      yield { type: 'stage', data: { phase: 'started', stage: report.name } }
      yield { type: 'stdout', data: { stage: report.name, data: wrote } }
      if (stderr !== '') yield { type: 'stderr', data: { stage: report.name, data: stderr } }
      yield { type: 'stage', data: { phase: 'ended', stage: report.name, report } }
    }
    const judging = { verdict: 'wrong-answer', score: 0, points: stages.length, groups: [], skipped: [] }
    yield { type: 'result', data: { id: 'j', message: null, stages, judging } }
  }
  const client = {
    runtimes: () => Promise.resolve([{ language: 'python', aliases: [], fileName: 'main.py', installed: true }]),
    async submit(request: CodeRequest) {
      submitted.push(request)
      return { id: 'j' }
    },
    stream,
  }
  const notes: string[] = []
  let shown = ''
  const stdout = new PassThrough().on('data', (chunk: Buffer) => (shown += chunk.toString()))
  const streams = { stdout, stderr: new PassThrough(), note: (text: string) => void notes.push(text) }
  const connection = { client } as unknown as Connection
  const program = join(place, name, 'submissions/accepted/a.py')
  await judge(join(place, name), program, options, connection, streams, { stop: never, hurry: never })
  return { notes, request: submitted[0], lines: shown.trimEnd().split('\n') }
}

const SECRET = {
  'sample/1.in': '1\n',
  'sample/1.ans': '1\n',
  'secret/2.in': '0 0\n\t0\u0007\n',
  'secret/2.ans': '1\n',
  'problem.json': '{"secret": true, "groups": [{"name": "sample"}, {"name": "secret", "requires": ["sample"]}]}',
}

test('what of the folder is not read is told once, and of much only the first', async () => {
  const few = await judged('few', { '1.in': '', '1.ans': '', '2.IN': '' })
  expect(few.notes).toEqual(['2.IN is no test; one would be called 2.in'])
  const many = ['2', '3', '4', '5', '6'].map((name) => [`${name}.IN`, ''])
  const { notes } = await judged('much', { '1.in': '', '1.ans': '', ...(Object.fromEntries(many) as object) })
  expect(notes).toHaveLength(4)
  expect(notes[3]).toBe(`and 2 more notes: runyard problem check ${join(place, 'much')} shows all`)
})

test('a secret test is hidden, and how to look into it is told', async () => {
  const { notes, lines, request } = await judged('hidden', SECRET)
  expect(lines.join()).not.toContain('input')
  expect(notes).toEqual(['--test sample/1 shows the input, the answer and the output of that test'])
  expect(request).toMatchObject({ secret: true, tests: [{ name: 'sample/1' }, { name: 'secret/2' }] })
})

test('a test that is named runs alone and is shown whole, though it is secret', async () => {
  const written = { stdout: '0\n', stderr: 'a warning', judgeMessage: 'the sum is wrong' }
  const { notes, lines, request } = await judged('named', SECRET, { test: 'secret/2' }, written)
  expect(request).toMatchObject({ secret: false, tests: [{ name: 'secret/2', secret: false }] })
  expect(request).not.toHaveProperty('groups')
  expect(request?.tests?.[0]).not.toHaveProperty('group')
  expect(notes).toEqual([])
  expect(lines.slice(1)).toEqual([
    expect.stringMatching(/^secret\/2 {2}wrong-answer .* 0\/1$/),
    '          the sum is wrong',
    '          line 1: expected "1", got "0"',
    'input:',
    '0 0',
    '\t0?',
    'answer:',
    '1',
    'output:',
    '0',
    'standard error:',
    'a warning',
    'wrong-answer: 0 of 1 points',
  ])
})

test('long texts are cut, and empty ones are said to be', async () => {
  const files = { '1.in': Array.from({ length: 50 }, () => 'x\n').join(''), '1.ans': 'y'.repeat(5000) }
  const { lines } = await judged('long', files, { test: '1' })
  const from = lines.indexOf('input:')
  expect(lines.slice(from)).toEqual([
    'input:',
    ...Array.from({ length: 40 }, () => 'x'),
    '... 20 more characters',
    'answer:',
    'y'.repeat(4000),
    '... 1000 more characters',
    'output: empty',
    'wrong-answer: 0 of 1 points',
  ])
})

test('what is left out of an output counts what was not kept of it', () => {
  const nothing = { text: '', left: 0 }
  const pieces = ['x'.repeat(5000), 'y'.repeat(5000), 'z'.repeat(5000)]
  const output = pieces.reduce((kept, piece) => extended(kept, piece, 6000), nothing)
  expect(output.text).toHaveLength(10_000)
  expect(shownTest({}, { output, errors: nothing }, plain)).toEqual([
    'input: empty',
    'output:',
    'x'.repeat(4000),
    '... 11000 more characters',
  ])
})

test('a test that is not there is refused, with the name that is meant', async () => {
  await expect(judged('unknown', SECRET, { test: 'secret/3' })).rejects.toThrow(
    'the problem has no test secret/3; did you mean secret/2?',
  )
})
