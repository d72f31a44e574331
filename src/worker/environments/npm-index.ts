import type { IncomingMessage, ServerResponse } from 'node:http'
import { isRecord } from '../../shared/environments/npm-rules.ts'
import { banDetail, banOf } from '../../shared/environments/package-rules.ts'
import { createPrioritySemaphore } from '../sandbox/priority-semaphore.ts'
import {
  IndexFault,
  type IndexTools,
  type PackageIndex,
  type PackageIndexOptions,
  type Reason,
  type Refusal,
  servePackageIndex,
} from './package-index.ts'

/** One version, as a registry has it. */
interface Manifest {
  name: string
  version: string
  dist: { tarball: string; integrity?: unknown }
  /** Unchecked, as all that follows: old versions have anything there. */
  scripts?: unknown
  gypfile?: unknown
  os?: unknown
  [field: string]: unknown
}

interface Packument {
  'dist-tags': Record<string, string>
  versions: Record<string, Manifest>
  time: Record<string, string>
}

/** What resolving and installing needs of a version. */
const SHOWN = [
  'name',
  'version',
  'dependencies',
  'optionalDependencies',
  'peerDependencies',
  'peerDependenciesMeta',
  'bundleDependencies',
  'bundledDependencies',
  'acceptDependencies',
  'engines',
  'os',
  'cpu',
  'libc',
  'bin',
  'deprecated',
] as const
/** `/name`, `/@scope/name` or `/@scope%2fname`. */
const PACKAGE = /^\/((?:@[a-z0-9~-][a-z0-9._~-]*(?:\/|%2f))?[A-Za-z0-9~][A-Za-z0-9._~-]*)$/i
/** Commands of install scripts without which the package cannot work: they compile, or download what was compiled. */
const BUILDERS = /\b(node-gyp(?!-build)|node-pre-gyp|prebuild-install|cmake-js|electron-rebuild|node-waf)\b/
/** Packuments of a build that are read beside each other: the largest take hundreds of megabytes of memory. */
const READ_AT_ONCE = 2
const SCRIPTS = ['preinstall', 'install', 'postinstall']

/** Of packages for Node.js, as registries of npm serve them: tarballs with a SHA-512, by the time of each version. */
export const createNpmIndex = (options: PackageIndexOptions): PackageIndex =>
  servePackageIndex(options, (tools) => {
    const packument = createPackuments(tools)
    const turns = createPrioritySemaphore(READ_AT_ONCE)
    return async (pathname, req, res) => {
      const name = PACKAGE.exec(pathname)?.[1]?.replace(/%2f/i, '/')
      return name !== undefined && (await turns.run('now', () => packument(name, req, res)))
    }
  })

