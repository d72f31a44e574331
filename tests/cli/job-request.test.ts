import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { requestOf } from '../../src/cli/jobs/request.ts'
import { verdict } from '../../src/cli/jobs/show-events.ts'
import { withUploads } from '../../src/cli/jobs/uploads.ts'
import type { JobSummary, StoredFile } from '../../src/client/client.ts'
import { KIB } from '../../src/shared/units.ts'

let folder: string
let uploaded: { name: string; ttlSeconds: number | undefined }[]
let removed: string[]
const client = {
  runtimes: () => Promise.reject(new Error('the language is given')),
  files: {
    put(_content, { name = '', ttlSeconds } = {}) {
      uploaded.push({ name, ttlSeconds })
      return Promise.resolve({ id: `id of ${name}` } as StoredFile)
    },
    remove(id) {
      removed.push(id)
      return Promise.reject(new Error('it is gone already'))
    },
  },
} satisfies Parameters<typeof withUploads>[0]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-request-'))
  uploaded = []
  removed = []
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const write = async (name: string, content: string) => {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}
const javascript = { language: 'javascript' }
const paths = (files: readonly { path: string }[] | undefined) => files?.map(({ path }) => path)

test('packages are named by --with and --dependency, and a set of them by --environment', async () => {
  const program = await write('main.py', 'import numpy')
  const named = await requestOf(program, [], { language: 'python', dependency: ['pandas'], with: ['numpy>=2'] }, client)
  expect(named).toEqual({ language: 'python', code: 'import numpy', dependencies: ['pandas', 'numpy>=2'] })
  const set = await requestOf(program, [], { language: 'python', environment: 'python/data' }, client)
  expect(set).toEqual({ language: 'python', code: 'import numpy', environment: 'python/data' })
})

test.each(['dependencies', 'optionalDependencies'])(
  'a program for Node.js brings a package.json along that has %s, and its lock',
  async (field) => {
    const program = await write('main.js', 'require("lodash")')
    await write('package.json', JSON.stringify({ [field]: { lodash: '4' } }))
    await write('package-lock.json', '{}')
    const request = await requestOf(program, [], javascript, client)
    expect(paths(request.files)).toEqual(['main.js', 'package.json', 'package-lock.json'])
  },
)

test('the command says which packages of the program are passed over when it names others', async () => {
  const notes: string[] = []
  const make = (program: string, options: Parameters<typeof requestOf>[2]) =>
    requestOf(program, [], options, client, (text) => void notes.push(text))
  const python = { language: 'python' }
  const own = await write('own.py', '# /// script\n# dependencies = ["rich"]\n# ///\nimport rich\n')
  const plain = await write('plain.py', 'import rich\n')
  const empty = await write(
    'empty.py',
    '# /// script\n# requires-python = ">=3.12"\n# dependencies = []\n# ///\n# dependencies = ["rich"]\n',
  )
  const node = await write('main.js', 'require("lodash")')
  await write('package.json', JSON.stringify({ dependencies: { lodash: '4' } }))
  await make(own, python)
  await make(plain, { ...python, with: ['rich'] })
  await make(empty, { ...python, with: ['rich'] })
  await make(node, javascript)
  expect(notes).toEqual([])
  await make(own, { ...python, with: ['numpy'] })
  await make(node, { ...javascript, environment: 'javascript/web' })
  expect(notes).toEqual([
    `the packages that ${own} names are not used: --with is given`,
    `the packages that ${join(folder, 'package.json')} names are not used: --environment is given`,
  ])
})

test('a package.json stays behind that names no packages, or that the command overrides', async () => {
  const program = await write('main.js', '1')
  await write('package.json', JSON.stringify({ type: 'module' }))
  expect(paths((await requestOf(program, [], javascript, client)).files)).toBeUndefined()
  await write('package.json', JSON.stringify({ dependencies: { lodash: '4' } }))
  for (const options of [{ with: ['zod'] }, { environment: 'javascript/web' }])
    expect(paths((await requestOf(program, [], { ...javascript, ...options }, client)).files)).toBeUndefined()
})

test('what names packages goes with the request however large it is, and other large files are uploaded', async () => {
  const program = await write('main.js', '1')
  await write('package.json', JSON.stringify({ dependencies: { lodash: '4' } }))
  await write('package-lock.json', JSON.stringify({ padding: 'x'.repeat(600 * KIB) }))
  const file = [await write('data.csv', 'x'.repeat(550 * KIB))]
  const { files } = await requestOf(program, [], { ...javascript, file }, client)
  expect(uploaded).toEqual([{ name: 'data.csv', ttlSeconds: 86_400 }])
  expect(paths(files?.filter((one) => 'content' in one))).toEqual(['main.js', 'package.json', 'package-lock.json'])
})

test('a package.json that is no JSON is sent, so that the service says what is wrong with it', async () => {
  const program = await write('main.js', '1')
  await write('package.json', '{"dependencies": {"lodash": "4",}}')
  expect(paths((await requestOf(program, [], javascript, client)).files)).toEqual(['main.js', 'package.json'])
})

test.each(['accepted', 'refused'])('what is uploaded for a submission is deleted when it was %s', async (outcome) => {
  const program = await write('main.js', '1')
  const file = [await write('data.csv', 'x'.repeat(550 * KIB))]
  const submitted = withUploads(client, async (uploading) => {
    const { files } = await requestOf(program, [], { ...javascript, file }, uploading)
    expect(removed).toEqual([])
    if (outcome === 'refused') throw new Error('refused')
    return files?.at(-1)
  })
  if (outcome === 'refused') await expect(submitted).rejects.toThrow('refused')
  else expect(await submitted).toEqual({ path: 'data.csv', id: 'id of data.csv' })
  expect(removed).toEqual(['id of data.csv'])
})

test('a stored file is named by its path in the job and its id, unless there is a file of that name here', async () => {
  const program = await write('main.js', '1')
  const id = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d10'
  const of = async (file: string) => (await requestOf(program, [], { ...javascript, file: [file] }, client)).files?.[1]
  expect(await of(`data/a=b.csv=${id.toUpperCase()}`)).toEqual({ path: 'data/a=b.csv', id })
  const own = await write(`data.csv=${id}`, 'here')
  expect(await of(own)).toEqual({ path: `data.csv=${id}`, content: 'here', encoding: 'utf-8' })
  await expect(of('absent.csv=7')).rejects.toThrow('absent.csv=7: the file does not exist')
  expect(uploaded).toEqual([])
})

test.each([
  ['"six" is not installed; if it is a package, add "six" to "dependencies"', /if it is a package, run it --with six$/],
  ['"x" is not installed; to have it installed, add the package that has it to "dependencies"', /: --with PACKAGE$/],
])('%s: the command line names its option', (message, words) => {
  const said = verdict({ status: 'failed', message, stages: [] } as unknown as JobSummary)
  expect(said).toMatch(words)
  expect(said).not.toContain('dependencies')
})
