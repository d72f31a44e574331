/** An element of such a file. */
export interface XmlElement {
  name: string
  attributes: Readonly<Record<string, string>>
  children: XmlElement[]
  /** Its own text, without that of its children, trimmed. */
  text: string
}

/** Something in a file that is not read here, with its line. */
export class XmlFault extends Error {
  override readonly name = 'XmlFault'
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const NAME = '[A-Za-z_][\\w:.-]*'
const START = new RegExp(`<(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`, 'y')
const END = new RegExp(`</(${NAME})\\s*>`, 'y')
const SKIPPED = /<\?[^]*?\?>|<!--[^]*?-->/y
const CDATA = /<!\[CDATA\[([^]*?)\]\]>/y
const TEXT = /[^<]+/y

/**
 * Reads the part of XML that descriptions of problems are written in: elements, attributes, text, CDATA, comments, and the five entities of XML
 * with those by number. A document type is refused, and with it entities of one's own.
 * @throws XmlFault
 */
export function parseXml(source: string): XmlElement {
  const open: XmlElement[] = []
  let root: XmlElement | undefined
  let at = source.startsWith('\u{FEFF}') ? 1 : 0
  const fault = (what: string) => new XmlFault(`line ${source.slice(0, at).split('\n').length}: ${what}`)
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found) at = pattern.lastIndex
    return found ?? undefined
  }
  const decode = (text: string): string =>
    text.replaceAll(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name: string) => {
      const code = name.startsWith('#x')
        ? parseInt(name.slice(2), 16)
        : name.startsWith('#')
          ? Number(name.slice(1))
          : -1
      if (code >= 0 && code <= 0x10ffff) return String.fromCodePoint(code)
      const known = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined
      if (known === undefined) throw fault(`has the entity ${whole}, which is not read here`)
      return known
    })
  const write = (text: string) => {
    const inner = open.at(-1)
    if (inner) inner.text += text
    else if (text.trim() !== '') throw fault('has text outside of the document')
  }
  while (at < source.length) {
    if (take(SKIPPED)) continue
    const cdata = take(CDATA)
    if (cdata) {
      write(cdata[1] ?? '')
      continue
    }
    const text = take(TEXT)
    if (text) {
      write(decode(text[0]))
      continue
    }
    const start = take(START)
    if (start) {
      const [, name = '', attributes = '', closed] = start
      const element: XmlElement = { name, attributes: attributesOf(attributes, decode), children: [], text: '' }
      const outer = open.at(-1)
      if (outer) outer.children.push(element)
      else if (root) throw fault('has two documents')
      else root = element
      if (closed !== '/') open.push(element)
      continue
    }
    const end = take(END)
    const inner = end && open.pop()
    if (!inner || inner.name !== end[1])
      throw fault(end ? `closes <${end[1]}>, which is not open` : 'is no XML that is read here')
    inner.text = inner.text.trim()
  }
  const last = open.at(-1)
  if (last) throw fault(`the file ends within <${last.name}>`)
  if (!root) throw fault('has no element')
  return root
}

function attributesOf(text: string, decode: (text: string) => string): Record<string, string> {
  if (text === '') return {}
  const found = text.matchAll(new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g'))
  return Object.fromEntries([...found].map(([, name = '', double, single]) => [name, decode(double ?? single ?? '')]))
}

/** The elements that a path of names leads to. */
export function elementsAt(element: XmlElement, ...path: string[]): XmlElement[] {
  return path.reduce(
    (found, name) => found.flatMap(({ children }) => children.filter((child) => child.name === name)),
    [element],
  )
}
