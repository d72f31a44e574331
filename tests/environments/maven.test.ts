import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mavenManifests } from '../../src/api/environments/maven-manifest.ts'
import { readXml } from '../../src/api/environments/xml.ts'
import { PACKAGE_RULES } from '../../src/shared/environments/package-rules.ts'
import { mirrorOf } from '../../src/worker/environments/index-address.ts'
import { createMavenIndex, mavenExplains } from '../../src/worker/environments/maven-index.ts'
import { byMavenVersion } from '../../src/worker/environments/maven-version.ts'
import { startMavenRepository, type TestRepository } from '../support/maven-repository.ts'
import { showIndex, type ShownIndex } from '../support/shown-index.ts'

const { requirementFault, fromRequirements, read, inFiles } = mavenManifests
const ban = { ecosystem: 'maven' as const, reason: 'malware', bannedAt: '' }
const bans = [
  { ...ban, name: 'Org.Bad:bad', version: null },
  { ...ban, name: 'org.x:partly', version: '1.1' },
]

let real: TestRepository
let shown: ShownIndex
beforeAll(async () => {
  real = await startMavenRepository()
  real.add({ at: 'org.x:good:1.9' }, { at: 'org.x:good:1.10' }, { at: 'org.x:good:2.0-beta1' })
  real.add({ at: 'org.x:good:2.0', days: 2 }, { at: 'org.x:undated:1.0', days: null })
  real.add({ at: 'org.x:updated:1.0', days: null, updated: '20200102030405' })
  real.add({ at: 'org.x:renewed:1.0', days: null, updated: '29990102030405' })
  real.add({ at: 'org.x:claimed:1.0', days: null, updated: '20200102030405', metadataDays: 2 })
  real.add({ at: 'org.x:later:1.0', jarDays: 2 })
  real.add(...Array.from({ length: 20 }, (_, minor) => ({ at: `org.x:busy:1.${minor}`, days: minor < 3 ? 30 : 2 })))
  real.add({ at: 'org.bad:bad:1.0' }, { at: 'org.x:partly:1.0' }, { at: 'org.x:partly:1.1' })
  real.add({ at: 'org.x:forged:1.0', sha1: '0'.repeat(40) }, { at: 'org.x:unsummed:1.0', sha1: null })
  shown = await showIndex(createMavenIndex, real, bans)
})
afterAll(() => shown.close())

const page = async (path: string) => {
  const answer = await fetch(`${shown.url}/${path}`)
  return { status: answer.status, text: answer.ok ? await answer.text() : '' }
}
const jar = (artifact: string, version: string, kind = 'jar') =>
  `org/x/${artifact}/${version}/${artifact}-${version}.${kind}`

test('versions that are old enough and not banned are listed; the release is none that is offered to be tried', async () => {
  const { text } = await page('org/x/good/maven-metadata.xml')
  expect([...text.matchAll(/<version>(.*?)<\/version>/g)].map(([, version]) => version)).toEqual([
    '1.9',
    '1.10',
    '2.0-beta1',
  ])
  expect(text).toContain('<release>1.10</release>')
  expect((await page('org/x/partly/maven-metadata.xml')).text).toContain('<latest>1.0</latest>')
  expect((await page('org/x/good/maven-metadata.xml.sha1')).text).toMatch(/^[0-9a-f]{40}$/)
})

test('a jar is given with the SHA-1 that the repository tells, and not whole where it has another', async () => {
  const before = shown.index.given.length
  expect((await page(jar('good', '1.10'))).text).toMatch(/^PK/)
  expect((await page(jar('good', '1.10', 'pom'))).text).toContain('<artifactId>good</artifactId>')
  expect((await page(jar('good', '1.10', 'jar.sha1'))).text).toMatch(/^[0-9a-f]{40}$/)
  expect(shown.index.given.slice(before).map(({ file }) => file)).toEqual(['good-1.10.jar'])
  await expect(page(jar('forged', '1.0'))).rejects.toThrow()
  expect(shown.index.faults.at(-1)).toContain('forged-1.0.jar is not the file whose hash')
  expect((await page(jar('unsummed', '1.0'))).status).toBe(404)
})

