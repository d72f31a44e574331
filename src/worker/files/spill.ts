import { MIB } from '../../shared/limits.ts'
import type { Spill } from '../sandbox/gathering.ts'
import type { Flow } from '../sandbox/sandbox.ts'

/** How much may wait to be stored before its sender is held back. */
const MOST_WAITING_BYTES = MIB

/** A file on its way to the file store. */
export interface StoringSpill<T> extends Spill {
  /** What has become of it; rejects when it could not be stored, or was aborted. */
  readonly saved: Promise<T>
}

/** The file never came to its end. */
export class SpillAborted extends Error {
  override readonly name = 'SpillAborted'
}

/**
 * Makes the pieces of a file, which come when they come, the content of something that takes its time.
 * @param flow holds the sender back while too much waits
 * @param save takes the content, and is over when it is stored or cannot be; then nothing waits any more
 */
export function createSpill<T>(flow: Flow, save: (content: AsyncIterable<Uint8Array>) => Promise<T>): StoringSpill<T> {
  const pieces: Buffer[] = []
  let waiting = 0
  let held = false
  let end: 'complete' | 'aborted' | 'unwanted' | undefined
  let wake = () => {}

  const hold = (wanted: boolean) => {
    if (wanted === held) return
    held = wanted
    if (wanted) flow.hold()
    else flow.release()
  }

  async function* content() {
    for (;;) {
      const piece = pieces.shift()
      if (piece) {
        waiting -= piece.length
        if (waiting < MOST_WAITING_BYTES / 2) hold(false)
        yield piece
      } else if (end === 'complete') return
      else if (end === 'aborted') throw new SpillAborted('the file never came to its end')
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  }

  const saved = save(content()).finally(() => {
    end = 'unwanted'
    pieces.length = 0
    hold(false)
  })
  // Looked at when all files are there; until then nobody hears of it.
  saved.catch(() => undefined)

  const finish = (how: 'complete' | 'aborted') => {
    end ??= how
    wake()
  }
  return {
    saved,
    write(piece) {
      if (end) return
      pieces.push(piece)
      waiting += piece.length
      if (waiting >= MOST_WAITING_BYTES) hold(true)
      wake()
    },
    end: () => finish('complete'),
    abort() {
      pieces.length = 0
      finish('aborted')
      hold(false)
    },
  }
}
