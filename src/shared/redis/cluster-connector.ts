import { type NetConnectOpts, connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { type AbstractConnector, Redis, type RedisOptions } from 'ioredis'
import type { RedisAddress, RedisNode } from '../config/redis-address.ts'
import { retry } from '../retry.ts'
import { type ClusterNode, parseClusterNodes } from './cluster-nodes.ts'
import { PromptConnector } from './direct-connector.ts'
import { closedMeanwhile } from './redis-away.ts'

/** What a connection is made with; in what form answers come is nobody's choice here. */
export type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>

type ClusterAddress = Extract<RedisAddress, { kind: 'cluster' }>

/** For one node to say where the slot is. */
const ANSWER_MS = 2000

/**
 * Finds the way to a cluster for ioredis's plain client. All of Runyard's keys are in one slot, so that every script and
 * transaction can see all of them; what a connection needs of a cluster is the node that owns this slot. It is looked for with each
 * connection: an error `MOVED` makes the client connect anew.
 *
 * While the slot is on its way from one node to another, some keys are here and some there, and a script could see neither all of
 * these nor all of those. Redis then counts as away, as it does in a failover.
 * @param address its nodes need not be all of the cluster's: the others are learned of them
 * @param login for each of the nodes
 * @param backOffMs pause after so many tries to find it; null: no further try
 */
export function clusterConnector(
  address: ClusterAddress,
  login: ConnectionOptions,
  backOffMs: (attempt: number) => number | null,
): new (options: unknown) => AbstractConnector {
  let known: readonly RedisNode[] = address.nodes

  return class extends PromptConnector {
    override async connect(emit: (event: string, error: Error) => void): Promise<Socket | TLSSocket> {
      this.connecting = true
      const { host, port } = await this.findOwnerPatiently(emit)
      if (!this.connecting) throw closedMeanwhile()
      const target: NetConnectOpts = { host, port }
      this.stream = address.tls ? connectTls({ ...target, ...address.tls }) : connectTcp(target)
      this.stream.once('error', (error: Error) => (this.firstError = error))
      return this.stream
    }

    /** ioredis takes a connector that gave up for the end of the connection. */
    private async findOwnerPatiently(emit: (event: string, error: Error) => void): Promise<RedisNode> {
      return retry(() => this.findOwner(), {
        pauseMs: backOffMs,
        when: () => this.connecting,
        failed: (error) => emit('error', error as Error),
        ref: false,
      })
    }

    private async findOwner(): Promise<RedisNode> {
      const faults = new Set<string>()
      // A node that left the cluster alone is asked last; those that were configured are never forgotten.
      for (const node of unique([...known, ...address.nodes])) {
        try {
          const found = await askForOwner(node, address, login)
          known = unique([found.owner, ...found.nodes])
          return found.owner
        } catch (error) {
          if (!this.connecting) break
          faults.add((error as Error).message)
        }
      }
      throw new Error(`no node of the cluster leads to the owner of ${address.slotOf}: ${[...faults].join('; ')}`)
    }
  }
}

/** @throws Error when this node knows no owner that can be written to now */
async function askForOwner(
  node: RedisNode,
  { slotOf }: ClusterAddress,
  login: ConnectionOptions,
): Promise<{ owner: RedisNode; nodes: RedisNode[] }> {
  const { slot, view } = await ask(node, slotOf, login)
  const owner = view.find((one) => one.isMaster && !one.isFailing && owns(one, slot))
  if (!owner) throw new Error(`nobody owns slot ${slot}`)
  // Only the owner itself knows that it is giving the slot away, and whether it still is the owner.
  const own = owner.isMyself ? view : (await ask(owner.node, slotOf, login)).view
  const myself = own.find((one) => one.isMyself)
  if (!myself?.isMaster || !owns(myself, slot)) throw new Error(`slot ${slot} is changing hands`)
  if (myself.leaving.has(slot)) throw new Error(`slot ${slot} is on its way to another node`)
  const nodes = view.filter((one) => !one.isFailing).map((one) => one.node)
  return { owner: owner.node, nodes }
}

const owns = ({ ranges }: ClusterNode, slot: number) => ranges.some(([first, last]) => first <= slot && slot <= last)

async function ask(
  node: RedisNode,
  slotOf: string,
  login: ConnectionOptions,
): Promise<{ slot: number; view: ClusterNode[] }> {
  const redis = new Redis({
    ...login,
    ...node,
    connectionName: 'runyard-cluster',
    retryStrategy: () => null,
    reconnectOnError: () => false,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    lazyConnect: true,
    connectTimeout: ANSWER_MS,
    commandTimeout: ANSWER_MS,
  })
  let cause: Error | undefined
  redis.on('error', (error: Error) => (cause = error))
  try {
    await redis.connect()
    const [slot, nodes] = await Promise.all([redis.cluster('KEYSLOT', slotOf), redis.cluster('NODES')])
    return { slot: Number(slot), view: parseClusterNodes(String(nodes), node.host) }
  } catch (error) {
    throw cause ?? error
  } finally {
    redis.disconnect()
  }
}

function unique(nodes: readonly RedisNode[]): RedisNode[] {
  return [...new Map(nodes.map((node) => [`${node.host}:${node.port}`, node])).values()]
}
