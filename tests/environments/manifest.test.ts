import { describe, expect, test } from '@jest/globals'
import { MANIFESTS } from '../../src/api/environments/manifest.ts'
import { readRequirements, requirementFault } from '../../src/api/environments/pypi-manifest.ts'
import { scriptDependencies } from '../../src/shared/environments/script-dependencies.ts'
import { packageErrors, packagesAsked } from '../../src/api/jobs/request/packages-asked.ts'
import type { Language } from '../../src/shared/language.ts'
import type { CodeRequest } from '../../src/shared/requests.ts'
import { lockId } from '../../src/shared/environments/environment-oversight.ts'
import { indexOf } from '../../src/worker/environments/index-address.ts'
import { PACKAGE_RULES } from '../../src/shared/environments/package-rules.ts'

const python = { id: 'python', fileName: 'main.py', environments: { ecosystem: 'pypi' } } as Language
const request = (fields: Partial<CodeRequest>) => ({ language: 'python', ...fields }) as CodeRequest

test.each([
  'numpy',
  'numpy>=2,<3',
  'Uvicorn[standard] == 0.30.*',
  'a_b.c~=1.0',
  'x (>=1)',
  "tomli; python_version < '3.11'",
])('%s is a requirement', (text) => {
  expect(requirementFault(text)).toBeUndefined()
})

test.each([
  '',
  '-r other.txt',
  '--index-url http://x',
  'x @ http://y/z.whl',
  './local',
  '../up',
  'git+https://x/y',
  'a b',
  'x==1 -i y',
])('"%s" is none', (text) => {
  expect(requirementFault(text)).toContain('allowed is a name with versions')
})

test('requirements.txt is read without comments, and its hashes stay for the installer', () => {
  const hash = `--hash=sha256:${'0'.repeat(64)}`
  const { manifest, errors } = readRequirements(`# top\nnumpy==2.0 \\\n    ${hash}\n\n pandas # last\n`, '/x')
  expect(errors).toEqual([])
  expect(manifest).toMatchObject({
    requirements: ['numpy==2.0', 'pandas'],
    names: ['numpy', 'pandas'],
    text: `numpy==2.0 ${hash}\npandas\n`,
  })
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
  // Those of a tool are not the program's.
  ['# /// script\n# [tool.own]\n# dependencies = ["a"]\n# ///\n', undefined],
  ['# /// script\n# dependencies = ["a"]\n# [tool.own]\n# dependencies = ["b"]\n# ///\n', ['a']],
  ['# /// script\n# dependencies = ["\\u0061b", "\\U00000063", "d\\"e"]\n# ///\n', ['ab', 'c', 'd"e']],
])('the metadata of a script: %j', (code, expected) => {
  expect(scriptDependencies(code)).toEqual(expected && { dependencies: expected })
})

test.each([
  [
    'a string without its end',
    '# /// script\n# requires-python = ">=3"\n# dependencies = ["numpy]\n# ///\n',
    3,
    '"numpy]',
  ],
  ['a string without its beginning', '# /// script\n# dependencies = [\n#   "a",\n#   b",\n# ]\n# ///\n', 4, 'b",'],
  ['no end', 'import a\n# /// script\n# dependencies = ["a",\n# [tool.own]\n# ///\n', 3, '["a",'],
  ['a string in place of an array', '# /// script\n# dependencies = "numpy"\n# ///\n', 2, '"numpy"'],
  ['its name in quotes', '# /// script\n#  "dependencies" = [1]\n# ///\n', 2, '1]'],
])('dependencies of a script with %s are refused with their line', (_, content, line, rest) => {
  const files = [{ path: 'main.py', content, encoding: 'utf-8' as const }]
  const { errors, manifest } = packagesAsked(request({ code: content }), files, python)
  const detail = expect.stringContaining(
    `line ${line}: the value of dependencies cannot be read from ${JSON.stringify(rest)}`,
  )
  expect([errors, manifest]).toEqual([[{ pointer: '/code', detail }], undefined])
})

