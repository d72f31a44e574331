import { createHash, randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import { MINUTE, SECOND } from '../limits.ts'
import type { Keys } from '../redis/keys.ts'

/** Somebody who is logged in to the dashboard. */
export interface AdminSession {
  /** The key it was opened with; null: a link that was made on the machine itself. */
  keyId: string | null
  /** RFC 3339, UTC. */
  createdAt: string
  /** When it ends however much it is used. */
  expiresAt: string
}

/**
 * Sessions of the dashboard, and the links that open one without a key. Both are 256 random bits that only their holder has;
 * Redis keeps a hash. A link opens one session, once, within ten minutes.
 */
export interface AdminSessions {
  open: (keyId: string | null) => Promise<{ token: string; session: AdminSession }>
  /** The session of this token, which stays open for another idle time; undefined when there is none (any more). */
  find: (token: string) => Promise<AdminSession | undefined>
  /** @returns the session that was closed; undefined when there was none */
  close: (token: string) => Promise<AdminSession | undefined>
  makeLink: () => Promise<string>
  /** Uses up a link. @returns whether it was one */
  takeLink: (link: string) => Promise<boolean>
}

export interface SessionLifetimes {
  /** A session ends that was not used for so long. */
  idleSeconds: number
  /** And after this time in any case. */
  maxSeconds: number
}

export const LINK_LIFE_MS = 10 * MINUTE
const TOKEN = /^[\w-]{43}$/

const newToken = (): string => randomBytes(32).toString('base64url')
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex')

export function createAdminSessions(redis: Redis, keys: Keys, lifetimes: SessionLifetimes): AdminSessions {
  const { idleSeconds, maxSeconds } = lifetimes
  const keyOf = (token: string) => keys.adminSession(hashOf(token))
  const linkKeyOf = (link: string) => keys.adminLink(hashOf(link))

  /** Reads and removes in one step, so that of two requests at once one has it. */
  const take = async (key: string): Promise<string | null> => {
    const [found] = (await redis.multi().get(key).del(key).exec()) ?? []
    if (found?.[0]) throw found[0]
    return (found?.[1] ?? null) as string | null
  }

  return {
    async open(keyId) {
      const token = newToken()
      const nowMs = Date.now()
      const expiresAt = new Date(nowMs + maxSeconds * SECOND).toISOString()
      const session: AdminSession = { keyId, createdAt: new Date(nowMs).toISOString(), expiresAt }
      const lifeSeconds = Math.min(idleSeconds, maxSeconds)
      await redis.set(keyOf(token), JSON.stringify(session), 'EX', lifeSeconds)
      return { token, session }
    },
    async find(token) {
      if (!TOKEN.test(token)) return undefined
      const found = await redis.get(keyOf(token))
      if (found === null) return undefined
      const session = JSON.parse(found) as AdminSession
      const leftMs = Date.parse(session.expiresAt) - Date.now()
      if (leftMs <= 0) return undefined
      // One that was closed meanwhile is not there to get a new lifetime.
      await redis.pexpire(keyOf(token), Math.min(idleSeconds * SECOND, leftMs))
      return session
    },
    async close(token) {
      const found = TOKEN.test(token) ? await take(keyOf(token)) : null
      return found === null ? undefined : (JSON.parse(found) as AdminSession)
    },
    async makeLink() {
      const link = newToken()
      await redis.set(linkKeyOf(link), '1', 'PX', LINK_LIFE_MS)
      return link
    },
    takeLink: async (link) => TOKEN.test(link) && (await take(linkKeyOf(link))) !== null,
  }
}
