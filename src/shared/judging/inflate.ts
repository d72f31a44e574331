import { gunzipSync, inflateRawSync, type ZlibOptions } from 'node:zlib'
import { KIB } from '../units.ts'

/** zlib takes no smaller one. */
const LEAST_CHUNK_BYTES = 64
/** Of what says its own size, which need not be so: each piece costs a write and a buffer. */
const LEAST_GZIP_CHUNK_BYTES = 64 * KIB
/** Of the trailer of gzip, which ends with the size. Source: RFC 1952, 2.3.1 */
const SIZE_BYTES = 4

/**
 * Unpacks into one buffer: in pieces, as zlib does it otherwise, all would be held twice.
 * @param size that is likely, in bytes; another one is no fault
 */
const inOne = (size: number, maxOutputLength = size): ZlibOptions => ({
  maxOutputLength: Math.max(1, maxOutputLength),
  // One more, so that it sees the end.
  chunkSize: Math.max(LEAST_CHUNK_BYTES, Math.min(size, maxOutputLength) + 1),
})

/** @throws RangeError with the code `ERR_BUFFER_TOO_LARGE` beyond the bound, in bytes, or what zlib says of broken data */
export const gunzip = (packed: Buffer, most: number): Buffer => gunzipSync(packed, ofGzip(packed, most))

/**
 * As `inOne`, of a gzip that a stranger made. Its trailer has the size of its last member alone, and may say anything: nothing unpacks to pieces much
 * shorter than what is packed, nor than 64 KiB.
 */
export function ofGzip(packed: Buffer, most: number): ZlibOptions {
  const options = inOne(Math.max(sizeOf(packed), packed.length), most)
  return { ...options, chunkSize: Math.max(LEAST_GZIP_CHUNK_BYTES, options.chunkSize ?? 0) }
}

/** @param size in bytes, which is the most. @throws as `gunzip` */
export const inflate = (packed: Buffer, size: number): Buffer => inflateRawSync(packed, inOne(size, size))

/** What a gzip says of itself. */
const sizeOf = (packed: Buffer): number =>
  packed.length < SIZE_BYTES ? 0 : packed.readUInt32LE(packed.length - SIZE_BYTES)