// None of these ends in a day where a pattern tries every way to match them, or every place to begin.
const long = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length)
test.each([214, 999, 100_000])('requirements of %d hostile characters are read in linear time', (length) => {
  const hostile = ['==1 ', ' ', '==', '== 1, ', '[', ',', '(==1', '; ', 'a-']
  for (const text of hostile) expect(requirementFault(`a${long(text, length - 3)} @`)).toMatch(/allowed/)
})

test('files of a MiB are read in linear time', () => {
  const length = 1024 * 1024
  const read = (text: string) => readRequirements(text, '/x')
  for (const text of [' ', '\t', ' # ', '\\\n', ' --hash=sha256:', ` --hash=sha256:${'0'.repeat(64)}`, '==1 '])
    expect(read(`${long(`a${text}`, length)}\u2028@`).errors.length).toBeLessThanOrEqual(1)
  const lines = ['# /// script\n', '# /// script\n# x\n', '# /// script\n#\n', '# /// \n', '#\n']
  for (const text of lines) expect(scriptDependencies(long(text, length))).toBeUndefined()
  const block = (text: string) => `# /// script\n${long(text, length)}\n# ///\n`
  for (const text of ['# "a",\n', '#  \n']) expect(scriptDependencies(block(text))).toBeUndefined()
  for (const text of ['# dependencies = [\n', '# dependencies =\n'])
    expect(scriptDependencies(block(text))).toHaveProperty('fault')
  const whole = scriptDependencies(`# /// script\n# dependencies = [\n${'# "a",\n'.repeat(100_000)}# ]\n# ///\n`)
  expect(whole && 'dependencies' in whole && whole.dependencies.length).toBe(100_000)
  expect(scriptDependencies(block(`# dependencies = [\n${'# "a",\n'.repeat(100_000)}`))).toHaveProperty('fault')
})

test('a package with the hashes of many wheels is one requirement, and a long one is refused', () => {
  const hashes = ` --hash=sha256:${'0'.repeat(64)}`.repeat(200)
  expect(readRequirements(`numpy==2.0${hashes}\n`, '/x').errors).toEqual([])
  expect(requirementFault(`a${'==1'.repeat(400)}`)).toContain('at most 1000')
})

test('white space in a requirement does not begin another line', () => {
  const dependencies = ['a; x\r--index-url http://x', 'b\n==1']
  const { manifest } = packagesAsked(request({ dependencies }), [], python)
  expect(manifest?.text).toBe('a; x --index-url http://x\nb ==1\n')
})

test('a fault in requirements.txt counts only where packages can be installed', () => {
  const files = [{ path: 'requirements.txt', content: '-e .\n', encoding: 'utf-8' as const }]
  const asked = packagesAsked(request({}), files, python)
  const errors = (can: boolean) =>
    packageErrors(asked, { canInstall: () => can }, python, { languages: {}, images: [] })
  expect([errors(false).length, errors(true).length]).toEqual([0, 1])
})

test('what a lock installs beside what is wanted is named for screening, each once', () => {
  const entry = { version: '1.0.0', integrity: `sha512-${Buffer.alloc(64).toString('base64')}` }
  const packages = {
    '': { dependencies: { a: '1' } },
    'node_modules/a': entry,
    'node_modules/lodahs': entry,
    'node_modules/a/node_modules/lodahs': entry,
  }
  const content = JSON.stringify({ lockfileVersion: 3, packages })
  const files = [{ path: 'package-lock.json', content, encoding: 'utf-8' as const }]
  const javascript = { id: 'javascript', fileName: 'main.js', environments: { ecosystem: 'npm' } } as Language
  expect(packagesAsked(request({}), files, javascript)).toMatchObject({ named: ['a', 'lodahs'], errors: [] })
})