test('what is too new, undated, banned or unknown is not there, and told as the resolver names it', async () => {
  const paths = [jar('good', '2.0'), jar('good', '2.0', 'pom'), jar('undated', '1.0'), jar('partly', '1.1')]
  for (const path of [...paths, 'org/bad/bad/1.0/bad-1.0.jar', jar('none', '1.0', 'pom'), jar('good', '7')])
    expect((await page(path)).status).toBe(404)
  const explained = (said: string) => mavenExplains(shown.index.refusals, said)
  expect(explained('Could not find artifact org.x:good:jar:2.0 in index')).toMatchObject({
    kind: 'too-new',
    detail: expect.stringMatching(/can be installed from 20\d\d-/),
  })
  expect(explained('Could not find artifact org.x:undated:jar:1.0')?.detail).toContain('tells no time of upload')
  expect(explained('Could not find artifact org.x:partly:jar:1.1')?.kind).toBe('banned')
  expect(explained('Could not find artifact org.bad:bad:jar:1.0')?.kind).toBe('banned')
  const nobody = explained('Could not find artifact org.x:none:jar:1.0')
  expect(nobody).toMatchObject({ kind: 'unknown', name: 'org.x:none' })
  expect(nobody).not.toHaveProperty('version')
  expect(explained('Could not find artifact org.x:good:jar:7')).toMatchObject({ kind: 'unknown', version: '7' })
  expect(explained('something else about other.org.x:good')).toBeUndefined()
})

test('where no file has a date, that of the last version counts for all', async () => {
  expect((await page(jar('updated', '1.0'))).status).toBe(200)
  expect((await page(jar('renewed', '1.0'))).status).toBe(404)
  expect(mavenExplains(shown.index.refusals, 'org.x:renewed:jar:1.0')?.detail).toContain('2999-01-02')
})

test('what the metadata says of its age does not count where the repository tells when it was changed', async () => {
  expect((await page(jar('claimed', '1.0'))).status).toBe(404)
  expect(mavenExplains(shown.index.refusals, 'org.x:claimed:jar:1.0')?.kind).toBe('too-new')
})

test('a jar that was added later is too new, though its version is not', async () => {
  expect((await page(jar('later', '1.0', 'pom'))).status).toBe(200)
  for (const kind of ['jar', 'jar.sha1']) expect((await page(jar('later', '1.0', kind))).status).toBe(404)
  expect(mavenExplains(shown.index.refusals, 'org.x:later:jar:1.0')).toMatchObject({
    kind: 'too-new',
    detail: expect.stringContaining('later-1.0.jar'),
  })
})

test('however many are too new, the last that is old enough is the release', async () => {
  const { text } = await page('org/x/busy/maven-metadata.xml')
  expect(text).toContain('<release>1.2</release>')
  expect(text).toContain('<versions><version>1.0</version><version>1.1</version><version>1.2</version></versions>')
})

test.each([
  'org/x/..%2f..%2fadmin/good/1.9/good-1.9.jar',
  'org/x/good/1.9/other-1.9.jar',
  'org/x/good/1.9/good-1.9.war',
  'org/x/good/1.9-SNAPSHOT/good-1.9-SNAPSHOT.jar',
  'admin',
])('nothing else of the repository is reached: %s', async (path) => {
  const before = real.asked.length
  expect((await page(path)).status).toBe(404)
  expect(real.asked.slice(before)).toEqual([])
})

