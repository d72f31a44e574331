import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withFetchedFiles } from '../../../src/host/images/fetch/fetch-files.ts'
import type { FetchedFile } from '../../../src/shared/fetched-file.ts'

const TARBALL = 'what the registry has'
const npmFile: FetchedFile = {
  from: 'npm',
  name: '@scope/tool',
  version: '1.2.3',
  integrity: `sha512-${createHash('sha512').update(TARBALL).digest('base64')}`,
}
const wheel: FetchedFile = {
  from: 'pypi',
  file: 'tool-1.2.3-py3-none-any.whl',
  sha256: createHash('sha256').update(TARBALL).digest('hex'),
}

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-fetch-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Takes the files as an index would have them that serves this text, and counts what it was asked for. */
async function take(files: FetchedFile[], served: string) {
  const asked: string[] = []
  const given: Record<string, string> = {}
  const get = async (from: string, wanted: readonly FetchedFile[], work: string) => {
    asked.push(`${from}: ${wanted.length}`)
    wanted.forEach((_, index) => writeFileSync(join(work, `got-${index}`), served))
    return Promise.resolve(wanted.map((_, index) => `got-${index}`))
  }
  await withFetchedFiles({ files, folder, detail: () => undefined, get }, async (given_) => {
    for (const name of readdirSync(given_)) given[name] = readFileSync(join(given_, name), 'utf8')
    return Promise.resolve()
  })
  return { asked, given }
}

test('a build gets the files it names, and what it was given in is removed', async () => {
  const other = { ...wheel, file: 'other-1.0-py3-none-any.whl' }
  const { asked, given } = await take([npmFile, wheel, other], TARBALL)
  expect(asked).toEqual(['npm: 1', 'pypi: 2'])
  expect(given).toEqual({
    'scope-tool-1.2.3.tgz': TARBALL,
    'tool-1.2.3-py3-none-any.whl': TARBALL,
    'other-1.0-py3-none-any.whl': TARBALL,
  })
  expect(readdirSync(folder)).toEqual(['kept'])
})

test('a file whose hash is another is refused, with both, and not kept', async () => {
  for (const file of [npmFile, wheel]) {
    await expect(take([file], 'something else')).rejects.toThrow(/is not the file that language.json names.*not used/)
  }
  await expect(take([wheel], 'x')).rejects.toThrow(wheel.from === 'pypi' ? wheel.sha256 : '')
  expect(readdirSync(join(folder, 'kept'))).toEqual([])
  expect(readdirSync(folder)).toEqual(['kept'])
})

test('a file that was kept is not asked for again, unless it has changed since', async () => {
  await take([wheel], TARBALL)
  expect((await take([wheel], TARBALL)).asked).toEqual([])
  const [kept = ''] = readdirSync(join(folder, 'kept'))
  rmSync(join(folder, 'kept', kept))
  writeFileSync(join(folder, 'kept', kept), 'tampered with')
  expect(await take([wheel], TARBALL)).toEqual({
    asked: ['pypi: 1'],
    given: { 'tool-1.2.3-py3-none-any.whl': TARBALL },
  })
})

test('the same version with another pin is another file', async () => {
  await take([wheel], TARBALL)
  const other = { ...wheel, sha256: createHash('sha256').update('other').digest('hex') }
  expect((await take([other], 'other')).given).toEqual({ 'tool-1.2.3-py3-none-any.whl': 'other' })
})
