import type { IncomingMessage, ServerResponse } from 'node:http'
import { banDetail, banOf } from '../../shared/environments/package-rules.ts'
import {
  IndexFault,
  type IndexTools,
  type PackageIndex,
  type PackageIndexOptions,
  type Reason,
  type Refusal,
  servePackageIndex,
} from './package-index.ts'

/** A line of a sparse index. */
interface Line {
  name: string
  vers: string
  cksum: string
  pubtime?: string
}

/** `/1/a`, `/2/ab`, `/3/a/abc` or `/ab/cd/abcd`. */
const CRATE = /^\/(?:[123]|[a-z0-9_-]{2})\/(?:[a-z0-9_-]{1,2}\/)?([a-z0-9][a-z0-9_-]{0,63})$/
const TEXT = 'text/plain'

/** Of crates for Rust: a sparse index, whose lines tell the time and the SHA-256 of each version. */
export const createCratesIndex = (options: PackageIndexOptions): PackageIndex =>
  servePackageIndex(options, (tools) => {
    const crates = createCrates(tools)
    return async (pathname, req, res) => {
      if (pathname === '/config.json') return config(req, res)
      const name = CRATE.exec(pathname)?.[1]
      return name !== undefined && crates(name, pathname.slice(1), res)
    }
  })

const MARKERS = ['{crate}', '{version}', '{prefix}', '{lowerprefix}', '{sha256-checksum}']

/** Where the installer finds files: those that a page of a crate has shown. */
function config(req: IncomingMessage, res: ServerResponse): boolean {
  const dl = `http://${req.headers.host ?? ''}/files/crates/{crate}/{version}/{crate}-{version}.crate`
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ dl }))
  return true
}

/** Of what was not shown, that which Cargo names; what is to be built, the installer finds itself. */
export function cratesExplains(refusals: readonly Refusal[], said: string): Refusal | undefined {
  const [, crate, own = '', what = ''] = /^needs-build: (\S+) (\S+) has (.+)$/m.exec(said) ?? []
  if (crate !== undefined) {
    const detail = `${crate} ${own} has ${what}: compiling it runs its code, which the operator can allow by PACKAGE_BUILDS=on`
    return { name: crate, version: own, kind: 'needs-build', detail }
  }
  const wanted = new Map<string, string>()
  for (const [, name = ''] of said.matchAll(/package named `([^`]+)`/g)) wanted.set(name, '')
  for (const [, name = ''] of said.matchAll(/searched package name: `([^`]+)`/g)) wanted.set(name, '')
  for (const [, name = '', range = ''] of said.matchAll(/requirement `([\w-]+) = "([^"]*)"/g)) wanted.set(name, range)
  const all = refusals.filter(({ name }) => wanted.has(name))
  const isNear = ({ name, version = '' }: Refusal) => {
    const [begin] = /\d+(\.\d+)*/.exec(wanted.get(name) ?? '') ?? []
    return begin === undefined || version === begin || version.startsWith(`${begin}.`)
  }
  // An index may be asked for other spellings of a name before it is given up.
  return all.find((one) => one.version !== undefined && isNear(one)) ?? all.find(({ version }) => version === undefined)
}

function createCrates({ base, bans, page, refuse, isOldEnough, tooNew, place }: IndexTools) {
  let template: Promise<string> | undefined

  const readTemplate = async (): Promise<string> => {
    const answer = await page('config.json', new URL('config.json', base), 'application/json')
    const { dl } = answer ? (JSON.parse(answer.text) as { dl?: unknown }) : {}
    if (typeof dl !== 'string') throw new IndexFault('the package index has no config.json that says where files are')
    return MARKERS.some((marker) => dl.includes(marker)) ? dl : `${dl}/{crate}/{version}/download`
  }

  const addressOf = (dl: string, { name, vers, cksum }: Line): string => {
    const prefix = prefixOf(name)
    const values = [name, vers, prefix, prefix.toLowerCase(), cksum]
    return MARKERS.reduce((text, marker, index) => text.replaceAll(marker, values[index] ?? ''), dl)
  }

  const reasonAgainst = ({ name, vers, pubtime }: Line): Reason | undefined => {
    const ban = banOf(bans, name, vers)
    if (ban) return { kind: 'banned', detail: banDetail(`${name} ${vers}`, ban) }
    return isOldEnough(pubtime) ? undefined : tooNew(`${name} ${vers}`, pubtime)
  }

  return async (name: string, path: string, res: ServerResponse): Promise<boolean> => {
    const whole = banOf(bans, name, undefined)
    if (whole) {
      refuse({ name, kind: 'banned', detail: banDetail(name, whole) })
      return false
    }
    const answer = await page(name, new URL(path, base), TEXT)
    if (!answer) return false
    const dl = await (template ??= readTemplate())
    const kept: string[] = []
    for (const text of answer.text.split('\n').filter((one) => one !== '')) {
      const line = readLine(text)
      if (!line) continue
      const reason = reasonAgainst(line)
      if (reason) {
        refuse({ name: line.name, version: line.vers, ...reason })
        continue
      }
      const file = { name: `${line.name}-${line.vers}.crate`, url: addressOf(dl, line) }
      const hash = { algorithm: 'sha256' as const, digest: Buffer.from(line.cksum, 'hex') }
      place({ ...file, hash }, answer.url, `/files/crates/${line.name}/${line.vers}/${file.name}`)
      kept.push(`${text}\n`)
    }
    res.writeHead(200, { 'content-type': TEXT }).end(kept.join(''))
    return true
  }
}

function readLine(text: string): Line | undefined {
  const line = JSON.parse(text) as Partial<Record<keyof Line, unknown>>
  const { name, vers, cksum, pubtime } = line
  if (typeof name !== 'string' || typeof vers !== 'string' || typeof cksum !== 'string') return undefined
  if (!/^[\w-]+$/.test(name) || !/^[\w.+-]+$/.test(vers) || !/^[0-9a-f]{64}$/.test(cksum)) return undefined
  return { name, vers, cksum, ...(typeof pubtime === 'string' && { pubtime }) }
}

/** Of the path of a crate in an index. */
function prefixOf(name: string): string {
  if (name.length < 3) return String(name.length)
  return name.length === 3 ? `3/${name.slice(0, 1)}` : `${name.slice(0, 2)}/${name.slice(2, 4)}`
}
