import type { ServerResponse } from 'node:http'
import { banDetail, banOf } from '../../shared/environments/package-rules.ts'
import {
  IndexFault,
  type IndexTools,
  type PackageIndex,
  type PackageIndexOptions,
  type Reason,
  type Refusal,
  sendText,
  servePackageIndex,
} from './package-index.ts'

/** `/<module>/@v/list`, `/<module>/@latest`, `/<module>/@v/<version>.info`, `.mod` or `.zip`. */
const PAGE =
  /^\/([a-z0-9-]+(?:\.[a-z0-9-]+)+(?:\/[A-Za-z0-9!._~-]+)*)\/@(?:(latest)|v\/(list)|v\/([A-Za-z0-9!._+~-]{1,200})\.(info|mod|zip))$/
/** Of the database of checksums, which the go command checks by its key. */
const SUMS = /^\/sumdb\/[a-z0-9.-]+\/(?:supported|latest|lookup\/[A-Za-z0-9!@._+~/-]+|tile\/[A-Za-z0-9/.-]+)$/
/** Only the newest can be too new; each is one question. */
const NEWEST = 8
/** More than a build may ask the operator's proxy. */
const MAX_INFOS = 10_000
/** What proxies answer for a module that is none. */
const ABSENT = [403, 404, 410]

/** Of modules for Go: the protocol of GOPROXY, with the database of checksums where the operator's proxy has it. */
export const createGoIndex = (options: PackageIndexOptions): PackageIndex =>
  servePackageIndex(options, (tools) => {
    const modules = createModules(tools)
    return async (pathname, _req, res) => {
      if (SUMS.test(pathname) && !pathname.includes('..')) return modules.sums(pathname, res)
      const [, path, latest, list, version, kind] = PAGE.exec(pathname) ?? []
      if (path === undefined || path.includes('/..')) return false
      if (list !== undefined) return modules.list(path, res)
      if (latest !== undefined) return modules.info(path, undefined, res)
      if (version === undefined) return false
      if (kind === 'info') return modules.info(path, version, res)
      return kind === 'mod' ? modules.mod(path, version, res) : modules.zip(path, version, res)
    }
  })

/** Of what was not shown, that which the go command names: by the address that it read, or as `module@version`. */
export function goExplains(refusals: readonly Refusal[], said: string): Refusal | undefined {
  const named: { name: string; version: string | undefined }[] = []
  for (const [, path = '', version] of said.matchAll(
    / https?:\/\/[^/\s]+\/(\S+?)\/@(?:latest|v\/list|v\/(\S+?)\.(?:info|mod|zip))/g,
  ))
    named.push({ name: unescaped(path), version: version === undefined ? undefined : unescaped(version) })
  for (const [, name = '', version] of said.matchAll(
    /(?:^|\s)([^\s:@]+)(?:@([^\s:]+))?: (?:no matching|has no|module)/gm,
  ))
    named.push({ name, version })
  for (const { name, version } of named) {
    const own = refusals.filter((one) => one.name === name)
    const found =
      own.find((one) => version !== undefined && one.version === version) ??
      own.find((one) => one.version === undefined && one.kind !== 'unknown') ??
      own.find((one) => one.kind !== 'unknown') ??
      own[0]
    if (found) return found
  }
  return undefined
}

