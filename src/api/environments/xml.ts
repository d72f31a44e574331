/** An element of an XML document, without its attributes. */
export interface XmlElement {
  name: string
  children: XmlElement[]
  /** What stands in it beside its children, without white space around it. */
  text: string
}

/** A tag, or what stands between two. */
const PIECE = /<(\/?)([A-Za-z_][\w.:-]{0,200})(\/|\s[^<>]*)?>|([^<]+)/y
/** What is no element, with how it ends. */
const OTHERS = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const
const ENTITIES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])
const MAX_DEPTH = 64

/**
 * Reads a document as tools for the JVM write it. What is declared in a document (DOCTYPE, entities) is refused.
 * @returns its outermost element; otherwise what is wrong with it
 */
export function readXml(text: string): XmlElement | string {
  const top: XmlElement = { name: '', children: [], text: '' }
  const open = [top]
  const source = text.replace(/^\uFEFF/, '')
  for (let at = 0; at < source.length;) {
    const element = open.at(-1) ?? top
    const nothing = `has no XML at "${source.slice(at, at + 40)}"`
    const other = OTHERS.find(([begin]) => source.startsWith(begin, at))
    if (other) {
      const [begin, end] = other
      const last = source.indexOf(end, at + begin.length)
      if (last < 0) return nothing
      if (begin === '<![CDATA[') element.text += source.slice(at + begin.length, last)
      at = last + end.length
      continue
    }
    PIECE.lastIndex = at
    const [piece, closing, name = '', attributes = '', words] = PIECE.exec(source) ?? []
    if (piece === undefined) return nothing
    at += piece.length
    if (words !== undefined) element.text += unescaped(words)
    else if (closing === '/') {
      if (open.length === 1 || element.name !== name) return `ends <${name}>, which does not begin there`
      element.text = element.text.trim()
      open.pop()
    } else {
      const made: XmlElement = { name, children: [], text: '' }
      element.children.push(made)
      if (!attributes.endsWith('/')) open.push(made)
      if (open.length > MAX_DEPTH) return `has more than ${MAX_DEPTH} elements inside of one another`
    }
  }
  const [root, ...others] = top.children
  if (open.length > 1) return `does not end <${open.at(-1)?.name}>`
  if (!root || others.length > 0 || top.text.trim() !== '') return 'is no XML document'
  return root
}

const unescaped = (text: string): string =>
  text.replaceAll(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w{1,8}));/g, (whole, decimal, hex, name: string) => {
    const code = decimal === undefined ? Number.parseInt(String(hex), 16) : Number(decimal)
    if (name !== undefined) return ENTITIES.get(name) ?? whole
    return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole
  })
