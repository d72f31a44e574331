import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { type RequestClient, requestOf } from '../../src/cli/jobs/request.ts'
import type { StoredFile } from '../../src/client/client.ts'
import { KIB } from '../../src/shared/units.ts'

let folder: string
let uploaded: string[]
const client: RequestClient = {
  runtimes: () => Promise.reject(new Error('the language is given')),
  files: {
    put(_content, { name = '' } = {}) {
      uploaded.push(name)
      return Promise.resolve({ id: `id of ${name}` } as StoredFile)
    },
  },
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-request-'))
  uploaded = []
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
  expect(uploaded).toEqual(['data.csv'])
  expect(paths(files?.filter((one) => 'content' in one))).toEqual(['main.js', 'package.json', 'package-lock.json'])
})
