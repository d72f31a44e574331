import {
  type GoMod,
  goModText,
  goText,
  KNOWN_MARK,
  readGoLock,
  readGoMod,
  readGoSum,
} from '../../shared/environments/go-rules.ts'
import type { FieldError } from '../../shared/problems.ts'
import type { Manifest, Manifests, ReadManifest } from './manifest.ts'

/** A module, or a package in one: its first part is a host, and is no option of a command. Then a version, or what chooses one. */
const REQUIREMENT =
  /^([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+(?:\/[A-Za-z0-9][A-Za-z0-9._~-]*)+)(?:@((?:[<>]=?)?[A-Za-z0-9][A-Za-z0-9.+-]{0,100}))?$/
const MAX_MODULES = 2000
const MANIFEST = 'go.mod'
const SUMS = 'go.sum'

/** Of modules for Go: `go.mod`, with the hashes of `go.sum` where there is one. */
export const goManifests: Manifests = {
  requirementFault(text) {
    if (text.length <= 300 && REQUIREMENT.test(text.trim())) return undefined
    return `is "${text.slice(0, 100)}"; allowed is the path of a module with a version, e.g. github.com/google/uuid, github.com/google/uuid@v1.6.0 or golang.org/x/text@v0.20`
  },
  fromRequirements(requirements) {
    const wanted = requirements.map((text) => {
      const [, path = '', version = 'latest'] = REQUIREMENT.exec(text.trim()) ?? []
      return { path, version: /^\d/.test(version) ? `v${version}` : version }
    })
    const lines = wanted.map(({ path, version }) => `${path}@${version}\n`)
    return { requirements: [...requirements], names: wanted.map(({ path }) => path), text: lines.toSorted().join('') }
  },
  read(content, pointer) {
    const lock = readGoLock(content)
    if (!lock) return readModule(content, pointer)
    const errors = [...modErrors(lock.mod, pointer), ...sumErrors(lock.sums.unusable, pointer)]
    return { manifest: manifestOf(lock.mod, goText(lock.mod, lock.sums.lines)), errors }
  },
  inFiles(text, _program, pointerOf) {
    const manifest = text(MANIFEST)
    if (manifest === undefined) return undefined
    const read = readModule(manifest, pointerOf(MANIFEST))
    const sums = text(SUMS)
    if (sums === undefined || !needsModules(readGoMod(manifest))) return read
    const { lines, unusable } = readGoSum(sums)
    const withSums = { ...read.manifest, text: goText(readGoMod(manifest), lines, KNOWN_MARK) }
    return { manifest: withSums, errors: [...read.errors, ...sumErrors(unusable, pointerOf(SUMS))] }
  },
}

function readModule(content: string, pointer: string): ReadManifest {
  const mod = readGoMod(content)
  return { manifest: manifestOf(mod, goModText(mod)), errors: modErrors(mod, pointer) }
}

function manifestOf({ require }: GoMod, text: string): Manifest {
  const direct = require.filter(({ isIndirect }) => !isIndirect)
  const shown = direct.length > 0 ? direct : require
  return {
    requirements: shown.map(({ path, version }) => `${path}@${version}`),
    names: require.map(({ path }) => path),
    text,
  }
}

/** One that needs none runs without an environment, whatever else its `go.mod` has. */
const needsModules = ({ require, unusable }: GoMod): boolean =>
  require.length > 0 || unusable.some(({ directive }) => directive === 'require')

function modErrors(mod: GoMod, pointer: string): FieldError[] {
  const { require, unusable } = mod
  if (!needsModules(mod)) return []
  const errors = unusable.slice(0, 20).map(({ line }) => ({
    pointer,
    detail: `has "${line.slice(0, 100)}"; allowed are module, go, require and exclude with versions such as v1.2.3; replacements are not`,
  }))
  if (require.length <= MAX_MODULES) return errors
  return [...errors, { pointer, detail: `has more than ${MAX_MODULES} modules` }]
}

const sumErrors = (unusable: readonly string[], pointer: string): FieldError[] =>
  unusable
    .slice(0, 20)
    .map((line) => ({ pointer, detail: `has "${line.slice(0, 100)}", which is no line of a go.sum` }))
