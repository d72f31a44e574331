import {
  checkerOf,
  type CheckerType,
  FIRST_CHECKER,
  type OwnChecker,
  type OwnTest,
  PROTOCOLS,
} from '../tests/own-tests.ts'

/** A program in a link: in its fragment, which no server is sent. */
export type LinkedProgram = {
  language: string
  code: string
  tests?: readonly OwnTest[]
  checker?: CheckerType
  own?: OwnChecker
} & Partial<Record<(typeof TEXTS)[number], string>>

const TEXTS = ['stdin', 'args', 'packages', 'environment'] as const

/** Longer links are cut by what people send them with. */
export const LONGEST_LINK = 8000
/** A link of a few kilobytes can unfold into gigabytes. */
const MOST_BYTES = 1024 * 1024

/** What else the program has, such as files and limits, is not in the link; nor is a checker that is made of files. */
export async function programFragment(program: LinkedProgram): Promise<string> {
  const { language, code, tests = [] } = program
  const texts = Object.fromEntries(TEXTS.flatMap((name) => (program[name] ? [[name, program[name]]] : [])))
  const linked: LinkedProgram = { language, code, ...texts, ...(tests.length > 0 && { tests, ...judgeOf(program) }) }
  const bytes = await through(new TextEncoder().encode(JSON.stringify(linked)), new CompressionStream('deflate-raw'))
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
  return `#program=${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`
}

function judgeOf({ checker, own }: LinkedProgram): Pick<LinkedProgram, 'checker' | 'own'> {
  if (checker !== 'program') return checker === undefined ? {} : { checker }
  if (!own || own.more?.files !== undefined) return {}
  const { language, code, protocol } = own
  return { checker, own: { language, code, protocol } }
}

/** @returns undefined when the fragment holds no program, or a broken one */
export async function readProgramFragment(fragment: string): Promise<LinkedProgram | undefined> {
  const text = /^#program=([\w-]+)$/.exec(fragment)?.[1]
  if (text === undefined) return undefined
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
    const unfolded = await through(bytes, new DecompressionStream('deflate-raw'))
    const found = JSON.parse(new TextDecoder().decode(unfolded)) as Record<string, unknown>
    const {
      language,
      code,
      stdin = '',
      args = '',
      packages = '',
      environment = '',
      tests = [],
      checker,
      own = FIRST_CHECKER,
    } = found
    const texts = { language, code, stdin, args, packages, environment }
    if (!areTexts(texts) || !areTests(tests) || !isChecker(own)) return undefined
    return { ...texts, tests, checker: checkerOf(typeof checker === 'string' ? checker : undefined), own }
  } catch {
    return undefined
  }
}

const areTexts = <Name extends string>(values: Record<Name, unknown>): values is Record<Name, string> =>
  Object.values(values).every((value) => typeof value === 'string')

const areTests = (value: unknown): value is OwnTest[] =>
  Array.isArray(value) &&
  value.every((one: Partial<OwnTest> | null) => typeof one?.input === 'string' && typeof one.expected === 'string')

const isChecker = (value: unknown): value is OwnChecker => {
  const { language, code, protocol } = Object(value) as Record<string, unknown>
  return areTexts({ language, code }) && typeof protocol === 'string' && Object.hasOwn(PROTOCOLS, protocol)
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
