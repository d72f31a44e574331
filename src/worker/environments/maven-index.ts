import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { banDetail, banOf } from '../../shared/environments/package-rules.ts'
import { byMavenVersion, isMavenRelease } from './maven-version.ts'
import {
  type IndexTools,
  type PackageIndex,
  type PackageIndexOptions,
  type Refusal,
  sendText,
  servePackageIndex,
} from './package-index.ts'

const METADATA = /^\/((?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+)([A-Za-z0-9_-][A-Za-z0-9._-]*)\/maven-metadata\.xml(\.sha1)?$/
/** `/<group>/<artifact>/<version>/<artifact>-<version>[-<classifier>].<extension>`. */
const FILE =
  /^\/((?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+)([A-Za-z0-9_-][A-Za-z0-9._-]*)\/([A-Za-z0-9][A-Za-z0-9._+-]*)\/([A-Za-z0-9._+-]+)\.(pom|jar)(\.sha1)?$/
/** Of the newest so many are asked for, and more until one is old enough: those below it are taken to be older. Each is one question. */
const NEWEST = 8
/** Of those there is an end; a file of one that is listed all the same is not given. */
const MOST_ASKED = 64
const XML = 'application/xml'

/** Of jars for the JVM: a Maven repository, which tells when a file was last changed, and its SHA-1 beside it. */
export const createMavenIndex = (options: PackageIndexOptions): PackageIndex =>
  servePackageIndex(options, (tools) => {
    const jars = createJars(tools)
    return async (pathname, _req, res) => {
      if (pathname.includes('..') || pathname.includes('-SNAPSHOT/')) return false
      const [, path = '', artifact, isSum] = METADATA.exec(pathname) ?? []
      if (artifact !== undefined) return jars.metadata({ path, artifact }, isSum !== undefined, res)
      const [, folder = '', own = '', version = '', name = '', kind, sum] = FILE.exec(pathname) ?? []
      if (kind === undefined || !name.startsWith(`${own}-${version}`)) return false
      return jars.file({ path: folder, artifact: own }, version, `${name}.${kind}`, sum !== undefined, res)
    }
  })

/** Of what was not shown, that which the resolver names: a version that was refused before a name that nobody has. */
export function mavenExplains(refusals: readonly Refusal[], said: string): Refusal | undefined {
  const named = refusals.filter(({ name }) => new RegExp(`(?:^|[^\\w.-])${literal(name)}[:/ ]`).test(said))
  const isOf = ({ version }: Refusal) => version !== undefined && new RegExp(`:${literal(version)}\\b`).test(said)
  const known = named.filter(({ kind }) => kind !== 'unknown')
  const nowhere = named.find(({ kind, version }) => kind === 'unknown' && version === undefined)
  return known.find(isOf) ?? nowhere ?? named.find(isOf) ?? known[0] ?? named[0]
}

const literal = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

interface Place {
  /** Of the group, with `/` at its end. */
  path: string
  artifact: string
}
interface Sum {
  /** SHA-1, in hexadecimal. */
  sum: string
  /** When it was put there. */
  modified: string | undefined
}
const nameOf = ({ path, artifact }: Place) => `${path.slice(0, -1).replaceAll('/', '.')}:${artifact}`

function createJars({ base, bans, page, refuse, isOldEnough, tooNew, place }: IndexTools) {
  const dates = new Map<string, Promise<string | null | undefined>>()
  const sums = new Map<string, Promise<Sum | undefined>>()

  const once = <Value>(known: Map<string, Promise<Value>>, key: string, ask: () => Promise<Value>): Promise<Value> => {
    const found = known.get(key) ?? ask()
    known.set(key, found)
    return found
  }

  const metadataOf = ({ path, artifact }: Place) => new URL(`${path}${artifact}/maven-metadata.xml`, base)

  /** When the last of its versions was put there: none is younger. What the metadata says of itself its publisher may have written. */
  const lastUpdateOf = async (at: Place) => {
    const { text = '', modified } = (await page(nameOf(at), metadataOf(at), XML)) ?? {}
    if (modified !== undefined) return modified
    const [, ...parts] = /<lastUpdated>(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)</.exec(text) ?? []
    const [year, month, day, hour, minute, second] = parts
    return second === undefined ? undefined : `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
  }

  /** When a version was put there: null when nothing tells; undefined when there is none. */
  const dateOf = (at: Place, version: string) => {
    const path = `${at.path}${at.artifact}/${version}/${at.artifact}-${version}.pom`
    return once(dates, path, async () => {
      const answer = await page(nameOf(at), new URL(path, base), XML, undefined, version)
      if (answer) return answer.modified ?? (await lastUpdateOf(at)) ?? null
      // Whether there is any other, which is told too.
      await page(nameOf(at), metadataOf(at), XML)
      return undefined
    })
  }

  /** Whether a version may be had; what may not is refused. */
  const isAllowed = async (at: Place, version: string): Promise<boolean> => {
    const name = nameOf(at)
    const ban = banOf(bans, name, version)
    if (ban) {
      refuse({ name, version, kind: 'banned', detail: banDetail(`${name} ${version}`, ban) })
      return false
    }
    const date = await dateOf(at, version)
    if (date === undefined) return false
    if (isOldEnough(date)) return true
    refuse({ name, version, ...tooNew(`${name} ${version}`, date) })
    return false
  }

  /** Whether all of it is banned; then it is not shown. */
  const isBanned = (name: string): boolean => {
    const ban = banOf(bans, name, undefined)
    if (ban) refuse({ name, kind: 'banned', detail: banDetail(name, ban) })
    return ban !== undefined
  }

  const readSum = async (name: string, version: string, path: string): Promise<Sum | undefined> => {
    const answer = await page(name, new URL(`${path}.sha1`, base), 'text/plain', undefined, version)
    const sum = answer && /^[0-9a-f]{40}\b/.exec(answer.text.trim().toLowerCase())?.[0]
    return sum === undefined ? undefined : { sum, modified: answer?.modified }
  }

  const readMetadata = async (at: Place): Promise<string | undefined> => {
    const name = nameOf(at)
    const answer = await page(name, metadataOf(at), XML)
    if (!answer) return undefined
    const all = [...answer.text.matchAll(/<version>\s*([A-Za-z0-9][A-Za-z0-9._+-]{0,127})\s*<\/version>/g)].map(
      ([, version = '']) => version,
    )
    const versions = [...new Set(all)].filter((one) => !one.endsWith('-SNAPSHOT')).toSorted(byMavenVersion)
    const asked = new Map<string, boolean>()
    for (const list of [versions, versions.filter(isMavenRelease)]) {
      for (const [count, version] of list.toReversed().slice(0, MOST_ASKED).entries()) {
        const isShown = asked.get(version) ?? (await isAllowed(at, version))
        asked.set(version, isShown)
        if (isShown && count + 1 >= NEWEST) break
      }
    }
    const shown = versions.filter((version) => asked.get(version) ?? !banOf(bans, name, version))
    const [last, release] = [shown.at(-1), shown.filter(isMavenRelease).at(-1) ?? shown.at(-1)]
    if (last === undefined || release === undefined) return undefined
    const group = at.path.slice(0, -1).replaceAll('/', '.')
    const list = shown.map((version) => `<version>${version}</version>`).join('')
    return `<metadata><groupId>${group}</groupId><artifactId>${at.artifact}</artifactId><versioning><latest>${last}</latest><release>${release}</release><versions>${list}</versions></versioning></metadata>\n`
  }
  const metadatas = new Map<string, Promise<string | undefined>>()

  return {
    async metadata(at: Place, isSum: boolean, res: ServerResponse): Promise<boolean> {
      const name = nameOf(at)
      if (isBanned(name)) return false
      const text = await once(metadatas, name, () => readMetadata(at))
      if (text === undefined) return false
      sendText(res, isSum ? createHash('sha1').update(text).digest('hex') : text)
      return true
    },
    async file(at: Place, version: string, name: string, isSum: boolean, res: ServerResponse): Promise<boolean> {
      const whole = nameOf(at)
      if (isBanned(whole) || !(await isAllowed(at, version))) return false
      const path = `${at.path}${at.artifact}/${version}/${name}`
      const found = await once(sums, path, () => readSum(whole, version, path))
      if (!found) return false
      const { sum, modified } = found
      // A file may be added to a version that was there for long.
      if (modified !== undefined && !isOldEnough(modified)) {
        refuse({ name: whole, version, ...tooNew(`${name} of ${whole} ${version}`, modified) })
        return false
      }
      if (isSum) {
        sendText(res, sum)
        return true
      }
      const hash = { algorithm: 'sha1' as const, digest: Buffer.from(sum, 'hex') }
      const isDescription = name.endsWith('.pom')
      const own = place({ name, url: path, hash, isDescription }, base)
      res.writeHead(302, { location: own, 'content-length': 0 }).end()
      return true
    },
  }
}
