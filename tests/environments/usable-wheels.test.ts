import { expect, test } from '@jest/globals'
import { PACKAGE_RULES } from '../../src/shared/environments/package-rules.ts'
import { isUsableWheel, shortPypiLock } from '../../src/worker/environments/usable-wheels.ts'

const VERSION = 'Python 3.13.5'

test.each([
  ['py3-none-any', true],
  ['py2.py3-none-any', true],
  ['py2-none-any', false],
  ['cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64', true],
  ['cp313-cp313-manylinux2014_aarch64.manylinux_2_17_aarch64', true],
  ['cp313-cp313-linux_x86_64', true],
  ['1-cp313-cp313-manylinux1_x86_64', true],
  ['cp314-cp314-manylinux_2_28_x86_64', true],
  ['cp312-cp312-manylinux_2_28_x86_64', false],
  ['cp313-cp313t-manylinux_2_28_x86_64', false],
  ['cp39-abi3-manylinux_2_28_x86_64', true],
  ['py3-none-manylinux_2_12_x86_64.manylinux2010_x86_64', true],
  ['cp313-cp313-musllinux_1_2_x86_64', false],
  ['cp313-cp313-manylinux_2_28_ppc64le', false],
  ['cp313-cp313-macosx_14_0_arm64', false],
  ['cp313-cp313-win_amd64', false],
  ['pp311-pypy311_pp73-manylinux_2_28_x86_64', false],
])('a wheel for %s may be installed: %s', (tags, expected) => {
  expect(isUsableWheel(`numpy-2.3.1-${tags}.whl`, VERSION)).toBe(expected)
})

const hashes = ['0', '1', '2', '3', '4'].map((digit) => digit.repeat(64))
const [linux = '', windows = '', pypy = '', unknown = '', other = ''] = hashes
const files = new Map([
  [linux, 'a-1.0-cp313-cp313-manylinux_2_28_x86_64.whl'],
  [windows, 'a-1.0-cp313-cp313-win_amd64.whl'],
  [pypy, 'a-1.0-pp311-pypy311_pp73-manylinux_2_28_x86_64.whl'],
  [other, 'b-1.0-cp313-cp313-win_amd64.whl'],
])
const lineOf = (wanted: string, ...of: string[]) =>
  [wanted, ...of.map((hash) => `    --hash=sha256:${hash}`)].join(' \\\n')
const lock = `${lineOf('a==1.0', linux, windows, pypy, unknown)}\n${lineOf('b==1.0 ; sys_platform == "win32"', other)}\n`

test('a lock has no hashes of wheels for other machines, and is still one in the form of every lock', () => {
  const short = shortPypiLock(lock, { files, given: [] }, VERSION)
  expect(short).toBe(`${lineOf('a==1.0', linux, unknown)}\n${lineOf('b==1.0 ; sys_platform == "win32"', other)}\n`)
  const { isLock, canonicalLock, packagesOf } = PACKAGE_RULES.pypi
  expect(isLock(short)).toBe(true)
  expect(canonicalLock(short)).toBe(short)
  expect(packagesOf(short)).toEqual(packagesOf(lock))
})

test('a short lock stays as it is, also once the index has more files', () => {
  const short = shortPypiLock(lock, { files, given: [] }, VERSION)
  const more = new Map([...files, ['5'.repeat(64), 'a-1.0-cp314-cp314-manylinux_2_28_x86_64.whl']])
  expect(shortPypiLock(short, { files: more, given: [] }, VERSION)).toBe(short)
})

test('the file that was installed stays, on whatever machine that was', () => {
  const given = [{ file: files.get(pypy) ?? '', bytes: 1 }]
  expect(shortPypiLock(lock, { files, given }, VERSION)).toContain(pypy)
})
