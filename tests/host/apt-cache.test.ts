import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withAptCache } from '../../src/host/apt-cache.ts'

const dataDir = mkdtempSync(join(tmpdir(), 'runyard-apt-cache-'))
afterAll(() => rmSync(dataDir, { recursive: true }))

test('builds that run at once have folders of their own, each with what the others downloaded', async () => {
  const archives = (folder: string) => join(folder, 'packages/archives')
  await withAptCache(dataDir, async (first) => {
    expect(first).toBe(join(dataDir, 'apt'))
    mkdirSync(join(archives(first), 'partial'), { recursive: true })
    for (const name of ['ruby.deb', 'lock', 'partial/half.deb']) writeFileSync(join(archives(first), name), name)
    await withAptCache(dataDir, async (second) => {
      expect(second).toBe(join(dataDir, 'apt-1'))
      expect(readdirSync(archives(second))).toEqual(['ruby.deb'])
      expect(existsSync(join(second, 'lists'))).toBe(false)
      writeFileSync(join(archives(second), 'perl.deb'), 'perl')
      await Promise.resolve()
    })
  })
  await withAptCache(dataDir, async (again) => {
    expect(again).toBe(join(dataDir, 'apt'))
    expect(readFileSync(join(archives(again), 'perl.deb'), 'utf8')).toBe('perl')
    await Promise.resolve()
  })
})

test('a build that fails gives its folder back', async () => {
  await expect(withAptCache(dataDir, () => Promise.reject(new Error('broke')))).rejects.toThrow('broke')
  expect(await withAptCache(dataDir, (folder) => Promise.resolve(folder))).toBe(join(dataDir, 'apt'))
})