test('a lock has a version and hashes for every package', () => {
  const hash = `--hash=sha256:${'a'.repeat(64)}`
  expect(PACKAGE_RULES.pypi.isLock(`a==1 \\\n    ${hash}\nb==2 ${hash}\n`)).toBe(true)
  expect(PACKAGE_RULES.pypi.isLock(`a==1 ${hash}\nb==2\n`)).toBe(false)
  expect(PACKAGE_RULES.pypi.isLock(`a>=1 ${hash}\n`)).toBe(false)
  expect(PACKAGE_RULES.pypi.isLock(`a==1!2.0rc1+cpu ; sys_platform == 'linux' ${hash}\n`)).toBe(true)
  // Of these a ban of the version would not be seen to be one.
  for (const version of ['===1', '==1.*', '==1,<2', '==(1)'])
    expect([version, PACKAGE_RULES.pypi.isLock(`a${version} ${hash}\n`)]).toEqual([version, false])
  // Locks of before have them.
  expect(PACKAGE_RULES.pypi.packagesOf(`a===1.0 ${hash}\n`)).toEqual([{ name: 'a', version: '1.0' }])
  expect(PACKAGE_RULES.pypi.isLock('')).toBe(false)
})

test.each([
  ["global.cert='/x'\n", undefined],
  ["global.index-url='https://a/simple'\n", 'https://a/simple'],
  ["global.index-url='https://a/simple'\n:env:.index-url='https://b/simple'\n", 'https://b/simple'],
])('the index of pip: %j', (text, expected) => {
  expect(indexOf(text)).toBe(expected)
})

test('a lock of Python is the same however it is written, and one of uv is as uv wrote it', () => {
  const { canonicalLock, isLock, packagesOf } = PACKAGE_RULES.pypi
  const [one, other] = ['1', '2'].map((digit) => `--hash=sha256:${digit.repeat(64)}`)
  const resolved = `foo==1.0 ; sys_platform == 'linux' \\\n    ${one} \\\n    ${other}\nfoo-bar==2.0 \\\n    ${one}\npyyaml==6.0 \\\n    ${one}\n`
  expect(canonicalLock(resolved)).toBe(resolved)
  const written = [
    resolved,
    `# by hand\r\nFoo==1.0   ;  sys_platform  ==\t'linux' ${other} ${one}\r\n\r\nfoo-bar==2.0 ${one}\nPyYAML==6.0 ${one}`,
    `PyYAML==6.0 ${one} ${one}\nFoo_Bar==2.0 ${one}\nfoo==1.0; sys_platform == 'linux' ${one} ${other}\nfoo.bar==2.0  ${one}\n`,
  ]
  for (const text of written) {
    const { manifest, errors } = readRequirements(text, '/manifest')
    expect(errors).toEqual([])
    expect(isLock(manifest.text)).toBe(true)
    expect(canonicalLock(manifest.text)).toBe(resolved)
    expect(lockId('python', text)).toBe(lockId('python', resolved))
  }
  expect(packagesOf(resolved).map(({ name }) => name)).toEqual(['foo', 'foo-bar', 'pyyaml'])
})

describe('manifests of npm', () => {
  const { read, requirementFault } = MANIFESTS.npm
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)

  test('that are nested deeper than anything can be written are refused', () => {
    const version = read(`{"dependencies":{"a":${deep}}}`, '/x')
    expect(version.errors).toEqual([
      { pointer: '/x', detail: expect.stringContaining('"a": a value that is not a string') },
    ])
    const entry = `{"version":"1.0.0","integrity":"sha512-${Buffer.alloc(64).toString('base64')}","os":${deep}}`
    const lock = `{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1.0.0"}},"node_modules/a":${entry}}}`
    expect(PACKAGE_RULES.npm.isLock(lock)).toBe(false)
    expect(PACKAGE_RULES.npm.canonicalLock(lock)).toBe(lock)
    expect(read(lock, '/x').manifest.requirements).toEqual([])
  })

  test.each(['.', '..', '.hidden', 'a.tgz', 'a-1.0.0.tar.gz', 'a.TAR'])('%s is no version but a place', (range) => {
    const { errors } = read(JSON.stringify({ dependencies: { a: range } }), '/x')
    expect(errors).toEqual([{ pointer: '/x', detail: expect.stringContaining('paths and aliases are not') }])
    expect(requirementFault(`a@${range}`)).toContain('paths and aliases are not')
  })
})