test('versions are ordered as Maven orders them', () => {
  const ordered = [
    '1.0-alpha-1',
    '1.0-beta2',
    '1.0-rc1',
    '1.0-SNAPSHOT',
    '1.0',
    '1.0-sp1',
    '1.0.1',
    '1.9',
    '1.10',
    '33.0-jre',
  ]
  expect(ordered.toReversed().toSorted(byMavenVersion)).toEqual(ordered)
  expect(byMavenVersion('1.0', '1')).toBe(0)
  expect(byMavenVersion('1-constructor', '1-constructor')).toBe(0)
  expect(byMavenVersion('1-constructor', '1-d')).toBe(-1)
})

test('requirements have group, artifact and versions; addresses, paths and snapshots are refused', () => {
  for (const good of ['a.b:c', 'a.b:c:1.0', 'com.x:y_z:2.0-jre', 'a:b:[1.0,2.0)', 'a:b:[1,2),(3,4]'])
    expect(requirementFault(good)).toBeUndefined()
  for (const bad of [
    'c',
    'a:b:c:1.0',
    'a..b:c',
    '../a:b',
    'https://example.com/x',
    'a:b:1.0-SNAPSHOT',
    'a:b:[1',
    '-a:',
  ])
    expect(requirementFault(bad)).toContain('allowed are the group and artifact')
  const { text, names, requirements } = fromRequirements(['a.b:c', 'd:e:1.0'])
  expect([names, requirements]).toEqual([
    ['a.b:c', 'd:e'],
    ['a.b:c', 'd:e:1.0'],
  ])
  expect(text).toContain('<groupId>a.b</groupId><artifactId>c</artifactId><version>RELEASE</version>')
  expect(text.indexOf('>a.b<')).toBeLessThan(text.indexOf('>d<'))
})

const POM = `<?xml version="1.0" encoding="UTF-8"?>
<!-- a project --><project xmlns="urn:maven"><modelVersion>4.0.0</modelVersion>
<parent><groupId>org.p</groupId><artifactId>parent</artifactId><version>3</version><relativePath>../pom.xml</relativePath></parent>
<artifactId>program</artifactId>
<properties><gson.version>2.&#x31;</gson.version><argLine>a &amp; "b"</argLine></properties>
<repositories><repository><url>https://example.com</url></repository></repositories>
<dependencyManagement><dependencies><dependency><groupId>org.b</groupId><artifactId>bom</artifactId><version>1</version><type>pom</type><scope>import</scope></dependency></dependencies></dependencyManagement>
<dependencies>
  <dependency><groupId>com.g</groupId><artifactId>gson</artifactId><version>\${gson.version}</version>
    <exclusions><exclusion><groupId>org.e</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>
  <dependency><groupId>\${project.groupId}</groupId><artifactId>own</artifactId><scope>provided</scope></dependency>
  <dependency><groupId>org.t</groupId><artifactId>testing</artifactId><version>1</version><scope>test</scope></dependency>
</dependencies>
<build><plugins><plugin><artifactId>evil</artifactId></plugin></plugins></build></project>`

test('of a pom.xml its parent, properties, managed versions, dependencies and exclusions count, and nothing else', () => {
  const { manifest, errors } = read(POM, '/manifest')
  expect(errors).toEqual([])
  expect(manifest.requirements).toEqual(['com.g:gson:2.1', 'org.p:own'])
  // Parent and bill of materials bring dependencies and versions, so they count as asked for.
  expect(manifest.names).toEqual(['com.g:gson', 'org.p:own', 'org.p:parent', 'org.b:bom'])
  for (const kept of [
    '<artifactId>parent<',
    '<artifactId>bom<',
    '<groupId>org.e<',
    '<scope>provided<',
    '<relativePath/>',
  ])
    expect(manifest.text).toContain(kept)
  for (const left of ['testing', 'evil', 'example.com', 'argLine']) expect(manifest.text).not.toContain(left)
})

