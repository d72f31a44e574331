import { isUtf8 } from 'node:buffer'
import { count, encodeFrame, encodeRecords, natural, parseObject, ProtocolFault } from './frames.ts'
import { FRAME, GATHER, PIECE } from './protocol.ts'

const STOPS = ['files', 'entries', 'time'] as const

/** Files that were asked for and did not come: how many, by why. */
export interface MissingFiles {
  /** Larger than what was left of the bytes in all. */
  tooLarge: number
  /** Files and folders that the program could not have read either. */
  unreadable: number
  /** Their name is not UTF-8 or holds control characters. */
  unusable: number
  /** Neither file nor folder: links, FIFOs, sockets. */
  special: number
  /** Their path is too long, or has too many folders. */
  deep: number
  /** What ended the search before it had seen everything. */
  stopped: (typeof STOPS)[number] | null
}

/**
 * `G`: send the files that one of the globs matches.
 * @throws TypeError when a glob holds a NUL or a limit is no natural number
 */
export function encodeGather(wanted: { globs: readonly string[]; maxBytes: number; maxFiles: number }): Buffer {
  return encodeFrame(
    FRAME.GATHER,
    encodeRecords([
      ...wanted.globs.map((glob) => [GATHER.GLOB, glob] as const),
      [GATHER.BYTES, natural('maxBytes', wanted.maxBytes)],
      [GATHER.FILES, natural('maxFiles', wanted.maxFiles)],
    ]),
  )
}

type PieceKind = 'first' | 'next' | 'forget'
const KINDS = new Map<number | undefined, PieceKind>([
  [PIECE.FIRST, 'first'],
  [PIECE.NEXT, 'next'],
  [PIECE.FORGET, 'forget'],
])

/** One piece of a file, in a `P` frame. `forget`: the pieces before it are all that could be read, and no file. */
export interface Piece {
  path: string
  kind: PieceKind
  content: Buffer
}

/** @throws ProtocolFault when it is not one; its path is UTF-8, and not checked in any other way */
export function parsePiece(payload: Buffer): Piece {
  const kind = KINDS.get(payload[0])
  const end = payload.indexOf(0, 1)
  if (kind === undefined || end < 2) throw new ProtocolFault('a piece of a file without a path or a kind')
  const name = payload.subarray(1, end)
  const content = payload.subarray(end + 1)
  if (!isUtf8(name)) throw new ProtocolFault('the path of a file is no UTF-8')
  // Otherwise pieces could come without end.
  if (kind !== 'first' && (content.length === 0) !== (kind === 'forget')) throw new ProtocolFault('a piece of nothing')
  return { path: name.toString(), kind, content }
}

/**
 * What is missing, from the `L` frame that ends the files.
 * @throws ProtocolFault when it is not one
 */
export function parseList(payload: Uint8Array): MissingFiles {
  const list = parseObject(payload)
  const stopped = list['stopped']
  const known = STOPS.find((stop) => stop === stopped)
  if (known === undefined && stopped !== null) throw new ProtocolFault('unknown end of a search')
  return {
    tooLarge: count(list, 'tooLarge'),
    unreadable: count(list, 'unreadable'),
    unusable: count(list, 'unusable'),
    special: count(list, 'special'),
    deep: count(list, 'deep'),
    stopped: known ?? null,
  }
}
