import { expect, test } from '@jest/globals'
import { goManifests } from '../../src/api/environments/go-manifest.ts'
import { PACKAGE_RULES } from '../../src/shared/environments/package-rules.ts'

const { requirementFault, fromRequirements, read, inFiles } = goManifests
const HASH = `h1:${'A'.repeat(43)}=`

test.each([
  'github.com/google/uuid',
  'github.com/google/uuid@v1.6.0',
  'golang.org/x/text/cases@latest',
  'gopkg.in/yaml.v3@v3',
  'example.com/a@>=v1.2.0',
  'example.com/a@1.2.0',
])('%s is a module', (text) => {
  expect(requirementFault(text)).toBeUndefined()
})

test.each([
  'uuid',
  'fmt',
  'https://github.com/google/uuid',
  'github.com/google/uuid@../x',
  './own',
  '-u',
  '-exec.example.com/x',
  'github.com/a/b@v1 x',
  'example.com/../a',
])('%s is none', (text) => {
  expect(requirementFault(text)).toContain('allowed is the path of a module')
})

test('order and a missing "v" mean nothing', () => {
  const { text, names } = fromRequirements(['b.com/x@1.2.0', 'a.com/y'])
  expect(text).toBe('a.com/y@latest\nb.com/x@v1.2.0\n')
  expect(names).toEqual(['b.com/x', 'a.com/y'])
})

test('a go.mod is read in blocks and lines; what is not of it is refused by its words', () => {
  const content = `module example.com/own // a word\n\ngo 1.22.1\ntoolchain go1.99.0\nrequire (\n\tb.com/x v1.0.0\n\ta.com/y v0.0.0-20240101000000-abcdef012345 // indirect\n)\nrequire "c.com/z" v2.0.0+incompatible\nexclude b.com/x v1.1.0\n`
  const { manifest, errors } = read(content, '/manifest')
  expect(errors).toEqual([])
  expect(manifest.requirements).toEqual(['b.com/x@v1.0.0', 'c.com/z@v2.0.0+incompatible'])
  expect(manifest.names).toEqual(['b.com/x', 'a.com/y', 'c.com/z'])
  expect(manifest.text).toBe(
    'module example.com/own\ngo 1.22.1\nrequire a.com/y v0.0.0-20240101000000-abcdef012345 // indirect\nrequire b.com/x v1.0.0\nrequire c.com/z v2.0.0+incompatible\nexclude b.com/x v1.1.0\n',
  )
  for (const line of ['replace a.com/y => ../y', 'require a.com/y master', 'require ../y v1.0.0'])
    expect(read(`module m\nrequire b.com/x v1.0.0\n${line}\n`, '/manifest').errors[0]?.detail).toContain(
      line.replace('require ', '').split(' ')[0],
    )
})

test('a lock is a go.mod with its go.sum: the same text again, and its packages', () => {
  const rules = PACKAGE_RULES.go
  const lock = `-- go.mod --\nmodule job\n\ngo 1.24\n\nrequire a.com/y v1.0.0 // indirect\n-- go.sum --\na.com/y v1.0.0/go.mod ${HASH}\na.com/y v1.0.0 ${HASH}\n`
  const canonical = rules.canonicalLock(lock)
  expect(rules.canonicalLock(canonical)).toBe(canonical)
  expect(rules.isLock(canonical)).toBe(true)
  expect(rules.packagesOf(canonical)).toEqual([{ name: 'a.com/y', version: 'v1.0.0' }])
  expect(read(canonical, '/manifest')).toMatchObject({ manifest: { text: canonical }, errors: [] })
  expect(read(`${lock}a.com/y v1.0.0 h1:short=\n`, '/manifest').errors[0]?.detail).toContain('no line of a go.sum')
  expect(rules.isLock('module job\n')).toBe(false)
})

test('a go.mod that needs no module is refused for nothing else', () => {
  const files: Record<string, string> = { 'go.mod': 'module m\nreplace a.com/y => ../y\n', 'go.sum': 'x' }
  const found = inFiles(
    (path) => files[path],
    'main.go',
    (path) => path,
  )
  expect(found).toMatchObject({ errors: [], manifest: { requirements: [] } })
  expect(read('module m\nrequire (\n\ta.com/y master\n)\nreplace a.com/y => ../y\n', '/x').errors).toHaveLength(2)
})

test.each([
  ['1.16', '1.17'],
  ['1.9.2', '1.17'],
  ['1.17', '1.17'],
  ['1.22rc1', '1.22rc1'],
])('a go.mod of %s is one of %s, whose locks name every module', (written, shown) => {
  const mod = `module m\ngo ${written}\nrequire a.com/y v1.0.0\n`
  expect(read(mod, '/x').manifest.text).toContain(`\ngo ${shown}\n`)
  expect(read(`-- go.mod --\n${mod}-- go.sum --\n`, '/x').manifest.text).toContain(`\ngo ${shown}\n`)
  expect(read('-- go.mod --\nmodule m\n-- go.sum --\n', '/x').manifest.text).toContain('\ngo 1.17\n')
})

test.each([' ', 'require ', '"', '(', '1.', '//', '\u2028'])('a MiB of "%s" is read in linear time', (text) => {
  const long = text.repeat(1_000_000 / text.length)
  for (const content of [`require${long}x`, `go 1.${long}x`, `-- go.mod --\nx\n-- go.sum --\na v1 h1:${long}x`])
    expect(read(content, '/x').errors.length).toBeLessThanOrEqual(2)
})

test('hashes beside a go.mod count, and are no lock', () => {
  const files: Record<string, string> = {
    'go.mod': 'module m\nrequire a.com/y v1.0.0\n',
    'go.sum': `a.com/y v1.0.0 ${HASH}\n`,
  }
  const found = inFiles(
    (path) => files[path],
    'main.go',
    (path) => path,
  )
  expect(found?.manifest.text).toContain(HASH)
  expect(PACKAGE_RULES.go.isLock(found?.manifest.text ?? '')).toBe(false)
  expect(
    inFiles(
      () => undefined,
      'main.go',
      (path) => path,
    ),
  ).toBeUndefined()
})

test('a block needs no space before its bracket', () => {
  const { manifest, errors } = read('module a\nrequire(\n\tb.com/x v1.0.0\n)\n', '/x')
  expect([manifest.names, errors]).toEqual([['b.com/x'], []])
})
