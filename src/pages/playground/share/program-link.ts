/** A program in a link: in its fragment, which no server is sent. */
export interface LinkedProgram {
  language: string
  code: string
  stdin?: string
  args?: string
}

/** Longer links are cut by what people send them with. */
export const LONGEST_LINK = 8000
/** A link of a few kilobytes can unfold into gigabytes. */
const MOST_BYTES = 1024 * 1024

export async function programFragment(program: LinkedProgram): Promise<string> {
  const bytes = await through(new TextEncoder().encode(JSON.stringify(program)), new CompressionStream('deflate-raw'))
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return `#program=${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

/** @returns undefined when the fragment holds no program, or a broken one */
export async function readProgramFragment(fragment: string): Promise<LinkedProgram | undefined> {
  const text = /^#program=([\w-]+)$/.exec(fragment)?.[1]
  if (text === undefined) return undefined
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
    const unfolded = await through(bytes, new DecompressionStream('deflate-raw'))
    const { language, code, stdin = '', args = '' } = JSON.parse(new TextDecoder().decode(unfolded)) as LinkedProgram
    const isProgram = [language, code, stdin, args].every((part) => typeof part === 'string')
    return isProgram ? { language, code, stdin, args } : undefined
  } catch {
    return undefined
  }
}

/** @throws when there is more of it than a program may have, or it is no such stream */
async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > MOST_BYTES) {
      await reader.cancel()
      throw new RangeError('too long for a program')
    }
    chunks.push(value)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