test.each([
  [
    'a path',
    '<groupId>a</groupId><artifactId>b</artifactId><scope>system</scope><systemPath>/x.jar</systemPath>',
    'of a path',
  ],
  ['a snapshot', '<groupId>a</groupId><artifactId>b</artifactId><version>1-SNAPSHOT</version>', 'snapshot'],
  ['no artifact', '<groupId>../a</groupId><artifactId>b</artifactId>', 'names no artifact'],
  ['an unknown property', '<groupId>${nobody}</groupId><artifactId>b</artifactId>', 'names no artifact'],
  ['no version', '<groupId>a</groupId><artifactId>b</artifactId><version>[1</version>', 'which is none'],
  ['a script', '<groupId>a</groupId><artifactId>b</artifactId><version>1"/&gt;</version>', 'cannot be used'],
])('a dependency of %s is refused', (_what, dependency, words) => {
  const pom = `<project><dependencies><dependency>${dependency}</dependency></dependencies></project>`
  expect(read(pom, '/manifest').errors[0]?.detail).toContain(words)
})

const dependency = (more: string) =>
  `<dependency><groupId>a</groupId><artifactId>b</artifactId><version>1</version>${more}</dependency>`
const project = (dependencies: string, more = '') =>
  `<project>${more}<dependencies>${dependencies}</dependencies></project>`

test('a managed project is named when it is imported, or may be', () => {
  const managed = (more: string) =>
    `<dependencyManagement><dependencies><dependency><groupId>m</groupId><artifactId>n</artifactId><version>1</version>${more}</dependency></dependencies></dependencyManagement>`
  const namesOf = (more: string) => read(project(dependency(''), managed(more)), '/manifest').manifest.names
  expect(namesOf('')).toEqual(['a:b'])
  expect(namesOf('<scope>import</scope>')).toEqual(['a:b', 'm:n'])
  expect(namesOf('<scope>${of.the.parent}</scope>')).toEqual(['a:b', 'm:n'])
  const parent = '<parent><groupId>p</groupId><artifactId>q</artifactId><version>1</version></parent>'
  expect(read(project('', parent), '/manifest').manifest).toMatchObject({ requirements: [], names: [] })
})

test('properties make a request no larger than its parts may be', () => {
  const long = (length: number) => 'a'.repeat(length)
  const properties = `<properties><p>${long(200)}</p></properties>`
  const named = (groupId: string, more = properties) =>
    read(
      project(
        `<dependency><groupId>${groupId}</groupId><artifactId>b</artifactId><version>1</version></dependency>`,
        more,
      ),
      '/manifest',
    )
  expect(named('${p}').errors).toEqual([])
  for (const bad of [long(201), '${p}${p}', `${'${p}'.repeat(100_000)}`])
    expect(named(bad).errors[0]?.detail).toContain('which names no artifact')
  const own = (groupId: string) => named('${project.groupId}', `<groupId>${groupId}</groupId>`)
  expect(own('o').manifest.names).toEqual(['o:b'])
  expect(own(long(201)).errors[0]?.detail).toBe('has the dependency "${project.groupId}:b", which names no artifact')
})

test('a request with too much in it is refused before it is read any further', () => {
  const exclusion = '<exclusion><groupId>a</groupId><artifactId>b</artifactId></exclusion>'
  const hash = 'a'.repeat(64)
  const lock = Array.from({ length: 2001 }, (_, number) => `a:b:jar:${number} sha256:${hash}\n`).join('')
  const program = `//DEPS ${'a:b '.repeat(2001)}\n`
  const found = [
    read(project(dependency('').repeat(2001)), '/manifest'),
    read(project(dependency(`<exclusions>${exclusion.repeat(2000)}</exclusions>`)), '/manifest'),
    read(`-- Maven jars --\n${lock}`, '/manifest'),
    inFiles(
      (path) => (path === 'Main.java' ? program : undefined),
      'Main.java',
      () => '/manifest',
    ),
  ]
  for (const one of found) {
    expect(one?.errors).toEqual([{ pointer: '/manifest', detail: expect.stringContaining('has more than 2000 ') }])
    expect(one?.manifest.requirements).toEqual([])
    expect(one?.manifest.text).not.toContain('a:b')
    expect(one?.manifest.text).not.toContain('<groupId>a<')
  }
  const wrong = '<dependency><groupId>..</groupId><artifactId>b</artifactId></dependency>'
  expect(read(project(wrong.repeat(1000)), '/manifest').errors).toHaveLength(20)
})

