import type { FieldError } from '../../shared/problems.ts'

/** A name with extras, versions and a marker (PEP 508), without an address: packages come from the index alone. */
const REQUIREMENT =
  /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(\[[A-Za-z0-9._,\s-]*\])?\s*(\(?\s*(?:(?:===|==|~=|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*\)?)\s*(;[^@\n]*)?$/
const HASHES = /\s+--hash=sha256:[0-9a-f]{64}/g
const MAX_LINES = 2000

/** What a manifest of Python packages asks for. */
export interface Manifest {
  /** Each as written, without hashes. */
  requirements: string[]
  /** For the installer, in the order in which it was written. */
  text: string
}

/** Why a requirement cannot be used; undefined when it can. */
export function requirementFault(text: string): string | undefined {
  if (REQUIREMENT.test(text)) return undefined
  return `is "${text.slice(0, 100)}"; allowed is a name with versions, e.g. numpy, numpy>=2,<3 or uvicorn[standard]==0.30.*; addresses, paths and options are not`
}

/** The name in a requirement. */
export const requirementName = (text: string): string => REQUIREMENT.exec(text)?.[1] ?? text

/**
 * Reads `requirements.txt`. Options, addresses and paths are refused: they would take files from elsewhere than the index.
 * @param pointer of the file, for errors
 */
export function readRequirements(content: string, pointer: string): { manifest: Manifest; errors: FieldError[] } {
  const errors: FieldError[] = []
  const requirements: string[] = []
  const lines: string[] = []
  const logical = content.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/)
  for (const [index, line] of logical.entries()) {
    const bare = line.replace(/(^|\s)#.*$/, '').trim()
    if (bare === '') continue
    if (lines.length === MAX_LINES) {
      errors.push({ pointer, detail: `has more than ${MAX_LINES} requirements` })
      break
    }
    const requirement = bare.replaceAll(HASHES, '').trim()
    const fault = requirementFault(requirement)
    if (fault !== undefined) errors.push({ pointer, detail: `line ${index + 1} ${fault}` })
    requirements.push(requirement)
    lines.push(bare.replaceAll(/\s+/g, ' '))
  }
  return { manifest: { requirements, text: `${lines.join('\n')}\n` }, errors }
}

/**
 * The `dependencies` of a script's own metadata (PEP 723): a comment block `# /// script` in TOML, of which only that array is read.
 * @returns undefined when there is none
 */
export function scriptDependencies(code: string): string[] | undefined {
  const block = /^# \/\/\/ script[ \t]*\r?\n((?:#(?: .*)?\r?\n)+?)# \/\/\/[ \t]*\r?$/m.exec(code)?.[1]
  const toml = block?.replaceAll(/^# ?/gm, '')
  const array = /^dependencies\s*=\s*\[((?:\s|#[^\n]*\n|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|,)*)\]/m.exec(toml ?? '')?.[1]
  if (array === undefined) return undefined
  const bare = array.replaceAll(
    /("(?:[^"\\\n]|\\.)*"|'[^'\n]*')|#[^\n]*/g,
    (_all, text: string | undefined) => text ?? '',
  )
  return [...bare.matchAll(/"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'/g)].map(([, double, single]) =>
    double === undefined ? (single ?? '') : double.replaceAll(/\\(.)/g, '$1'),
  )
}
