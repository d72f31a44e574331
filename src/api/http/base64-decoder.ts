/** Decodes base64, or base64url, that comes in pieces. */
export interface Base64Decoder {
  /** Takes more text. Whatever is no letter of base64 is passed over, as `Buffer.from` does it. */
  add(text: string): void
  /** What has come so far; to be asked for once, when all has come. */
  bytes(): Buffer
}

const LEAST_BYTES = 4096
const OTHER = /[^A-Za-z0-9+/_-]/g

/** @param expected bytes in the end: with a good hint all is written once, to where it stays */
export function createBase64Decoder(expected: number): Base64Decoder {
  // Pages that nobody has written to take no memory.
  let room = Buffer.allocUnsafeSlow(Math.max(LEAST_BYTES, expected))
  let length = 0
  let carried = ''
  const write = (text: string) => {
    const most = length + Math.ceil((text.length * 3) / 4)
    if (most > room.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(most, 2 * room.length))
      room.copy(larger, 0, 0, length)
      room = larger
    }
    length += room.write(text, length, 'base64')
  }
  return {
    add(text) {
      const letters = carried + text.replaceAll(OTHER, '')
      const whole = letters.length - (letters.length % 4)
      carried = letters.slice(whole)
      if (whole > 0) write(letters.slice(0, whole))
    },
    bytes() {
      write(carried)
      carried = ''
      return room.subarray(0, length)
    },
  }
}
