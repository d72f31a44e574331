import { FAILSAFE_SCHEMA, load, type State } from 'js-yaml'
import { namesIn } from '../json-pointer.ts'
import { KIB } from '../units.ts'
import type { ProblemFault } from './problem.ts'

/** Where a value begins in its file; both from 1. */
export interface FilePlace {
  line: number
  column: number
}

/** A value. Of a map it has the keys, in the order of `values`. */
interface Node extends FilePlace {
  keys?: string[]
  values?: Node[]
}

/** Settings are short; of longer files no places are told. */
const MAX_CHARACTERS = 256 * KIB

/**
 * Where the values of a file are. JSON is read as the YAML it is, by the parser that packages are read with: it tells where each value begins and
 * ends, keys of maps among them.
 * @param source JSON or YAML; of what is neither nothing is found
 * @returns finds the value of a JSON pointer (RFC 6901), or where that is missing the value it is missing in, but for the whole file
 */
export function placesIn(source: string): (pointer: string) => FilePlace | undefined {
  const root = source.length > MAX_CHARACTERS ? undefined : treeOf(source)
  return (pointer) => {
    const parts = namesIn(pointer)
    let node = root
    for (const [depth, part] of parts.entries()) {
      const next = node && memberOf(node, part)
      if (!next) return depth > 0 && depth === parts.length - 1 ? node && placeOf(node) : undefined
      node = next
    }
    return parts.length > 0 && node ? placeOf(node) : undefined
  }
}

const placeOf = ({ line, column }: Node): FilePlace => ({ line, column })

function memberOf({ keys, values }: Node, part: string): Node | undefined {
  const at = keys ? keys.lastIndexOf(part) : Number(part)
  return values?.[at]
}

/** What of a value is known until it ends. */
interface Open extends FilePlace {
  children: Node[]
  texts: unknown[]
}

function treeOf(source: string): Node | undefined {
  const open: Open[] = []
  let last: Node | undefined
  const listener = (event: string, state: State) => {
    // Aliases of aliases would make a short file a value that no memory holds.
    Object.assign(state, { anchorMap: {} })
    if (event === 'open') return void open.push({ ...startOf(state), children: [], texts: [] })
    const one = open.pop()
    if (!one) return
    last = closed(one, state)
    open.at(-1)?.children.push(last)
    open.at(-1)?.texts.push(state.result)
  }
  try {
    load(source, { schema: FAILSAFE_SCHEMA, listener, json: true })
    return last
  } catch {
    return undefined
  }
}

/** Where nothing but a comment follows in the line: the value is in lines below. */
const BELOW = 0

/** A value behind `key:` is announced before the white space, or before the lines, that it stands behind. */
function startOf({ input, position, line, lineStart }: State): FilePlace {
  let at = position
  while (input[at] === ' ') at++
  return { line: line + 1, column: /[^\r\n#\0]/.test(input[at] ?? '') ? at - lineStart + 1 : BELOW }
}

function closed({ children, texts, ...place }: Open, { kind, result }: State): Node {
  const [first] = children
  // What could have been the first key of a map is announced as that, and then as itself.
  if (first && children.length === 1 && texts[0] === result) return first
  if (kind === 'sequence') return { ...place, values: children }
  if (kind !== 'mapping' || children.length % 2 !== 0) return place
  const isKey = (_: unknown, index: number) => index % 2 === 0
  const keys = children.filter(isKey)
  const values = children.filter((_, index) => !isKey(_, index))
  return {
    ...place,
    keys: texts.filter(isKey).map(String),
    values: values.map((value, index) =>
      value.column === BELOW ? { ...value, ...placeOf(keys[index] ?? value) } : value,
    ),
  }
}

/** The same, each with its line and column where it is about a value of a file. @param files of the folder, by path */
export function withLines(faults: readonly ProblemFault[], files: ReadonlyMap<string, Buffer>): ProblemFault[] {
  const known = new Map<string, (pointer: string) => FilePlace | undefined>()
  const placesOf = (path: string) => {
    const places =
      known.get(path) ??
      placesIn(
        files
          .get(path)
          ?.toString()
          .replace(/^\uFEFF/, '') ?? '',
      )
    known.set(path, places)
    return places
  }
  return faults.map(({ path, detail, pointer }) => {
    const place = pointer === undefined ? undefined : placesOf(path)(pointer)
    return { path, detail: place ? `line ${place.line}, column ${place.column}: ${detail}` : detail }
  })
}
