import { scriptDependencies } from '../../shared/environments/script-dependencies.ts'
import type { FieldError } from '../../shared/problems.ts'
import type { Manifest, Manifests, ReadManifest } from './manifest.ts'

/**
 * A name with extras, versions and a marker (PEP 508), without an address: packages come from the index alone. It is for text in which every
 * white space is one space, since no two parts of a pattern that runs in the gateway may match the same run of characters.
 */
const REQUIREMENT =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?) ?(\[[A-Za-z0-9._, -]*\])? ?(\(? ?(?:(?:===|==|~=|!=|<=|>=|<|>) ?[A-Za-z0-9.*+!_-]+ ?(?:, ?)?)*\)?) ?(;[^@]*)?$/
const HASHES = / --hash=sha256:[0-9a-f]{64}/g
const MAX_LINES = 2000
/** Of one requirement, in characters, without its hashes. */
const MAX_LENGTH = 1000

/** Text with one space for every white space in it, and none around it. */
const onOneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/** Why a requirement cannot be used; undefined when it can. */
export function requirementFault(text: string): string | undefined {
  const line = onOneLine(text)
  if (line.length > MAX_LENGTH) return `has ${line.length} characters; at most ${MAX_LENGTH} are allowed`
  if (REQUIREMENT.test(line)) return undefined
  return `is "${line.slice(0, 100)}"; allowed is a name with versions, e.g. numpy, numpy>=2,<3 or uvicorn[standard]==0.30.*; addresses, paths and options are not`
}

const requirementName = (text: string): string => REQUIREMENT.exec(onOneLine(text))?.[1] ?? text

/**
 * Reads `requirements.txt`. Options, addresses and paths are refused: they would take files from elsewhere than the index.
 * @param pointer of the file, for errors
 */
export function readRequirements(content: string, pointer: string): ReadManifest {
  const errors: FieldError[] = []
  const requirements: string[] = []
  const lines: string[] = []
  const logical = content.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)
  for (const [index, line] of logical.entries()) {
    const bare = withoutComment(onOneLine(line))
    if (bare === '') continue
    if (lines.length === MAX_LINES) {
      errors.push({ pointer, detail: `has more than ${MAX_LINES} requirements` })
      break
    }
    const requirement = bare.replaceAll(HASHES, '').trim()
    const fault = requirementFault(requirement)
    if (fault !== undefined) errors.push({ pointer, detail: `line ${index + 1} ${fault}` })
    requirements.push(requirement)
    lines.push(bare)
  }
  return { manifest: manifestOf(requirements, lines), errors }
}

// The order of a manifest means nothing.
const manifestOf = (requirements: string[], lines: readonly string[]): Manifest => ({
  requirements,
  names: requirements.map(requirementName),
  text: `${lines.toSorted().join('\n')}\n`,
})

const MANIFEST = 'requirements.txt'

/** Of Python packages: `requirements.txt`, and the metadata of a program (PEP 723). */
export const pypiManifests: Manifests = {
  requirementFault,
  fromRequirements: (requirements) => manifestOf([...requirements], requirements.map(onOneLine)),
  read: readRequirements,
  inFiles(text, program, pointerOf) {
    const listed = text(MANIFEST)
    if (listed !== undefined) return readRequirements(listed, pointerOf(MANIFEST))
    const own = scriptDependencies(text(program) ?? '')
    if (!own) return undefined
    const pointer = pointerOf(program)
    if ('fault' in own) return { manifest: manifestOf([], []), errors: [{ pointer, detail: own.fault }] }
    return readRequirements(own.dependencies.join('\n'), pointer)
  },
}

function withoutComment(line: string): string {
  const at = line.startsWith('#') ? 0 : line.indexOf(' #')
  return at < 0 ? line : line.slice(0, at)
}
