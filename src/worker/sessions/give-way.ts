import { isNoRoom, type TreeStore } from '../environments/tree-store.ts'

/**
 * A store of packages to which what only waits with some of them gives way: when they are to go, and when others find no room.
 * @param giveUp lets go of those of this key, or of all. @returns whether any were let go
 */
export function withGivingWay<Store extends Pick<TreeStore, 'add' | 'evict'>>(
  trees: Store,
  giveUp: (key?: string) => boolean,
): Store {
  return {
    ...trees,
    async evict(key) {
      return (await trees.evict(key)) || (giveUp(key) && (await trees.evict(key)))
    },
    async add(key, pack, of) {
      try {
        return await trees.add(key, pack, of)
      } catch (error) {
        if (!isNoRoom(error) || !giveUp()) throw error
        return await trees.add(key, pack, of)
      }
    },
  }
}
