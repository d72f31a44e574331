/**
 * Cuts one stream between characters: a character split over two chunks waits until it is whole, so that valid
 * UTF-8 never looks invalid because of where a read ended.
 */
export interface CharacterSplitter {
  push(chunk: Buffer): Buffer
  /** What is still incomplete, at the end of the stream: at most 3 bytes. */
  end(): Buffer
}

const NOTHING = Buffer.alloc(0)

export function createCharacterSplitter(): CharacterSplitter {
  let incomplete = NOTHING
  return {
    push(chunk) {
      const bytes = incomplete.length > 0 ? Buffer.concat([incomplete, chunk]) : chunk
      const whole = bytes.length - incompleteTail(bytes)
      incomplete = Buffer.from(bytes.subarray(whole))
      return bytes.subarray(0, whole)
    },
    end() {
      const rest = incomplete
      incomplete = NOTHING
      return rest
    },
  }
}

/** How many bytes at the end begin a character that is not complete yet (0 to 3). */
function incompleteTail(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return length > back ? back : 0
    }
    if (byte < 0x80) return 0
  }
  return 0
}
