import { FIRST_WORD, OTHER } from './tokens.ts'

/** The words that rules name, each with a code of its own, found by hash while a text is read. */
export interface Vocabulary {
  /** Every word's code is below this. */
  size: number
  /** @returns the word's code, or OTHER */
  codeOf(word: string): number
  /** Open addressing: hash & mask, then the next slot; 0 is an empty one. */
  slots: Uint16Array
  mask: number
  /** The code of a word by its hash, its length and its first unit; OTHER when no rule names it. */
  find: (hash: number, length: number, first: number) => number
}

/** FNV-1a over UTF-16 units, one unit at a time; begins at HASH_SEED. */
const HASH_SEED = 0x811c9dc5 | 0
const HASH_PRIME = 0x01000193

export function createVocabulary(words: Iterable<string>): Vocabulary {
  const list = [...new Set(words)]
  let slotCount = 256
  while (slotCount < list.length * 8) slotCount *= 2
  const mask = slotCount - 1
  const slots = new Uint16Array(slotCount)
  const hashes = Int32Array.from(list, hashOf)
  const lengths = Uint16Array.from(list, (word) => word.length)
  const firsts = Uint16Array.from(list, (word) => word.charCodeAt(0))
  const codes = new Map<string, number>()
  list.forEach((word, index) => {
    codes.set(word, FIRST_WORD + index)
    let slot = spread(hashOf(word)) & mask
    while (slots[slot] !== 0) slot = (slot + 1) & mask
    slots[slot] = FIRST_WORD + index
  })
  return {
    size: FIRST_WORD + list.length,
    codeOf: (word) => codes.get(word) ?? OTHER,
    slots,
    mask,
    find(hash, length, first) {
      let slot = spread(hash) & mask
      for (let code = slots[slot]!; code !== 0; code = slots[slot]!) {
        const index = code - FIRST_WORD
        // Whole hash, length and first letter: a word that shares all three costs a warning too many, never one too few.
        if (hashes[index] === hash && lengths[index] === length && firsts[index] === first) return code
        slot = (slot + 1) & mask
      }
      return OTHER
    },
  }
}

function spread(hash: number): number {
  return hash ^ (hash >>> 15)
}

function hashOf(word: string): number {
  let hash = HASH_SEED
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), HASH_PRIME)
  return hash
}
