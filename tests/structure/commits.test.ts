import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

const script = join(packageRoot(), 'scripts/check-commits.mjs')
const LONG = `area: ${'x'.repeat(67)}`

let folder: string
let own: string
// Neither the settings of whoever runs this, nor a repository around the folder.
const env = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CEILING_DIRECTORIES: tmpdir(),
}
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: own, env, stdio: 'pipe' })
const commit = (subject: string) => git('commit', '--quiet', '--allow-empty', '-m', subject)
const check = (cwd = own, PATH = env.PATH) => {
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd, env: { ...env, PATH }, encoding: 'utf8' })
  return [status, stderr]
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runyard-commits-'))
  own = join(folder, 'own')
  mkdirSync(own)
  git('init', '--quiet', '--initial-branch=main')
  commit(LONG)
  git('switch', '--quiet', '--create', 'work')
  commit('area: short')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a subject of more than 72 characters is refused where it is not on main', () => {
  expect(LONG).toHaveLength(73)
  expect(check()).toEqual([0, ''])
  commit(LONG.slice(1))
  commit(`fixup! ${LONG.slice(1)}`)
  expect(check()).toEqual([0, ''])
  commit(LONG)
  const [status, words] = check()
  expect(status).toBe(1)
  expect(words).toMatch(new RegExp(`^These commits have .*\n  \\w+ ${LONG}\n$`))
})

test('main itself, clones of it and histories that are not all there pass', () => {
  commit(LONG)
  git('switch', '--quiet', 'main')
  expect(check()).toEqual([0, ''])
  git('clone', '--quiet', own, join(folder, 'clone'))
  expect(check(join(folder, 'clone'))).toEqual([0, ''])
  git('clone', '--quiet', '--depth=1', '--branch=work', `file://${own}`, join(folder, 'shallow'))
  expect(check(join(folder, 'shallow'))).toEqual([0, ''])
  // A branch of a clone is held to the main of where it came from.
  git('clone', '--quiet', '--branch=work', own, join(folder, 'branch'))
  expect(check(join(folder, 'branch'))[0]).toBe(1)
})

test('without git, without a repository, and within another one, there is nothing to look at', () => {
  commit(LONG)
  expect(check(own, '/nonexistent')).toEqual([0, ''])
  const within = join(own, 'unpacked')
  mkdirSync(within)
  expect(check(within)).toEqual([0, ''])
  expect(check(folder)).toEqual([0, ''])
})
