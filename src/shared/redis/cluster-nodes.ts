import type { RedisNode } from '../config/redis-address.ts'

/** A line of `CLUSTER NODES`. */
export interface ClusterNode {
  node: RedisNode
  /** The one that answered. */
  isMyself: boolean
  isMaster: boolean
  isFailing: boolean
  /** First and last slot of each range it has. */
  ranges: [number, number][]
  /** Slots it is giving to another node; known of oneself only. */
  leaving: Set<number>
}

/**
 * Reads the answer to `CLUSTER NODES`: a line for each node with id, `host:port@busport[,hostname]`, flags, and after five more words the
 * slots: `5`, `0-99`, `[5->-id]` for one that leaves, `[5-<-id]` for one that comes.
 * @param askedHost host of a node that does not know its own address
 */
export function parseClusterNodes(answer: string, askedHost: string): ClusterNode[] {
  return answer
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, address = '', flagText = '', , , , , , ...slots] = line.trim().split(' ')
      const [where = '', hostname = ''] = address.split(',')
      const [endpoint = ''] = where.split('@')
      const colon = endpoint.lastIndexOf(':')
      const flags = new Set(flagText.split(','))
      const leaving = slots.flatMap((text) => /^\[(\d+)->-/.exec(text)?.[1] ?? []).map(Number)
      return {
        node: {
          host: hostname || endpoint.slice(0, colon).replaceAll(/[[\]]/g, '') || askedHost,
          port: Number(endpoint.slice(colon + 1)),
        },
        isMyself: flags.has('myself'),
        isMaster: flags.has('master'),
        isFailing: flags.has('fail') || flags.has('noaddr') || flags.has('handshake'),
        ranges: slots.flatMap((text): [number, number][] => {
          const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
          return first === undefined ? [] : [[Number(first), Number(last)]]
        }),
        leaving: new Set(leaving),
      }
    })
}
