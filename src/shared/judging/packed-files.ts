/** A file as it lies in an archive. */
export interface PackedFile {
  /** In bytes, unpacked. */
  size: number
  /** Unpacks it. */
  content: () => Buffer
}

/**
 * The files of an archive by path. Each is unpacked when it is asked for and not kept, so that whoever reads one after another holds one of
 * them at a time.
 */
export class PackedFiles implements ReadonlyMap<string, Buffer> {
  readonly #files: ReadonlyMap<string, PackedFile>
  /** Of all files, unpacked. */
  readonly bytes: number

  constructor(files: ReadonlyMap<string, PackedFile>) {
    this.#files = files
    this.bytes = [...files.values()].reduce((total, { size }) => total + size, 0)
  }

  get size(): number {
    return this.#files.size
  }

  has(path: string): boolean {
    return this.#files.has(path)
  }

  /** @throws what unpacking it does, where it is broken */
  get(path: string): Buffer | undefined {
    return this.#files.get(path)?.content()
  }

  keys(): MapIterator<string> {
    return this.#files.keys()
  }

  *values(): Generator<Buffer, undefined> {
    for (const { content } of this.#files.values()) yield content()
  }

  *entries(): Generator<[string, Buffer], undefined> {
    for (const [path, { content }] of this.#files) yield [path, content()]
  }

  [Symbol.iterator](): Generator<[string, Buffer], undefined> {
    return this.entries()
  }

  forEach(each: (content: Buffer, path: string, files: ReadonlyMap<string, Buffer>) => void): void {
    for (const [path, content] of this.entries()) each(content, path, this)
  }
}
