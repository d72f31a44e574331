import { mavenLockText, mavenRules, readMavenLock } from '../../shared/environments/maven-rules.ts'
import type { FieldError } from '../../shared/problems.ts'
import type { Manifest, Manifests, ReadManifest } from './manifest.ts'
import { type Pom, type PomDependency, pomText, readPom, VERSIONS } from './pom-xml.ts'

/** Group and artifact, then a version or ranges of them. */
const REQUIREMENT =
  /^([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*):([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)(?::([^:\s][^:]{0,200}))?$/
const MAX_JARS = 2000
const MANIFEST = 'pom.xml'
/** What nobody who runs the program needs. */
const LEFT_OUT = new Set(['test', 'system', 'import'])

/** Of jars for the JVM: `pom.xml`, or comments `//DEPS` in a program. */
export const mavenManifests: Manifests = {
  requirementFault(text) {
    const [whole, , , version = 'RELEASE'] = REQUIREMENT.exec(text.trim()) ?? []
    if (whole !== undefined && whole.length <= 400 && VERSIONS.test(version) && !version.endsWith('-SNAPSHOT'))
      return undefined
    return `is "${text.slice(0, 100)}"; allowed are the group and artifact of a jar with a released version, e.g. com.google.code.gson:gson, com.google.code.gson:gson:2.11.0 or org.slf4j:slf4j-api:[2,3)`
  },
  fromRequirements(requirements) {
    const dependencies = requirements.map((text): PomDependency => {
      const [, groupId = '', artifactId = '', version = 'RELEASE'] = REQUIREMENT.exec(text.trim()) ?? []
      return { groupId, artifactId, version, exclusions: [] }
    })
    return { ...manifestOf({ properties: [], managed: [], dependencies }), requirements: [...requirements] }
  },
  read(content, pointer) {
    const lock = readMavenLock(content)
    if (!lock) return readProject(content, pointer)
    const { jars, unusable } = lock
    if (jars.length > MAX_JARS) return tooMany(pointer, 'jars')
    const errors = unusable.slice(0, 20).map((line): FieldError => ({
      pointer,
      detail: `has "${line.slice(0, 100)}", which is no jar with its version and SHA-256`,
    }))
    const text = mavenLockText(jars)
    const packages = mavenRules.packagesOf(text)
    const requirements = packages.map(({ name, version }) => `${name}:${version}`)
    return { manifest: { requirements, names: packages.map(({ name }) => name), text }, errors }
  },
  inFiles(text, program, pointerOf) {
    const pom = text(MANIFEST)
    if (pom !== undefined) return readProject(pom, pointerOf(MANIFEST))
    const named = [...(text(program) ?? '').matchAll(/^\/\/DEPS[ \t]+(.+)$/gm)].flatMap(([, line = '']) =>
      line.trim().split(/[ \t]+/),
    )
    if (named.length === 0) return undefined
    const pointer = pointerOf(program)
    if (named.length > MAX_JARS) return tooMany(pointer, 'jars in comments //DEPS')
    const errors = named.flatMap((one): FieldError[] => {
      const detail = mavenManifests.requirementFault(one)
      return detail === undefined ? [] : [{ pointer, detail }]
    })
    const usable = errors.length > 0 ? [] : named
    return { manifest: mavenManifests.fromRequirements(usable), errors: errors.slice(0, 20) }
  },
}

/** None of it is read any further: a list is as long as a request lets it be. */
const tooMany = (pointer: string, what: string): ReadManifest => ({
  manifest: { requirements: [], names: [], text: '' },
  errors: [{ pointer, detail: `has more than ${MAX_JARS} ${what}` }],
})

const nameOf = ({ groupId, artifactId }: Pick<PomDependency, 'groupId' | 'artifactId'>) => `${groupId}:${artifactId}`

/** Projects that are named to take dependencies or versions from. A scope that only a parent knows may be `import`. */
const projectsOf = ({ parent, managed }: Omit<Pom, 'faults'>) => [
  ...(parent ? [parent] : []),
  ...managed.filter(({ scope = '' }) => scope === 'import' || scope.includes('${')),
]

function manifestOf(pom: Omit<Pom, 'faults'>): Manifest {
  const used = pom.dependencies.filter(({ scope = '' }) => !LEFT_OUT.has(scope))
  const named = used.length > 0 ? [...used, ...projectsOf(pom)] : []
  return {
    requirements: used.map((one) => (one.version === undefined ? nameOf(one) : `${nameOf(one)}:${one.version}`)),
    names: [...new Set(named.map(nameOf))],
    text: pomText({ ...pom, dependencies: used }),
  }
}

function readProject(content: string, pointer: string): ReadManifest {
  const { faults, ...pom } = readPom(content)
  return { manifest: manifestOf(pom), errors: faults.map((detail): FieldError => ({ pointer, detail })) }
}
