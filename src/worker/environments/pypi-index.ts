import type { ServerResponse } from 'node:http'
import { banDetail, banOf, PACKAGE_RULES } from '../../shared/environments/package-rules.ts'
import {
  IndexFault,
  type IndexTools,
  type PackageIndex,
  type PackageIndexOptions,
  type Reason,
  type Refusal,
  servePackageIndex,
} from './package-index.ts'

interface WheelFile {
  filename: string
  url: string
  hashes: Record<string, string>
  'requires-python'?: string | null
  'upload-time'?: string | null
  'core-metadata'?: boolean | Record<string, string>
  'dist-info-metadata'?: boolean | Record<string, string>
  yanked?: boolean | string
  size?: number | null
}

const SIMPLE = 'application/vnd.pypi.simple.v1+json'
const { normalName } = PACKAGE_RULES.pypi

/**
 * Of Python packages: the simple API of PEP 503 in JSON (PEP 691), with times of upload (PEP 700). Only wheels are shown: they run
 * nothing when they are installed.
 */
export const createPypiIndex = (options: PackageIndexOptions): PackageIndex =>
  servePackageIndex(options, (tools) => {
    const simple = createSimplePages(tools)
    return async (pathname, _req, res) => {
      const name = /^\/simple\/([A-Za-z0-9][A-Za-z0-9._-]{0,199})\/$/.exec(pathname)?.[1]
      return name !== undefined && (await simple(normalName(name), res))
    }
  })

/** Installers name what they cannot have as `name==version`, or by its name. */
export function pypiExplains(refusals: readonly Refusal[], said: string): Refusal | undefined {
  const folded = normalName(said)
  return refusals.find(({ name, version }) =>
    folded.includes(normalName(version === undefined ? name : `${name}==${version}`)),
  )
}

function createSimplePages({ base, bans, page, refuse, isOldEnough, tooNew, place }: IndexTools) {
  const show = (name: string, files: readonly WheelFile[], page: URL): WheelFile[] => {
    const wheels = files.filter(({ filename }) => filename.endsWith('.whl') && wheelVersion(filename) !== undefined)
    const allowed = wheels.filter(({ filename }) => !banOf(bans, name, wheelVersion(filename)))
    const old = allowed.filter((file) => SHA256.test(file.hashes['sha256'] ?? '') && isOldEnough(file['upload-time']))
    refuseVersions(name, files, old)
    if (old.length === 0) refuse({ name, ...whyNone(name, files, wheels, allowed) })
    return old.map((file) => {
      const { filename, url, hashes, yanked = false, size } = file
      const metadata = file['core-metadata'] ?? file['dist-info-metadata'] ?? false
      const hash = sha256(hashes['sha256'])
      const path = place({ name: filename, url, hash }, page)
      const described = new URL(url, page)
      described.pathname += '.metadata'
      const metadataHash = sha256(typeof metadata === 'object' ? metadata['sha256'] : undefined)
      const description = { name: `${filename}.metadata`, url: described.href, hash: metadataHash, isDescription: true }
      place(description, page, `${path}.metadata`)
      return {
        filename,
        url: path,
        hashes: { sha256: hashes['sha256'] ?? '' },
        'requires-python': file['requires-python'] ?? null,
        ...(file['upload-time'] && { 'upload-time': file['upload-time'] }),
        'core-metadata': metadata,
        yanked,
        ...(typeof size === 'number' && { size }),
      }
    })
  }

  /** Why single versions are not among those that are shown. */
  const refuseVersions = (name: string, files: readonly WheelFile[], shown: readonly WheelFile[]) => {
    const there = new Set(shown.map(({ filename }) => wheelVersion(filename)))
    const reasons = new Map<string, Reason>()
    for (const file of files) {
      const { filename } = file
      const version = wheelVersion(filename) ?? sourceVersion(filename)
      if (version === undefined || there.has(version)) continue
      const ban = banOf(bans, name, version)
      if (ban) reasons.set(version, { kind: 'banned', detail: banDetail(`${name} ${version}`, ban) })
      else if (filename.endsWith('.whl')) reasons.set(version, tooNew(`${name} ${version}`, file['upload-time']))
      else if (!reasons.has(version)) reasons.set(version, needsBuild(`${name} ${version}`))
    }
    for (const [version, reason] of reasons) refuse({ name, version, ...reason })
  }

  const whyNone = (
    name: string,
    files: readonly WheelFile[],
    wheels: readonly WheelFile[],
    allowed: readonly WheelFile[],
  ): Reason => {
    if (files.length === 0) return { kind: 'unknown', detail: `the package index has no files of ${name}` }
    if (wheels.length === 0) return needsBuild(name)
    if (allowed.length === 0) return { kind: 'banned', detail: `every version of ${name} is banned on this server` }
    const oldest = allowed.toSorted((a, b) => ((a['upload-time'] ?? '') < (b['upload-time'] ?? '') ? -1 : 1))[0]
    return oldest ? tooNew(name, oldest['upload-time']) : needsBuild(name)
  }

  return async (name: string, res: ServerResponse): Promise<boolean> => {
    const whole = banOf(bans, name, undefined)
    if (whole) {
      refuse({ name, kind: 'banned', detail: banDetail(name, whole) })
      return false
    }
    const answer = await page(name, new URL(`${name}/`, base), SIMPLE)
    if (!answer) return false
    if (!answer.type.includes('json'))
      throw new IndexFault('the package index has no JSON API (PEP 691), which has the times and hashes of files')
    const { files = [] } = JSON.parse(answer.text) as { files?: WheelFile[] }
    const shown = show(name, files, answer.url)
    const text = JSON.stringify({ meta: { 'api-version': '1.1' }, name, files: shown })
    res.writeHead(200, { 'content-type': SIMPLE, 'cache-control': 'max-age=600' }).end(text)
    return true
  }
}

const SHA256 = /^[0-9a-f]{64}$/
const sha256 = (hex: string | undefined) =>
  hex === undefined ? undefined : { algorithm: 'sha256' as const, digest: Buffer.from(hex, 'hex') }

/** The version in the name of a wheel (PEP 427); undefined when it is not the name of one. */
export function wheelVersion(file: string): string | undefined {
  return /^[A-Za-z0-9_.]+-([A-Za-z0-9_.!+]+)(-[0-9][A-Za-z0-9_.]*)?(-[A-Za-z0-9_.]+){3}\.whl$/.exec(file)?.[1]
}

/** The version in the name of a source archive; undefined when it is not the name of one. */
function sourceVersion(file: string): string | undefined {
  return /-([0-9][A-Za-z0-9_.!+]*)\.(tar\.gz|zip|tar\.bz2)$/.exec(file)?.[1]
}

const needsBuild = (what: string): Reason => ({
  kind: 'needs-build',
  detail: `${what} has no wheels: it would have to be built, which runs its code; only wheels are installed here`,
})