/** How npm names what it cannot have: as `name@range`, by the address of its packument, or by its name when it has no versions. */
const NAMED = [
  /((?:@[\w.~-]+\/)?[\w.~-]+)@([^\s'",]+)/g,
  /\/((?:@[\w.~-]+(?:\/|%2f))?[\w.~-]+) - Not found/gi,
  /No versions available for ((?:@[\w.~-]+\/)?[\w.~-]+)/g,
]

/** Of what was not shown, that which npm names. */
export function npmExplains(refusals: readonly Refusal[], said: string): Refusal | undefined {
  const wanted = new Map<string, string>()
  for (const pattern of NAMED)
    for (const [, name = '', range = ''] of said.matchAll(pattern))
      wanted.set(name.replace(/%2f/i, '/'), range.replace(/\.$/, ''))
  const all = refusals.filter(({ name }) => wanted.has(name))
  const whole = all.find(({ version }) => version === undefined)
  return whole ?? all.find(({ name, version = '' }) => isNear(version, wanted.get(name) ?? '')) ?? all[0]
}

/** Whether a version begins as a range does: `2.0.1` as `^2` or `2.0.x`. */
function isNear(version: string, range: string): boolean {
  const [begin = ''] = /\d+(\.\d+)*/.exec(range) ?? []
  return version === begin || version.startsWith(`${begin}.`)
}

function createPackuments({ base, bans, page, refuse, isOldEnough, tooNew, place }: IndexTools) {
  /** Why a version is not shown; undefined when it is. */
  const reasonAgainst = (
    name: string,
    version: string,
    manifest: Manifest,
    at: string | undefined,
  ): Reason | undefined => {
    const ban = banOf(bans, name, version)
    if (ban) return { kind: 'banned', detail: banDetail(`${name} ${version}`, ban) }
    if (!isOldEnough(at)) return tooNew(`${name} ${version}`, at)
    if (needsBuild(manifest))
      return {
        kind: 'needs-build',
        detail: `${name} ${version} has to be built when it is installed, which runs its code; install scripts do not run here`,
      }
    if (!integrityOf(manifest))
      return { kind: 'unknown', detail: `the package index has no SHA-512 of ${name} ${version}` }
    return undefined
  }

  const shown = (name: string, { versions, time }: Packument, url: URL, origin: string) => {
    const kept: Record<string, unknown> = {}
    let last: Reason | undefined
    for (const [version, manifest] of Object.entries(versions)) {
      const reason = reasonAgainst(name, version, manifest, time[version])
      if (reason) {
        refuse({ name, version, ...reason })
        last = reason
        continue
      }
      const integrity = integrityOf(manifest) ?? ''
      const hash = { algorithm: 'sha512' as const, digest: Buffer.from(integrity.slice('sha512-'.length), 'base64') }
      const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
      const path = place({ name: file, url: manifest.dist.tarball, hash }, url)
      const fields = Object.fromEntries(SHOWN.flatMap((key) => (key in manifest ? [[key, manifest[key]]] : [])))
      kept[version] = { ...fields, name, version, dist: { tarball: `${origin}${path}`, integrity } }
    }
    if (Object.keys(kept).length === 0)
      refuse({ name, ...(last ?? { kind: 'unknown', detail: `the package index has no versions of ${name}` }) })
    return kept
  }

  return async (name: string, req: IncomingMessage, res: ServerResponse): Promise<boolean> => {
    const whole = banOf(bans, name, undefined)
    if (whole) {
      refuse({ name, kind: 'banned', detail: banDetail(name, whole) })
      return false
    }
    const answer = await page(name, new URL(name.replace('/', '%2f'), base), 'application/json')
    if (!answer) return false
    const packument = readPackument(answer.text)
    if (!packument) throw new IndexFault(`the package index has no packument of ${name} with times of its versions`)
    const origin = `http://${req.headers.host ?? ''}`
    const versions = shown(name, packument, answer.url, origin)
    const tags = tagsOf(packument['dist-tags'], Object.keys(versions), packument.time)
    const text = JSON.stringify({ name, 'dist-tags': tags, versions })
    res.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=600' }).end(text)
    return true
  }
}

function readPackument(text: string): Packument | undefined {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value) || !isRecord(value['versions'])) return undefined
  const { versions, time, 'dist-tags': tags } = value
  const usable = Object.entries(versions).filter(
    ([, one]) => isRecord(one) && isRecord(one['dist']) && isAddress(one['dist']['tarball']),
  )
  return {
    versions: Object.fromEntries(usable) as Record<string, Manifest>,
    time: textsOf(time),
    'dist-tags': textsOf(tags),
  }
}

/** Whether it is one, whole or below the packument's. */
const isAddress = (value: unknown): boolean => typeof value === 'string' && URL.canParse(value, 'http://index')

function textsOf(value: unknown): Record<string, string> {
  const entries = isRecord(value) ? Object.entries(value) : []
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

const integrityOf = ({ dist: { integrity } }: Manifest): string | undefined =>
  typeof integrity === 'string' ? /(?:^|\s)(sha512-[A-Za-z0-9+/]{86}==)(?:\s|$)/.exec(integrity)?.[1] : undefined

function needsBuild({ gypfile, scripts, os }: Manifest): boolean {
  const systems = Array.isArray(os) ? os.filter((one) => typeof one === 'string') : []
  // For other systems it is not installed: who depends on it goes without.
  if (systems.length > 0 && !systems.includes('linux') && !systems.some((one) => one.startsWith('!'))) return false
  const commands = SCRIPTS.map((name) => (isRecord(scripts) ? scripts[name] : undefined)).filter(
    (one) => typeof one === 'string',
  )
  // npm itself adds `node-gyp rebuild` where a package has no install script of its own.
  return (gypfile === true && commands.length === 0) || commands.some((command) => BUILDERS.test(command))
}

/** Tags of versions that are shown; `latest` of which the version is not is the last stable one that is. */
function tagsOf(
  tags: Readonly<Record<string, string>>,
  versions: readonly string[],
  time: Readonly<Record<string, string>>,
): Record<string, string> {
  const shown = new Set(versions)
  const there = Object.fromEntries(Object.entries(tags).filter(([, version]) => shown.has(version)))
  if (there['latest'] !== undefined) return there
  const stable = versions.filter((version) => !version.includes('-'))
  const newest = (stable.length > 0 ? stable : [...versions]).toSorted((a, b) => {
    const [first = '', second = ''] = [time[a], time[b]]
    return first < second ? 1 : -1
  })[0]
  return newest === undefined ? there : { ...there, latest: newest }
}
