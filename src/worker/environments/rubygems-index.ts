import { createHash } from 'node:crypto'
import { meetsGemRanges } from '../../shared/environments/gem-version.ts'
import { banDetail, banOf } from '../../shared/environments/package-rules.ts'
import { GEM_NAME } from '../../shared/environments/rubygems-rules.ts'
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

/** A line of a page of a compact index: `1.2.0-java a:>= 1&< 3,b:>= 0|checksum:...,ruby:>= 3.0,created_at:...`. */
interface Line {
  /** Version, with the platform where it is for one. */
  number: string
  version: string
  /** Names of the gems that it needs. */
  needs: string[]
  checksum: string
  /** As the installer sees it: without when it was uploaded, which older ones cannot read. */
  text: string
  createdAt: string | undefined
}

/** What is shown of a gem: no line where there is none, or all are hidden, since Bundler takes an index without a page for one of another kind. */
interface Page {
  text: string
  lines: Line[]
}

const NOTHING: Page = { text: '---\n', lines: [] }
const NUMBER = /^(\d+(?:\.[0-9A-Za-z]+)*)(?:-[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/
/** More gems than any set needs; each is one question or two. */
const MAX_PAGES = 2000
/** Answers of indexes that have no such page. */
const ABSENT = [400, 403, 404, 410]
/** Pages that are asked for at a time. */
const AT_ONCE = 8

/**
 * Of gems for Ruby: a compact index, whose pages tell the SHA-256 of each version and when it was uploaded. Where they do not tell when, the
 * index's own list of the gem's versions may. `/versions`, which is some 25 MB of a public index, lists the gems whose pages were asked for,
 * and those that they need.
 */
export const createRubygemsIndex = (options: PackageIndexOptions): PackageIndex =>
  servePackageIndex(options, (tools) => {
    const gems = createGems(tools)
    return async (pathname, _req, res) => {
      const [, name = ''] = /^\/info\/([^/]+)$/.exec(pathname) ?? []
      if (pathname === '/versions') sendText(res, await gems.versions())
      else if (GEM_NAME.test(name)) sendText(res, (await gems.pageOf(name)).text)
      else return false
      return true
    }
  })

/** Of what was not shown, that which Bundler or the installer names; what is to be built, the installer finds itself. */
export function rubygemsExplains(refusals: readonly Refusal[], said: string): Refusal | undefined {
  const [, gem, version = '', what = ''] = /^needs-build: (\S+) (\S+) has (.+)$/m.exec(said) ?? []
  if (gem !== undefined) {
    const detail = `${gem} ${version} has ${what}: installing it would run its code, and compile it; gems that are compiled for this platform, or need no compiling, can be installed`
    return { name: gem, version, kind: 'needs-build', detail }
  }
  const named: { name: string; ranges: string[] }[] = []
  const add = (name: string, ranges = '') => named.push({ name, ranges: ranges === '' ? [] : ranges.split(/\s*,\s*/) })
  for (const [, name = '', ranges] of said.matchAll(/Could\s+not\s+find\s+gem\s+'([^'\s]+)(?:\s+\(([^)]+)\))?'/g))
    add(name, ranges)
  for (const [, name = '', ranges] of said.matchAll(
    /([\w.-]+) ((?:=|!=|>=|<=|~>|>|<) [\w.]+(?:, (?:=|!=|>=|<=|~>|>|<) [\w.]+)*)\s+could\s+not\s+be\s+found/g,
  ))
    add(name, ranges)
  for (const [, name = '', own = ''] of said.matchAll(/^not in the index: (\S+) (\S+)$/gm)) add(name, `= ${own}`)
  for (const { name, ranges } of named) {
    const own = refusals.filter((one) => one.name === name)
    const found =
      own.findLast((one) => one.version !== undefined && meetsGemRanges(one.version, ranges)) ??
      own.find((one) => one.version === undefined)
    if (found) return found
  }
  const [missing] = named
  if (!missing) return undefined
  const own = missing.ranges.join(', ')
  const detail = `the package index has no ${missing.name} ${own}`.trim()
  return { name: missing.name, ...(own !== '' && { version: own }), kind: 'unknown', detail }
}

function createGems({ base, bans, page, refuse, isOldEnough, tooNew, place }: IndexTools) {
  const pages = new Map<string, Promise<Page>>()

  /** When versions were uploaded, as the list of versions of a gem tells; empty where the index has no such list. */
  const datesOf = async (name: string): Promise<Map<string, string>> => {
    const address = new URL(`api/v1/versions/${name}.json`, base)
    const answer = await page(`the dates of ${name}`, address, 'application/json', ABSENT)
    const found: unknown = answer ? parsed(answer.text) : []
    const dates = new Map<string, string>()
    for (const one of Array.isArray(found) ? (found as Record<string, unknown>[]) : []) {
      const { number, platform, created_at: at } = one
      if (typeof number !== 'string' || typeof at !== 'string') continue
      dates.set(typeof platform === 'string' && platform !== 'ruby' ? `${number}-${platform}` : number, at)
    }
    return dates
  }

  const reasonAgainst = (name: string, { number, version }: Line, at: string | undefined): Reason | undefined => {
    const ban = banOf(bans, name, version)
    if (ban) return { kind: 'banned', detail: banDetail(`${name} ${version}`, ban) }
    return isOldEnough(at) ? undefined : tooNew(`${name} ${number}`, at)
  }

  const readPage = async (name: string): Promise<Page> => {
    const whole = banOf(bans, name, undefined)
    if (whole) {
      refuse({ name, kind: 'banned', detail: banDetail(name, whole) })
      return NOTHING
    }
    const answer = await page(name, new URL(`info/${name}`, base), 'text/plain', ABSENT)
    if (!answer) return NOTHING
    const lines = answer.text.split('\n').flatMap((text) => readLine(text) ?? [])
    const isUndated = !isOldEnough(undefined) && lines.some(({ createdAt }) => createdAt === undefined)
    const dates = isUndated ? await datesOf(name) : new Map<string, string>()
    const kept = lines.filter((line) => {
      const reason = reasonAgainst(name, line, line.createdAt ?? dates.get(line.number))
      if (reason) refuse({ name, version: line.version, ...reason })
      return !reason
    })
    for (const { number, checksum } of kept) {
      const file = `gems/${name}-${number}.gem`
      const hash = { algorithm: 'sha256' as const, digest: Buffer.from(checksum, 'hex') }
      place({ name: `${name}-${number}`, shown: `${name} ${number}`, url: file, hash }, base, `/files/${file}`)
    }
    return { text: ['---', ...kept.map(({ text }) => text), ''].join('\n'), lines: kept }
  }

  const pageOf = (name: string): Promise<Page> => {
    const known = pages.get(name)
    if (known) return known
    if (pages.size >= MAX_PAGES)
      return Promise.reject(new IndexFault(`more than ${MAX_PAGES} gems are needed, the most that is allowed`))
    const found = readPage(name)
    pages.set(name, found)
    // What cannot be reached now may be the next time.
    found.catch(() => pages.delete(name))
    return found
  }

  return {
    pageOf,
    async versions(): Promise<string> {
      const listed: string[] = []
      const seen = new Set(pages.keys())
      for (let next = [...seen]; next.length > 0;) {
        const read = await Promise.all(
          next.splice(0, AT_ONCE).map(async (name) => ({ name, page: await pageOf(name) })),
        )
        for (const { name, page: own } of read) {
          const digest = createHash('md5').update(own.text).digest('hex')
          listed.push(`${name} ${own.lines.map(({ number }) => number).join(',') || '-'} ${digest}\n`)
          for (const need of own.lines.flatMap(({ needs }) => needs)) {
            if (!seen.has(need)) next.push(need)
            seen.add(need)
          }
        }
      }
      return `created_at: 1970-01-01T00:00:00Z\n---\n${listed.toSorted().join('')}`
    },
  }
}

/** @returns undefined for what is no line of a version */
function readLine(line: string): Line | undefined {
  const [, number = '', needs = '', rest = ''] = /^(\S+) ([^|]*)\|(.*)$/.exec(line) ?? []
  const [, version] = NUMBER.exec(number) ?? []
  const fields = rest.split(',').map((field) => [field.slice(0, field.indexOf(':')), field] as const)
  const valueOf = (wanted: string) => {
    const [, field] = fields.find(([name]) => name === wanted) ?? []
    return field?.slice(wanted.length + 1).trim()
  }
  const checksum = valueOf('checksum')
  const names = needs
    .split(',')
    .map((need) => need.slice(0, need.indexOf(':')))
    .filter((name) => name !== '')
  if (version === undefined || !/^[0-9a-f]{64}$/.test(checksum ?? '') || names.some((name) => !GEM_NAME.test(name)))
    return undefined
  const shown = fields.filter(([name]) => ['checksum', 'ruby', 'rubygems'].includes(name)).map(([, field]) => field)
  const createdAt = valueOf('created_at')
  return {
    number,
    version,
    needs: names,
    checksum: checksum ?? '',
    text: `${number} ${needs}|${shown.join(',')}`,
    createdAt,
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
