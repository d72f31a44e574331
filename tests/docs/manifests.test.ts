import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { MANIFESTS } from '../../src/api/environments/manifest.ts'
import type { ECOSYSTEM_NAMES } from '../../src/shared/ecosystem-names.ts'
import { installingLanguage, loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

type Ecosystem = (typeof ECOSYSTEM_NAMES)[number]

const root = packageRoot()
const languages = loadLanguages(join(root, 'languages'))
const page = readFileSync(join(root, 'docs/guides/packages.md'), 'utf8')
const rows = page
  .slice(page.indexOf('| language'), page.indexOf('The operator builds'))
  .split('\n')
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells.length > 3)
const inQuotes = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
/** The page names them as people do. */
const NAMES: Record<string, string> = { java: 'Java', 'java-21': 'Java 21', go: 'Go', rust: 'Rust' }
const nameOf = ({ id, name }: { id: string; name: string }) => NAMES[id] ?? name.replace(/ \(.*/, '')

const SUM = `h1:${'A'.repeat(43)}=`
const CRATE = `[[package]]\nname = "x"\nversion = "1.0.0"\nsource = "registry+y"\nchecksum = "${'a'.repeat(64)}"\n`
const NPM_LOCK = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    '': { dependencies: { x: '1' } },
    'node_modules/x': {
      version: '1.0.0',
      resolved: 'https://example.com/x.tgz',
      integrity: `sha512-${'A'.repeat(86)}==`,
    },
  },
})
const GEM_LOCK = 'GEM\n  specs:\n    x (1.0)\n\nDEPENDENCIES\n  x\n'
/** Files by the names of the page, those together that count together; the last one is the program where it is no manifest. */
const SAMPLES: Record<Ecosystem, { shown: string; files: Record<string, string> }[]> = {
  pypi: [
    { shown: 'requirements.txt', files: { 'requirements.txt': 'x\n' } },
    { shown: 'PEP 723', files: { main: '# /// script\n# dependencies = ["x"]\n# ///\n' } },
  ],
  npm: [
    { shown: 'package.json', files: { 'package.json': '{"dependencies": {"x": "1"}}' } },
    { shown: 'package-lock.json', files: { 'package-lock.json': NPM_LOCK } },
  ],
  go: [
    { shown: 'go.mod', files: { 'go.mod': 'module a\nrequire x.y/z v1.0.0\n' } },
    { shown: 'go.sum', files: { 'go.mod': 'module a\nrequire x.y/z v1.0.0\n', 'go.sum': `x.y/z v1.0.0 ${SUM}\n` } },
  ],
  crates: [
    { shown: 'Cargo.toml', files: { 'Cargo.toml': '[dependencies]\nx = "1"\n' } },
    { shown: 'Cargo.lock', files: { 'Cargo.toml': '[dependencies]\nx = "1"\n', 'Cargo.lock': CRATE } },
  ],
  maven: [
    {
      shown: 'pom.xml',
      files: {
        'pom.xml':
          '<project><dependencies><dependency><groupId>x</groupId><artifactId>y</artifactId><version>1</version></dependency></dependencies></project>',
      },
    },
    { shown: '//DEPS', files: { main: '//DEPS x:y:1\n' } },
  ],
  rubygems: [
    { shown: 'Gemfile', files: { Gemfile: 'gem "x"\n' } },
    { shown: 'Gemfile.lock', files: { Gemfile: 'gem "x"\n', 'Gemfile.lock': GEM_LOCK } },
  ],
}

test.each(languages.filter((language) => installingLanguage(languages, language).environments))(
  'the page of packages names the manifests of $id, and no other',
  (language) => {
    const { environments } = installingLanguage(languages, language)
    const samples = SAMPLES[environments?.ecosystem ?? 'pypi']
    const row = rows.find((cells) => cells[1]?.split(', ').includes(nameOf(language)))
    expect(row?.[1]).toBeDefined()
    expect(row?.[3]?.replaceAll('`', '').split(', ')).toEqual(samples.map(({ shown }) => shown))
  },
)

test.each(
  Object.entries(SAMPLES).flatMap(([of, samples]) => samples.map((sample) => ({ of: of as Ecosystem, ...sample }))),
)('$of: $shown asks for packages', ({ of, files }) => {
  const found = MANIFESTS[of].inFiles(
    (path) => files[path],
    'main',
    (path) => path,
  )
  expect(found?.errors).toEqual([])
  expect(found?.manifest.requirements).toHaveLength(1)
})

test.each(rows.map((cells) => [cells[1] ?? '', inQuotes(cells[2])] as const))(
  'the names that the page shows for %s can be asked for',
  (shown, names) => {
    const [first] = shown.split(', ')
    const of = languages.find((one) => one.environments && nameOf(one) === first)?.environments?.ecosystem
    expect(of).toBeDefined()
    expect(names.length).toBeGreaterThan(1)
    for (const name of names) expect(MANIFESTS[of ?? 'pypi'].requirementFault(name)).toBeUndefined()
  },
)
