import type { RedisAddress } from '../../src/shared/config/config.ts'
import { openTcpLink, type TcpLink } from './tcp-link.ts'

/** A TCP connection to the run's Redis that can be cut. */
export interface RedisLink extends Omit<TcpLink, 'port'> {
  /** To be used as REDIS_URL. */
  url: string
  address: RedisAddress
}

/** @param target REDIS_URL of a Redis on a unix socket */
export async function openRedisLink(target: string): Promise<RedisLink> {
  const { port, ...link } = await openTcpLink({ path: decodeURIComponent(new URL(target).pathname) })
  const address = { kind: 'server', node: { host: '127.0.0.1', port }, db: 0 } as const
  return { ...link, url: `redis://127.0.0.1:${port}`, address }
}
