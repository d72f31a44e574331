import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, expect, test } from '@jest/globals'
import type { Runtime } from '../../src/client/client.ts'
import { checkProblem } from '../../src/cli/jobs/check-problem.ts'
import type { Connection } from '../../src/cli/service/connection.ts'

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

async function checked(name: string, files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    const file = join(place, name, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
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
