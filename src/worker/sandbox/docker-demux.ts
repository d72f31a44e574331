/** Of a block: stream, three zero bytes, length. */
const HEADER = 8

/** What came is no stream of an attach. */
export class NotMultiplexed extends Error {
  override readonly name = 'NotMultiplexed'
}

/** Takes the multiplexed stream of an attach without a terminal apart. */
export interface DockerDemux {
  /**
   * The pieces of standard output and standard error in this chunk, in order, without waiting for whole blocks.
   * @throws NotMultiplexed on a header that is none
   */
  push(chunk: Buffer): { stdout: Buffer[]; stderr: Buffer[] }
}

/**
 * A demultiplexer for the attach stream of Docker and podman: blocks of `stream (0, 1 or 2), three zero bytes, length
 * (4 bytes, big endian), bytes`. Streams 0 and 1 are standard output. A block may be of any length and is passed on as
 * it comes.
 */
export function createDockerDemux(): DockerDemux {
  const header = Buffer.alloc(HEADER)
  let have = 0
  let left = 0
  return {
    push(chunk) {
      const out = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
      let at = 0
      while (at < chunk.length) {
        if (left === 0) {
          const copied = chunk.copy(header, have, at, at + HEADER - have)
          have += copied
          at += copied
          if (have < HEADER) break
          if (header.readUInt32BE(0) % 0x1000000 !== 0 || header.readUInt8(0) > 2)
            throw new NotMultiplexed(`not an attach stream: header ${header.toString('hex')}`)
          have = 0
          left = header.readUInt32BE(4)
          continue
        }
        const piece = chunk.subarray(at, at + left)
        at += piece.length
        left -= piece.length
        if (header[0] === 2) out.stderr.push(piece)
        else out.stdout.push(piece)
      }
      return out
    },
  }
}
