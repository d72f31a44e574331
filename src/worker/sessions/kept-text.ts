/** The text of a stream. */
export interface KeptText {
  /** Characters that it has. */
  readonly length: number
  add(text: string): void
  /** Removes its first characters, and what they leave of a pair of surrogates. */
  cut(characters: number): void
  toString(): string
}

/** Characters of one piece: thousands of short ones cost many times what they say. */
const PIECE = 64 * 1024

export function createKeptText(): KeptText {
  const pieces: string[] = []
  /** What becomes the next piece; joined as a list, since added up it would be a tree of all that came. */
  let last: string[] = []
  let lastLength = 0
  let length = 0

  const join = () => {
    if (lastLength > 0) pieces.push(last.join(''))
    last = []
    lastLength = 0
  }

  return {
    get length() {
      return length
    },
    add(text) {
      last.push(text)
      lastLength += text.length
      length += text.length
      if (lastLength >= PIECE) join()
    },
    cut(characters) {
      let left = characters
      while (left > 0 && length > 0) {
        if (pieces.length === 0) join()
        const first = pieces[0] ?? ''
        const isPair = left < first.length && isLowSurrogate(first.charCodeAt(left))
        const gone = Math.min(first.length, isPair ? left + 1 : left)
        if (gone === first.length) pieces.shift()
        else pieces[0] = first.slice(gone)
        length -= gone
        left -= gone
      }
    },
    toString: () => [...pieces, ...last].join(''),
  }
}

const isLowSurrogate = (code: number) => code >= 0xdc00 && code <= 0xdfff
