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

/** What a script says of itself, or why that cannot be read, with its line. */
type ScriptDependencies = { dependencies: string[] } | { fault: string }

const DEPENDENCIES = /^[ \t]*(?:dependencies|"dependencies"|'dependencies')[ \t]*=[ \t]*/m

/**
 * The `dependencies` of a script's own metadata (PEP 723): the first comment block `# /// script`, in TOML, of which only that array is read.
 * @returns undefined when there is none
 */
export function scriptDependencies(code: string): ScriptDependencies | undefined {
  const block = scriptMetadata(code)
  const toml = topLevel(block.toml)
  const key = DEPENDENCIES.exec(toml)
  if (!key) return undefined
  const begin = key.index + key[0].length
  const fault = (at: number) => {
    const before = toml.slice(0, at).split('\n').length - 1
    const [rest = ''] = toml.slice(at).split('\n', 1)
    const detail = `the value of dependencies cannot be read from ${JSON.stringify(rest.slice(0, 60))} on`
    return {
      fault: `line ${block.line + before}: ${detail}; it must be an array of strings, e.g. ["numpy", "pandas>=2"]`,
    }
  }
  if (toml[begin] !== '[') return fault(begin)
  const token = /\s+|,|#[^\n]*|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|(\])/y
  token.lastIndex = begin + 1
  const found: string[] = []
  let next = token.lastIndex
  for (let match = token.exec(toml); match; match = token.exec(toml)) {
    const [, double, single, end] = match
    if (end !== undefined) return { dependencies: found }
    if (double !== undefined) found.push(double.replaceAll(ESCAPE, unescaped))
    if (single !== undefined) found.push(single)
    next = token.lastIndex
  }
  // One that goes on to the end is told where it begins.
  return fault(next < toml.length ? next : begin)
}

/** What stands before the first table: those of tools have `dependencies` of their own. */
function topLevel(toml: string): string {
  const table = /^[ \t]*\[/m.exec(toml)
  return table ? toml.slice(0, table.index) : toml
}

const ESCAPE = /\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g

/** A character that is no requirement's stays one: whoever reads it next refuses it. */
function unescaped(whole: string, short?: string, long?: string, letter?: string): string {
  if (letter !== undefined) return '"\\'.includes(letter) ? letter : whole
  const code = Number.parseInt(short ?? long ?? '', 16)
  return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole
}

/** The TOML in the first `# /// script` block of a program, and its first line there; empty when there is none, or it has no end. */
function scriptMetadata(code: string): { toml: string; line: number } {
  const none = { toml: '', line: 0 }
  if (!code.includes('# /// script')) return none
  const lines = code.split(/\r?\n/)
  const begin = lines.findIndex((line) => /^# \/\/\/ script[ \t]*$/.test(line))
  if (begin < 0) return none
  const toml: string[] = []
  for (const line of lines.slice(begin + 1)) {
    if (/^# \/\/\/[ \t]*$/.test(line)) return { toml: toml.join('\n'), line: begin + 2 }
    if (line !== '#' && !line.startsWith('# ')) return none
    toml.push(line.slice(2))
  }
  return none
}
