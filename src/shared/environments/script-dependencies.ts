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