function createModules({ base, bans, page, refuse, isOldEnough, tooNew, place }: IndexTools) {
  const infos = new Map<string, Promise<{ version: string; time: string; text: string } | undefined>>()

  const readInfo = async (path: string, version: string | undefined) => {
    const name = unescaped(path)
    const what = version === undefined ? name : `${name}@${unescaped(version)}`
    const address = new URL(version === undefined ? `${path}/@latest` : `${path}/@v/${version}.info`, base)
    const answer = await page(what, address, 'application/json', ABSENT)
    if (!answer) return undefined
    const { Version, Time } = JSON.parse(answer.text) as { Version?: unknown; Time?: unknown }
    if (typeof Version !== 'string') throw new IndexFault(`the package index tells no version of ${what}`)
    return { version: Version, time: typeof Time === 'string' ? Time : '', text: JSON.stringify({ Version, Time }) }
  }

  const infoOf = (path: string, version: string | undefined) => {
    const key = `${path}@${version ?? ''}`
    const known = infos.get(key) ?? readInfo(path, version)
    if (infos.size < MAX_INFOS) infos.set(key, known)
    return known
  }

  const reasonAgainst = (name: string, version: string, time: string): Reason | undefined => {
    const ban = banOf(bans, name, version)
    if (ban) return { kind: 'banned', detail: banDetail(`${name} ${version}`, ban) }
    return isOldEnough(time) ? undefined : tooNew(`${name} ${version}`, time)
  }

  /** Whether all of a module is banned; then it is not shown. */
  const isBanned = (name: string): boolean => {
    const ban = banOf(bans, name, undefined)
    if (ban) refuse({ name, kind: 'banned', detail: banDetail(name, ban) })
    return ban !== undefined
  }

  /** A version that may be had; undefined when there is none, or it is refused. */
  const allowed = async (path: string, version: string | undefined) => {
    const name = unescaped(path)
    if (isBanned(name)) return undefined
    const info = await infoOf(path, version)
    if (!info) {
      const what = version === undefined ? '' : ` in the version ${unescaped(version)}`
      const detail = `the package index has no module ${name}${what}`
      refuse({ name, ...(version !== undefined && { version: unescaped(version) }), kind: 'unknown', detail })
      return undefined
    }
    const reason = reasonAgainst(name, info.version, info.time)
    if (!reason) return info
    refuse({ name, version: version === undefined ? info.version : unescaped(version), ...reason })
    return undefined
  }

  return {
    async list(path: string, res: ServerResponse): Promise<boolean> {
      const name = unescaped(path)
      if (isBanned(name)) return false
      const answer = await page(name, new URL(`${path}/@v/list`, base), 'text/plain', ABSENT)
      if (!answer) return false
      const versions = answer.text.split(/\s+/).filter((one) => /^v\d/.test(one))
      const newest = versions.toSorted(byVersion).slice(-NEWEST)
      const shown = await Promise.all(newest.map(async (one) => ((await allowed(path, escaped(one))) ? [one] : [])))
      const hidden = new Set(newest.filter((one) => !shown.flat().includes(one)))
      for (const one of versions) if (!hidden.has(one) && banOf(bans, name, one)) hidden.add(one)
      const kept = versions.filter((one) => !hidden.has(one))
      sendText(res, kept.map((one) => `${one}\n`).join(''))
      return true
    },
    async info(path: string, version: string | undefined, res: ServerResponse): Promise<boolean> {
      const info = await allowed(path, version)
      if (info) sendText(res, info.text)
      return info !== undefined
    },
    /** Says what a version needs, also of one that is not taken in the end: the file counts. */
    async mod(path: string, version: string, res: ServerResponse): Promise<boolean> {
      const what = `${unescaped(path)}@${unescaped(version)}`
      const answer = await page(what, new URL(`${path}/@v/${version}.mod`, base), 'text/plain', ABSENT)
      if (answer) sendText(res, answer.text)
      return answer !== undefined
    },
    async zip(path: string, version: string, res: ServerResponse): Promise<boolean> {
      const info = await allowed(path, version)
      if (!info) return false
      const name = `${unescaped(path).replaceAll('-', '_')}-${info.version}`
      found(res, place({ name, url: `${path}/@v/${version}.zip`, hash: undefined }, base))
      return true
    },
    async sums(pathname: string, res: ServerResponse): Promise<boolean> {
      if (pathname.endsWith('/supported')) {
        const answer = await page('checksums', new URL(pathname.slice(1), base), 'text/plain', ABSENT)
        if (answer) sendText(res, '')
        return answer !== undefined
      }
      found(res, place({ name: 'sums', url: pathname.slice(1), hash: undefined, isDescription: true }, base))
      return true
    },
  }
}

const found = (res: ServerResponse, path: string): void =>
  void res.writeHead(302, { location: encodeURI(path), 'content-length': 0 }).end()

/** Paths and versions of modules are written without capitals: `!a` is `A`. */
const unescaped = (path: string): string => path.replaceAll(/!([a-z])/g, (_all, letter: string) => letter.toUpperCase())
const escaped = (path: string): string => path.replaceAll(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)

/** Semantic versions, the older first. */
function byVersion(a: string, b: string): number {
  const [first, second] = [partsOf(a), partsOf(b)]
  for (let index = 0; index < 3; index++) {
    const apart = (first.numbers[index] ?? 0) - (second.numbers[index] ?? 0)
    if (apart !== 0) return apart
  }
  if (first.pre === second.pre) return 0
  if (first.pre === '' || second.pre === '') return first.pre === '' ? 1 : -1
  return first.pre.localeCompare(second.pre, 'en', { numeric: true })
}

function partsOf(version: string): { numbers: number[]; pre: string } {
  const [, numbers = '', pre = ''] = /^v?([\d.]*)(?:-([^+]*))?/.exec(version) ?? []
  return { numbers: numbers.split('.').map(Number), pre }
}
