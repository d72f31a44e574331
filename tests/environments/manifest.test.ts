import { expect, test } from '@jest/globals'
import { readRequirements, requirementFault, scriptDependencies } from '../../src/api/environments/manifest.ts'
import { indexOf } from '../../src/worker/environments/index-address.ts'
import { isLock } from '../../src/worker/environments/is-lock.ts'

test.each(['numpy', 'numpy>=2,<3', 'Uvicorn[standard] == 0.30.*', 'a_b.c~=1.0', 'x (>=1)', "tomli; python_version < '3.11'"])('%s is a requirement', (text) => {
  expect(requirementFault(text)).toBeUndefined()
}) // prettier-ignore

test.each(['', '-r other.txt', '--index-url http://x', 'x @ http://y/z.whl', './local', '../up', 'git+https://x/y', 'a b', 'x==1 -i y'])('"%s" is none', (text) => {
  expect(requirementFault(text)).toContain('allowed is a name with versions')
}) // prettier-ignore

test('requirements.txt is read without comments, and its hashes stay for the installer', () => {
  const hash = `--hash=sha256:${'0'.repeat(64)}`
  const { manifest, errors } = readRequirements(`# top\nnumpy==2.0 \\\n    ${hash}\n\n pandas # last\n`, '/x')
  expect(errors).toEqual([])
  expect(manifest).toEqual({ requirements: ['numpy==2.0', 'pandas'], text: `numpy==2.0 ${hash}\npandas\n` })
})

test('a fault in requirements.txt names its line', () => {
  const { errors } = readRequirements('numpy\n-e .\n', '/files/0/content')
  expect(errors).toEqual([{ pointer: '/files/0/content', detail: expect.stringMatching(/^line 2 is "-e \."/) }])
})

test.each([
  ['# /// script\n# dependencies = ["a>=1", \'b\']\n# ///\nprint()\n', ['a>=1', 'b']],
  [
    '#!/x\n# /// script\n# requires-python = ">=3"\n# dependencies = [\n#   "a", # why "c"\n#   "b",\n# ]\n# ///\n',
    ['a', 'b'],
  ],
  ['# /// script\n# dependencies = []\n# ///\n', []],
  ['# /// other\n# dependencies = ["a"]\n# ///\n', undefined],
  ['dependencies = ["a"]\n', undefined],
])('the metadata of a script: %j', (code, expected) => {
  expect(scriptDependencies(code)).toEqual(expected)
})

test('a lock has a version and hashes for every package', () => {
  const hash = `--hash=sha256:${'a'.repeat(64)}`
  expect(isLock(`a==1 \\\n    ${hash}\nb==2 ${hash}\n`)).toBe(true)
  expect(isLock(`a==1 ${hash}\nb==2\n`)).toBe(false)
  expect(isLock(`a>=1 ${hash}\n`)).toBe(false)
  expect(isLock('')).toBe(false)
})

test.each([
  ["global.cert='/x'\n", undefined],
  ["global.index-url='https://a/simple'\n", 'https://a/simple'],
  ["global.index-url='https://a/simple'\n:env:.index-url='https://b/simple'\n", 'https://b/simple'],
])('the index of pip: %j', (text, expected) => {
  expect(indexOf(text)).toBe(expected)
})
