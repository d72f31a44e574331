import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisProcess } from '../support/redis-servers.ts'

/** Keys that go in one step, and the pause after it: slow enough for jobs to come and end meanwhile. */
const KEYS_AT_ONCE = 20
const PAUSE_MS = 30

/** The node that owns the slot of a key now. */
export async function ownerOf(nodes: readonly RedisProcess[], key: string): Promise<RedisProcess> {
  for (const node of nodes) {
    const slot = await node.ask<number>('CLUSTER', 'KEYSLOT', key).catch(() => undefined)
    if (slot === undefined) continue
    for (const line of (await node.ask<string>('CLUSTER', 'NODES')).split('\n')) {
      const [, address = '', flags = '', , , , , , ...slots] = line.split(' ')
      const owns = slots.some((range) => {
        const [first, last = first] = range.split('-').map(Number)
        return first !== undefined && last !== undefined && first <= slot && slot <= last
      })
      if (!owns || /fail/.test(flags)) continue
      const port = Number(/:(\d+)@/.exec(address)?.[1])
      const owner = nodes.find((one) => one.port === port)
      if (owner) return owner
    }
  }
  throw new Error(`nobody owns the slot of ${key}`)
}

/**
 * Moves the slot of a key to another node, key by key, as `redis-cli --cluster reshard` does.
 * @param tell is told how many keys have gone, after each step
 */
export async function moveSlot(
  nodes: readonly RedisProcess[],
  key: string,
  from: RedisProcess,
  to: RedisProcess,
  tell: (moved: number) => void = () => undefined,
): Promise<number> {
  const slot = await from.ask<number>('CLUSTER', 'KEYSLOT', key)
  const [source, target] = [await from.ask<string>('CLUSTER', 'MYID'), await to.ask<string>('CLUSTER', 'MYID')]
  await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source)
  await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target)
  let moved = 0
  for (;;) {
    const keys = await from.ask<string[]>('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE)
    if (keys.length === 0) break
    await from.ask('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys)
    moved += keys.length
    tell(moved)
    await sleep(PAUSE_MS)
  }
  const masters = await mastersOf(nodes)
  for (const node of [to, from, ...masters.filter((one) => one !== to && one !== from)]) {
    await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', target)
  }
  return moved
}

export async function mastersOf(nodes: readonly RedisProcess[]): Promise<RedisProcess[]> {
  const roles = await Promise.all(
    nodes.map((node) =>
      node.ask<string[]>('ROLE').then(
        ([role]) => role,
        () => 'gone',
      ),
    ),
  )
  return nodes.filter((_, index) => roles[index] === 'master')
}
