import type { BlockEntry } from '../../shared/security/block-entry.ts'

const MAX_REMEMBERED = 10_000

/** The blocks this process was told of, for as long as they last: they hold while Redis is away too. */
export interface RememberedBlocks {
  remember: (block: BlockEntry) => void
  /** Forgets the blocks of these that would hold. */
  forget: (subjects: readonly string[], holds: (block: BlockEntry) => boolean) => void
  /** The first block of one of these that has not ended and that holds. */
  find: (subjects: readonly string[], holds: (block: BlockEntry) => boolean) => BlockEntry | undefined
}

/** Keeps at most 10,000; beyond that the one seen least recently is forgotten. */
export function createRememberedBlocks(): RememberedBlocks {
  const blocks = new Map<string, BlockEntry>()
  return {
    remember(block) {
      blocks.delete(block.subject)
      blocks.set(block.subject, block)
      const [oldest] = blocks.keys()
      if (blocks.size > MAX_REMEMBERED && oldest !== undefined) blocks.delete(oldest)
    },
    forget(subjects, holds) {
      for (const subject of subjects) {
        const block = blocks.get(subject)
        if (block && holds(block)) blocks.delete(subject)
      }
    },
    find(subjects, holds) {
      for (const subject of subjects) {
        const block = blocks.get(subject)
        if (!block) continue
        if (block.untilMs !== null && block.untilMs <= Date.now()) blocks.delete(subject)
        else if (holds(block)) return block
      }
      return undefined
    },
  }
}
