import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, expect, test } from '@jest/globals'
import type { CodeRequest, Runtime } from '../../src/client/client.ts'
import { checkProblem } from '../../src/cli/jobs/check-problem.ts'
import { judge } from '../../src/cli/jobs/judge.ts'
import type { Connection } from '../../src/cli/service/connection.ts'
import { readArchive } from '../../src/shared/judging/archive.ts'

const place = mkdtempSync(join(tmpdir(), 'runyard-check-problem-'))
afterAll(() => rmSync(place, { recursive: true }))

const runtime = (language: string, fileName: string, aliases: string[] = []) => ({
  language,
  aliases,
  fileName,
  installed: false,
})
/** Of a service in which no language is installed. */
const runtimes = [runtime('python', 'main.py', ['py3']), runtime('ruby', 'main.rb')] as unknown as Runtime[]
const connection = { client: { runtimes: () => Promise.resolve(runtimes) } } as unknown as Connection

function write(name: string, files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    const file = join(place, name, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return join(place, name)
}

async function checked(name: string, files: Record<string, string>) {
  write(name, files)
  const notes: string[] = []
  let written = ''
  const stdout = new PassThrough().on('data', (chunk: Buffer) => (written += chunk.toString()))
  const streams = { stdout, stderr: new PassThrough(), note: (text: string) => void notes.push(text) }
  const never = new AbortController().signal
  const exitCode = await checkProblem(join(place, name), { json: true }, connection, streams, {
    stop: never,
    hurry: never,
  })
  return { exitCode, notes: notes.slice(1), leftOut: (JSON.parse(written) as { leftOut: string[] }).leftOut }
}

const TEST = { '1.in': '', '1.ans': '' }

test('a problem none of whose programs can be run fails, and each is named with its reason', async () => {
  const files = {
    ...TEST,
    'submissions/accepted/a.py': '',
    'submissions/accepted/a.unknown': '',
    'submissions/accepted/README.md': '',
    'input_validators/README.md': '',
    'input_validators/v.rb': '',
    'input_validators/built/build': '',
    'input_validators/built/v.py': '',
  }
  expect(await checked('mixed', files)).toEqual({
    exitCode: 1,
    notes: [
      'not run, since their languages are not installed: submissions/accepted/a.py, input_validators/v.rb',
      'the operator can install them with: npx runyard languages install python ruby',
      'not run, since they are of no known language, of one that the problem does not allow, or need a script: submissions/accepted/a.unknown, input_validators/built',
      'nothing was checked: none of the programs of this problem can be run here',
    ],
    leftOut: [
      'submissions/accepted/a.py',
      'input_validators/v.rb',
      'submissions/accepted/a.unknown',
      'input_validators/built',
    ],
  })
})

test('a program in a language that the folder does not allow is left out', async () => {
  const files = {
    ...TEST,
    'problem.json': '{"languages": ["Py3"]}',
    'submissions/accepted/a.py': '',
    'submissions/accepted/b.rb': '',
  }
  const { notes, leftOut } = await checked('allowed', files)
  expect(leftOut).toEqual(['submissions/accepted/a.py', 'submissions/accepted/b.rb'])
  expect(notes.slice(0, 3)).toEqual([
    'not run, since their languages are not installed: submissions/accepted/a.py',
    'the operator can install them with: npx runyard languages install python',
    'not run, since they are of no known language, of one that the problem does not allow, or need a script: submissions/accepted/b.rb',
  ])
})

test('a problem without programs has nothing to fail', async () => {
  const files = { ...TEST, 'submissions/accepted/README.md': '' }
  expect(await checked('bare', files)).toEqual({ exitCode: 0, notes: [], leftOut: [] })
})

/** A service that takes what a gateway does: a job has 100 tests at most of its own, or a problem that is stored while it is submitted. */
function service() {
  const stored = new Map<string, { name: string; tests: number }>()
  const submitted: CodeRequest[] = []
  const all: { name: string; tests: number }[] = []
  const client = {
    runtimes: () => Promise.resolve([{ ...runtime('python', 'main.py'), installed: true }]),
    problems: {
      async create(name: string, archive: Uint8Array) {
        const files = readArchive(Buffer.from(archive), { maxBytes: 8e6, maxFiles: 1000 })
        const one = { name, tests: [...files.keys()].filter((path) => path.endsWith('.in')).length }
        stored.set('p', one)
        all.push(one)
        return { id: 'p' }
      },
      remove: async (id: string) => void stored.delete(id),
    },
    async submit(request: CodeRequest) {
      if ((request.tests?.length ?? 0) > 100) throw new Error('has too many tests')
      if (request.problem !== undefined && !stored.has(request.problem)) throw new Error('is not stored')
      submitted.push(request)
      return { id: 'j' }
    },
    wait: async () => ({ id: 'j', status: 'succeeded', message: null, stages: [], judging: { verdict: 'accepted' } }),
  }
  return { client, stored, submitted, all }
}
const testFiles = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`${at}.in`, '']).flatMap(([path = '', text]) => [
      [path, text],
      [path.replace('.in', '.ans'), ''],
    ]),
  )
