import { needs, placeOf, type TestRepository } from '../support/maven-repository.ts'

/** What somebody asks for, and the jars that come of it, or what is said. */
export type Resolution = { title: string; asked: object } & (
  | { jars: string[]; says?: never }
  | { jars?: never; says: RegExp }
)

const managing = (...jars: [at: string, more?: string][]) =>
  `<dependencyManagement>${needs(...jars)}</dependencyManagement>`

/** Those that the resolutions are about. */
export function addJars({ add }: TestRepository): void {
  add({ at: 'org.t:leaf:1.0' }, { at: 'org.t:leaf:1.1' }, { at: 'org.t:leaf:2.0' }, { at: 'org.t:leaf:3.0', days: 1 })
  add({ at: 'org.t:near:1.0', pom: needs(['org.t:leaf:1.0']) })
  add(
    { at: 'org.t:far:1.0', pom: needs(['org.t:middle:1.0']) },
    { at: 'org.t:middle:1.0', pom: needs(['org.t:leaf:2.0']) },
  )
  add({
    at: 'org.t:parent:1',
    pom: `<packaging>pom</packaging><properties><leaf>1.1</leaf></properties>${managing(['org.t:leaf:${leaf}'])}`,
  })
  add({ at: 'org.t:child:1.0', pom: `<parent>${placeOf('org.t:parent:1')}</parent>${needs(['org.t:leaf'])}` })
  add({
    at: 'org.t:scoped:1.0',
    pom: needs(
      ['org.t:leaf:1.0', '<scope>runtime</scope>'],
      ['org.t:near:1.0', '<scope>test</scope>'],
      ['org.t:far:1.0', '<scope>provided</scope>'],
      ['org.t:child:1.0', '<optional>true</optional>'],
    ),
  })
  add({ at: 'org.t:ranged:1.0', pom: needs(['org.t:leaf:[1.0,2.0)']) })
  add({
    at: 'org.t:old-name:1.0',
    pom: `<distributionManagement><relocation>${placeOf('org.t:leaf:1.1')}</relocation></distributionManagement>`,
  })
  add({ at: 'org.t:broken:1.0', pom: needs(['org.t:nowhere:1.0']) })
}

const jar = (name: string, version = '1.0') => `org.t:${name}:jar:${version}`
const project = (inner: string) => `<project><modelVersion>4.0.0</modelVersion>${inner}</project>`

export const RESOLUTIONS: Resolution[] = [
  {
    title: 'without a version, the last that is old enough',
    asked: { dependencies: ['org.t:leaf'] },
    jars: [jar('leaf', '2.0')],
  },
  {
    title: 'the nearest version wins, whatever is newer',
    asked: { dependencies: ['org.t:far:1.0', 'org.t:near:1.0'] },
    jars: [jar('far'), jar('middle'), jar('near'), jar('leaf')],
  },
  {
    title: 'of two that are as near, the first',
    asked: { dependencies: ['org.t:middle:1.0', 'org.t:near:1.0'] },
    jars: [jar('middle'), jar('leaf', '2.0'), jar('near')],
  },
  {
    title: 'a parent manages versions by its properties',
    asked: { dependencies: ['org.t:child:1.0'] },
    jars: [jar('child'), jar('leaf', '1.1')],
  },
  {
    title: "a project's own parent and management count",
    asked: {
      manifest: project(
        `<parent>${placeOf('org.t:parent:1')}</parent><artifactId>own</artifactId>${needs(['org.t:leaf'])}`,
      ),
    },
    jars: [jar('leaf', '1.1')],
  },
  {
    title: 'an imported bill of materials manages what others need',
    asked: {
      manifest: project(
        managing(['org.t:parent:1', '<type>pom</type><scope>import</scope>']) + needs(['org.t:near:1.0']),
      ),
    },
    jars: [jar('near'), jar('leaf', '1.1')],
  },
  {
    title: 'an exclusion takes away what another needs',
    asked: {
      manifest: project(
        needs(['org.t:far:1.0', `<exclusions><exclusion>${placeOf('org.t:leaf')}</exclusion></exclusions>`]),
      ),
    },
    jars: [jar('far'), jar('middle')],
  },
  {
    title: 'what others need to be tested, have provided or may do without is left out',
    asked: { dependencies: ['org.t:scoped:1.0'] },
    jars: [jar('scoped'), jar('leaf')],
  },
  {
    title: 'the last version of a range',
    asked: { dependencies: ['org.t:ranged:1.0'] },
    jars: [jar('ranged'), jar('leaf', '1.1')],
  },
  { title: 'a relocation is followed', asked: { dependencies: ['org.t:old-name:1.0'] }, jars: [jar('leaf', '1.1')] },
  {
    title: 'a range that no version meets is told',
    asked: { dependencies: ['org.t:near:[7,8)'] },
    says: /^environment-failed .*org\.t:near:/s,
  },
  {
    title: 'what another needs and nobody has is named',
    asked: { dependencies: ['org.t:broken:1.0'] },
    says: /^package-unknown .*org\.t:nowhere/s,
  },
  {
    title: 'a version that nobody has is named',
    asked: { dependencies: ['org.t:leaf:9'] },
    says: /^package-unknown .*org\.t:leaf 9/s,
  },
]