test.each(['constructor', 'toString', 'valueOf'])('the entity &%s; is none that there is', (name) => {
  expect(readXml(`<a>&${name};</a>`)).toMatchObject({ text: `&${name};` })
})

test.each([
  ['a declaration', '<!DOCTYPE x [<!ENTITY a "b">]><project/>'],
  ['an end too many', '<project></project></project>'],
  ['an end too few', '<project><a>'],
  ['two documents', '<project/><project/>'],
  ['depth', '<a>'.repeat(100)],
  ['a tag without an end', `<a${' '.repeat(1024 * 1024)}`],
  ['a comment without an end', `<!--${'-'.repeat(1024 * 1024)}`],
  ['half a million tags', '<a'.repeat(500_000)],
])('XML with %s is refused, in linear time', (_what, text) => {
  expect(typeof readXml(text)).toBe('string')
})

test('a lock names each jar with its hash, in the order of the class path', () => {
  const hash = 'a'.repeat(64)
  const lock = `-- Maven jars --\norg.z:z:jar:1.0 sha256:${hash}\norg.a:a:jar:linux:2.0 sha256:${hash}\n`
  const { isLock, packagesOf, canonicalLock } = PACKAGE_RULES.maven
  expect(isLock(lock)).toBe(true)
  expect(isLock(POM)).toBe(false)
  expect(packagesOf(lock)).toEqual([
    { name: 'org.z:z', version: '1.0' },
    { name: 'org.a:a', version: '2.0' },
  ])
  expect(canonicalLock(lock.replaceAll('\n', '\r\n'))).toBe(lock)
  expect(canonicalLock(`${lock}${lock.split('\n')[1]}\n`)).toBe(lock)
  expect(read(lock, '/manifest')).toMatchObject({ manifest: { text: lock, names: ['org.z:z', 'org.a:a'] }, errors: [] })
  for (const bad of [
    'org.z:z:jar:1.0',
    `../z:z:jar:1 sha256:${hash}`,
    `a:b:jar:1-SNAPSHOT sha256:${hash}`,
    `a:b:war:1 sha256:${hash}`,
  ])
    expect(read(`${lock}${bad}\n`, '/manifest').errors).toHaveLength(1)
})

test('a program asks by pom.xml, or by its comments //DEPS', () => {
  const files: Record<string, string> = { 'Main.java': '//DEPS a.b:c:1.0 d:e\nclass Main {}\n' }
  const asked = () =>
    inFiles(
      (path) => files[path],
      'Main.java',
      (path) => `/${path}`,
    )
  expect(asked()?.manifest.requirements).toEqual(['a.b:c:1.0', 'd:e'])
  files['Main.java'] = '//DEPS https://example.com/x.jar\n'
  expect(asked()?.errors[0]).toMatchObject({ pointer: '/Main.java' })
  files['Main.java'] = 'class Main {}\n'
  expect(asked()).toBeUndefined()
  files['pom.xml'] = POM
  expect(asked()?.manifest.names).toContain('com.g:gson')
})

test('the index is the mirror that Maven is configured with', () => {
  const mirror = (of: string, more = '') =>
    `<mirror><id>m</id><mirrorOf>${of}</mirrorOf><url>https://maven.example/</url>${more}</mirror>`
  expect(mirrorOf(`<settings><mirrors>${mirror('central')}</mirrors></settings>`)).toBe('https://maven.example/')
  expect(mirrorOf(mirror('*,!own'))).toBe('https://maven.example/')
  expect(mirrorOf(mirror('external:http:*', '<blocked>true</blocked>'))).toBeUndefined()
  expect(mirrorOf(`<!--${mirror('*')}-->`)).toBeUndefined()
})
