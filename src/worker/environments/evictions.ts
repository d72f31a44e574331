import type { Logger } from 'pino'
import type { EnvironmentOversight } from '../../shared/environments/environment-oversight.ts'
import { MINUTE, SECOND } from '../../shared/limits.ts'
import { startTimer } from '../timer.ts'
import type { Sharing } from './sharing.ts'
import type { TreeStore } from './tree-store.ts'

const LOOK_MS = 2 * SECOND
/** Read again each time: for when the clock of Redis goes back, or another server takes over. */
const OVERLAP_MS = MINUTE

export interface EvictionsOptions {
  oversight: Pick<EnvironmentOversight, 'evictions'>
  trees: Pick<TreeStore, 'find' | 'list' | 'evict'>
  sharing: Pick<Sharing, 'forget'>
  /** Told of each that is gone. Must not throw. */
  evicted: () => void
  /** This host's clock, by which trees are made, in ms since the epoch. */
  now?: () => number
  log: Logger
}

/**
 * Removes what operators evict, from this host and the file store: what something that runs has, when that has ended.
 * @returns looks once for what is to go
 */
export function createEvictions(options: EvictionsOptions): () => Promise<void> {
  const { oversight, trees, sharing, evicted, now = Date.now, log } = options
  /** Those that are here yet, by key: when, by this host's clock. */
  const pending = new Map<string, number>()
  /** Those that were taken and can be read again: when, by the clock of Redis. */
  const taken = new Map<string, number>()
  let since = 0

  return async () => {
    const { nowMs, evictions } = await oversight.evictions(Math.max(0, since - OVERLAP_MS))
    const aheadMs = now() - nowMs
    const fresh = evictions.filter((eviction) => !taken.has(JSON.stringify(eviction)))
    const here = fresh.length > 0 ? await trees.list() : []
    for (const eviction of fresh) {
      const { of, key, fileId, at } = eviction
      if (fileId !== undefined) await sharing.forget(fileId)
      for (const tree of here)
        if (tree.key === key || (of !== undefined && tree.of === of)) pending.set(tree.key, at + aheadMs)
      taken.set(JSON.stringify(eviction), at)
    }
    since = nowMs
    for (const [name, at] of taken) if (at < since - OVERLAP_MS) taken.delete(name)
    for (const [key, at] of pending) {
      const tree = await trees.find(key)
      // Installed again after it was evicted, it stays.
      const isDue = tree !== undefined && tree.madeMs <= at
      if (isDue && !(await trees.evict(key))) continue
      pending.delete(key)
      if (!isDue) continue
      evicted()
      log.info({ environment: key }, 'environment evicted for an operator')
    }
  }
}

export const startEvictions = (options: EvictionsOptions): { stop(): void } =>
  startTimer('evictions of environments', LOOK_MS, createEvictions(options), options.log)
