import { crc32, deflateRawSync } from 'node:zlib'

export type Entries = [path: string, content: string | Buffer][]

/** A tar archive. @param types of entries that are no files, as a tar has them @param links where those lead that are links */
export function tar(entries: Entries, types: Record<string, string> = {}, links: Record<string, string> = {}): Buffer {
  const blocks = entries.flatMap(([path, content]) => {
    const bytes = Buffer.from(content)
    const header = Buffer.alloc(512)
    header.write(path, 0, 100)
    header.write('0000644\u0000', 100)
    header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write(types[path] ?? '0', 156)
    header.write(links[path] ?? '', 157, 100)
    header.write('ustar\u000000', 257)
    header.write('        ', 148)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148)
    return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

/** A zip, as a tool could make it that means ill. @param locals what a member is called where its content lies, by its path in the directory */
export function zip(
  entries: Entries,
  {
    method = 8,
    flags = 0,
    mode = 0,
    modes = {} as Record<string, number>,
    size = undefined as number | undefined,
    locals = {} as Record<string, string>,
  } = {},
): Buffer {
  const parts: Buffer[] = []
  const list: Buffer[] = []
  let at = 0
  for (const [path, content] of entries) {
    const bytes = Buffer.from(content)
    const packed = method === 8 ? deflateRawSync(bytes) : bytes
    const name = Buffer.from(path)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(flags, 2)
    common.writeUInt16LE(method, 4)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(size ?? bytes.length, 18)
    common.writeUInt16LE(name.length, 22)
    const localName = Buffer.from(locals[path] ?? path)
    const localCommon = Buffer.from(common)
    localCommon.writeUInt16LE(localName.length, 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), localCommon, localName, packed])
    const central = Buffer.alloc(46)
    central.write('PK\u0001\u0002', 'latin1')
    central[5] = 3 // made on Unix, so that its modes count
    common.copy(central, 6)
    central.writeUInt32LE(((modes[path] ?? mode) << 16) >>> 0, 38)
    central.writeUInt32LE(at, 42)
    parts.push(local)
    list.push(central, name)
    at += local.length
  }
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(
    list.reduce((sum, part) => sum + part.length, 0),
    12,
  )
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, ...list, end])
}

/** A folder with one test. */
export const problemArchive = (): Buffer =>
  tar([
    ['1.in', '1 2\n'],
    ['1.ans', '3\n'],
  ])
