import type { Logger } from 'pino'
import type { EnvironmentOversight } from '../../shared/environments/environment-oversight.ts'
import { SECOND } from '../../shared/limits.ts'
import { startTimer } from '../timer.ts'
import type { Sharing } from './sharing.ts'
import type { TreeStore } from './tree-store.ts'

const LOOK_MS = 2 * SECOND

export interface EvictionsOptions {
  oversight: Pick<EnvironmentOversight, 'evictions'>
  trees: Pick<TreeStore, 'find' | 'evict'>
  sharing: Pick<Sharing, 'forget'>
  /** Told of each that is gone. Must not throw. */
  evicted: () => void
  log: Logger
}

/**
 * Removes what operators evict, from this host and the file store: what something that runs has, when that has ended.
 * @returns looks once for what is to go
 */
export function createEvictions({ oversight, trees, sharing, evicted, log }: EvictionsOptions): () => Promise<void> {
  /** Those that are here yet, by key. */
  const pending = new Map<string, number>()
  let since = 0
  return async () => {
    for (const { key, fileId, at } of await oversight.evictions(since)) {
      if (fileId !== undefined) await sharing.forget(fileId)
      pending.set(key, at)
      since = Math.max(since, at)
    }
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