const never = new AbortController().signal
const silent = () => ({ stdout: new PassThrough(), stderr: new PassThrough(), note: () => undefined })
const patient = { stop: never, hurry: never }

test.each([
  ['all of them', {}, 2],
  ['one alone', { test: 'secret/2' }, 1],
])(
  'tests of which one is larger than a job may be are stored while a program is judged with %s',
  async (what, options, tests) => {
    const name = `large-${what.replaceAll(' ', '-')}`
    const answers = { 'sample/1.ans': '', 'secret/2.ans': '' }
    const inputs = { 'sample/1.in': '', 'secret/2.in': 'x'.repeat(3 * 1024 * 1024) }
    const folder = write(name, { ...answers, ...inputs, 'submissions/accepted/a.py': '' })
    const { client, stored, submitted, all } = service()
    const program = join(folder, 'submissions/accepted/a.py')
    const connection = { client } as unknown as Connection
    expect(await judge(folder, program, { json: true, ...options }, connection, silent(), patient)).toBe(0)
    expect(submitted).toEqual([expect.objectContaining({ problem: 'p' })])
    expect([all, [...stored]]).toEqual([[{ name: `${name} (temporary, of runyard judge)`, tests }], []])
  },
)

test.each([100, 101])('a program is judged with the %d tests of a folder, and nothing stays stored', async (count) => {
  const folder = write(`judged-${count}`, { ...testFiles(count), 'submissions/accepted/a.py': '' })
  const { client, stored, submitted, all } = service()
  const program = join(folder, 'submissions/accepted/a.py')
  const limit = { wallMs: 9 }
  expect(
    await judge(folder, program, { json: true, limit }, { client } as unknown as Connection, silent(), patient),
  ).toBe(0)
  const ownLimits = { limits: limit, language: 'python' }
  expect(submitted).toEqual([
    expect.objectContaining(count > 100 ? { ...ownLimits, problem: 'p' } : { ...ownLimits, tests: expect.anything() }),
  ])
  const kept = { name: `judged-${count} (temporary, of runyard judge)`, tests: count }
  expect([all, [...stored]]).toEqual([count > 100 ? [kept] : [], []])
})

test('the example submissions of a folder of 101 tests are judged, and nothing stays stored when one cannot be', async () => {
  const examples = { 'submissions/accepted/a.py': '', 'submissions/accepted/b.py': '' }
  const folder = write('many', { ...testFiles(101), ...examples })
  const good = service()
  const check = ({ client }: ReturnType<typeof service>) =>
    checkProblem(folder, { json: true }, { client } as unknown as Connection, silent(), patient)
  expect(await check(good)).toBe(0)
  expect(good.submitted.map(({ problem, tests }) => [problem, tests])).toEqual([
    ['p', undefined],
    ['p', undefined],
  ])
  const bad = service()
  bad.client.submit = () => Promise.reject(new Error('away'))
  await expect(check(bad)).rejects.toThrow('away')
  expect([good.all.length, bad.all.length, good.stored.size, bad.stored.size]).toEqual([1, 1, 0, 0])
})

test('what is not read is told, one submission is one, and a test is called by its name', async () => {
  const files = { 'small.in': '', 'small.ans': '', '2.IN': '', 'submissions/accepted/a.py': '' }
  const folder = write('told', files)
  const { client } = service()
  const ended = {
    id: 'j',
    status: 'wall-time-limit',
    message: 'stage test 1 took longer than 4000 ms',
    stages: [{ name: 'test 1', test: { index: 0, name: 'small' }, cpuMs: 1 }],
    judging: { verdict: 'time-limit', score: 0, points: 1 },
  }
  const notes: string[] = []
  const slow = { ...client, wait: async () => ended }
  const streams = { ...silent(), note: (text: string) => void notes.push(text) }
  expect(await checkProblem(folder, {}, { client: slow } as unknown as Connection, streams, patient)).toBe(1)
  expect(notes).toEqual([
    `${folder} is a plain folder with 1 test and 1 example submission`,
    '2.IN is no test; one would be called 2.in',
    'accepted/a.py: test small took longer than 4000 ms',
  ])
})
