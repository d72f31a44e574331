import type { BlockEntry } from '../../shared/security/block-entry.ts'

const MAX_REMEMBERED = 10_000

/** The blocks this process was told of, for as long as they last: they hold while Redis is away too. */
export interface RememberedBlocks {
  remember: (block: BlockEntry) => void
  forget: (subjects: readonly string[]) => void
  /** The first block of one of these that has not ended and that holds. */
  find: (subjects: readonly string[], holds: (block: BlockEntry) => boolean) => BlockEntry | undefined
}

/** Keeps at most 10,000; beyond that the one seen least recently is forgotten. */
export function createRememberedBlocks(): RememberedBlocks {
  const blocks = new Map<string, BlockEntry>()
  const forget = (subjects: readonly string[]) => subjects.forEach((subject) => blocks.delete(subject))
  return {
    remember(block) {
      forget([block.subject])
      blocks.set(block.subject, block)
      const [oldest] = blocks.keys()
      if (blocks.size > MAX_REMEMBERED && oldest !== undefined) forget([oldest])
    },
    forget,
    find(subjects, holds) {
      for (const subject of subjects) {
        const block = blocks.get(subject)
        if (!block) continue
        if (block.untilMs !== null && block.untilMs <= Date.now()) forget([subject])
        else if (holds(block)) return block
      }
      return undefined
    },
  }
}
