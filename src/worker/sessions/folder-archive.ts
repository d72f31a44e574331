import { SECOND } from '../../shared/limits.ts'
import { SIGNALS } from '../../shared/redis/job-input.ts'
import type { Agent, AgentProcess, ProcessEnd } from './agent.ts'
import type { Clock } from './clock.ts'

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
  /** Whether nothing more comes of it: it ended, took too long, or its agent is gone. */
  readonly isOver: boolean
  readonly words: string
  /** Resolves when something came, or it is over. */
  news(): Promise<void>
  take(): { bytes: Buffer; taken: () => void } | undefined
  /** How it ended. @throws ArchiveFailed when it took too long; why the agent is gone */
  end(): ProcessEnd
  stop(): void
}

async function start(
  agent: Agent,
  clock: Clock,
  { argv, stdin, late }: { argv: readonly string[]; stdin: boolean; late: string },
): Promise<Running> {
  const pieces: { bytes: Buffer; taken: () => void }[] = []
  let words = ''
  let end: ProcessEnd | undefined
  let fault: Error | undefined
  let isStopped = false
  let wake = () => {}
  let stopTimer = () => {}
  const over = () => {
    stopTimer()
    wake()
  }
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
        over()
      },
      left(error) {
        fault ??= error
        over()
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
  const isOver = () => end !== undefined || fault !== undefined
  // It may be over before its start was heard of.
  if (!isOver())
    stopTimer = clock.after(ARCHIVE_MS, () => {
      fault = new ArchiveFailed(late)
      stop()
      wake()
    })
  return {
    process,
    get isOver() {
      return isOver()
    },
    get words() {
      return words
    },
    news: () => new Promise((resolve) => (wake = resolve)),
    take: () => pieces.shift(),
    end() {
      if (fault) throw fault
      if (!end) throw new Error('it runs')
      return end
    },
    stop,
  }
}

const lateTo = (what: string) => `the folder could not be ${what} within ${ARCHIVE_MS / SECOND} s`

/**
 * The working folder as an archive, piece by piece; whoever stops reading ends it.
 * @throws AgentRefusal when it cannot be begun, ArchiveFailed; why the agent is gone
 */
export async function* packFolder(agent: Agent, clock: Clock): AsyncGenerator<Uint8Array, void, void> {
  const tar = await start(agent, clock, { argv: PACK, stdin: false, late: lateTo('packed') })
  try {
    for (;;) {
      const piece = tar.take()
      if (piece) {
        yield piece.bytes
        piece.taken()
      } else if (tar.isOver) break
      else await tar.news()
    }
    const { exitCode } = tar.end()
    if (exitCode !== 0 && exitCode !== CHANGED) throw failure(tar, 'packed')
  } finally {
    tar.stop()
  }
}

/**
 * Unpacks an archive into the working folder, where it replaces files of the same paths.
 * @throws AgentRefusal when it cannot be begun, ArchiveFailed; why the agent is gone, what `content` throws
 */
export async function unpackFolder(agent: Agent, clock: Clock, content: AsyncIterable<Uint8Array>): Promise<void> {
  const tar = await start(agent, clock, { argv: UNPACK, stdin: true, late: lateTo('unpacked') })
  try {
    for await (const bytes of content) {
      while (tar.process.waiting > MOST_INPUT && !tar.isOver)
        await new Promise<void>((resolve) => clock.after(INPUT_LOOK_MS, resolve))
      if (tar.isOver) break
      tar.process.input(bytes)
    }
    tar.process.endInput()
    while (!tar.isOver) await tar.news()
    if (tar.end().exitCode !== 0) throw failure(tar, 'unpacked')
  } finally {
    tar.stop()
  }
}

function failure(tar: Running, done: string): ArchiveFailed {
  const [first = ''] = tar.words.split('\n')
  const { exitCode, signal } = tar.end()
  const why = first.replace(/^tar: /, '') || `tar ended with ${signal ? `signal ${signal}` : String(exitCode)}`
  return new ArchiveFailed(`the folder could not be ${done}: ${why}`)
}
