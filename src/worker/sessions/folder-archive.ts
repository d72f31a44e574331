import { SECOND } from '../../shared/limits.ts'
import { SIGNALS } from '../../shared/redis/job-input.ts'
import type { Agent, AgentProcess, ProcessEnd } from './agent.ts'
import type { Clock } from './context.ts'

/**
 * The working folder of a session as a tar archive, packed and unpacked by `tar` in its own sandbox: what strangers put into an archive
 * meets the limits of the session, and nothing else.
 */

/** The program of the session failed. Its message is for people. */
export class ArchiveFailed extends Error {
  override readonly name = 'ArchiveFailed'
}

const ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C' }
const FOLDER = '.'
const PACK = ['tar', '--create', '--file=-', '--format=posix', '--sparse', '--one-file-system', FOLDER]
const UNPACK = [
  'tar',
  '--extract',
  '--file=-',
  '--preserve-permissions',
  '--no-same-owner',
  '--delay-directory-restore',
]
/** What tar says when a file changed while it was read, which is no failure. */
const CHANGED = 1
const MOST_WORDS = 1000
/** Bytes of an archive that may wait for `tar`. */
const MOST_INPUT = 1024 * 1024
const INPUT_LOOK_MS = 20
/** An archive takes no longer. */
export const ARCHIVE_MS = 300 * SECOND

/** A `tar` that runs. */
interface Running {
  process: AgentProcess
  /** What it says of its end; undefined while it runs. */
  readonly end: ProcessEnd | undefined
  readonly isLate: boolean
  readonly words: string
  /** Resolves when something came, or it ended. */
  news(): Promise<void>
  take(): { bytes: Buffer; taken: () => void } | undefined
  stop(): void
}

async function start(agent: Agent, clock: Clock, argv: readonly string[], stdin: boolean): Promise<Running> {
  const pieces: { bytes: Buffer; taken: () => void }[] = []
  let words = ''
  let end: ProcessEnd | undefined
  let isLate = false
  let isStopped = false
  let wake = () => {}
  let stopTimer = () => {}
  const process = await agent.start(
    { argv, env: ENV, cwd: FOLDER, stdin },
    {
      output(stream, bytes, taken) {
        if (stream === 'stdout' && !isStopped) pieces.push({ bytes, taken })
        else {
          if (stream === 'stderr') words = (words + bytes.toString()).slice(0, MOST_WORDS)
          taken()
        }
        wake()
      },
      ended(how) {
        end = how
        stopTimer()
        wake()
      },
    },
  )
  const stop = () => {
    stopTimer()
    isStopped = true
    process.signal(SIGNALS.SIGKILL, 'tree')
    // Its end comes behind all that it wrote.
    for (const { taken } of pieces.splice(0)) taken()
  }
  // It may have ended before its start was heard of.
  if (!end)
    stopTimer = clock.after(ARCHIVE_MS, () => {
      isLate = true
      stop()
    })
  return {
    process,
    get end() {
      return end
    },
    get isLate() {
      return isLate
    },
    get words() {
      return words
    },
    news: () => new Promise((resolve) => (wake = resolve)),
    take: () => pieces.shift(),
    stop,
  }
}

/**
 * The working folder as an archive, piece by piece; whoever stops reading ends it.
 * @throws AgentRefusal when it cannot be begun, ArchiveFailed
 */
export async function* packFolder(agent: Agent, clock: Clock): AsyncGenerator<Uint8Array, void, void> {
  const tar = await start(agent, clock, PACK, false)
  try {
    for (;;) {
      const piece = tar.take()
      if (piece) {
        yield piece.bytes
        piece.taken()
      } else if (tar.end) break
      else await tar.news()
    }
    if (tar.end.exitCode !== 0 && tar.end.exitCode !== CHANGED) throw failure(tar, 'packed')
  } finally {
    if (!tar.end) tar.stop()
  }
}

/**
 * Unpacks an archive into the working folder, where it replaces files of the same paths.
 * @throws AgentRefusal when it cannot be begun, ArchiveFailed; what `content` throws
 */
export async function unpackFolder(agent: Agent, clock: Clock, content: AsyncIterable<Uint8Array>): Promise<void> {
  const tar = await start(agent, clock, UNPACK, true)
  try {
    for await (const bytes of content) {
      while (tar.process.waiting > MOST_INPUT && !tar.end)
        await new Promise<void>((resolve) => clock.after(INPUT_LOOK_MS, resolve))
      if (tar.end) break
      tar.process.input(bytes)
    }
    tar.process.endInput()
    while (!tar.end) await tar.news()
    if (tar.end.exitCode !== 0) throw failure(tar, 'unpacked')
  } finally {
    if (!tar.end) tar.stop()
  }
}

function failure({ end, isLate, words }: Running, done: string): ArchiveFailed {
  const [first = ''] = words.split('\n')
  if (isLate) return new ArchiveFailed(`the folder could not be ${done} within ${ARCHIVE_MS / SECOND} s`)
  const why =
    first.replace(/^tar: /, '') || `tar ended with ${end?.signal ? `signal ${end.signal}` : String(end?.exitCode)}`
  return new ArchiveFailed(`the folder could not be ${done}: ${why}`)
}
