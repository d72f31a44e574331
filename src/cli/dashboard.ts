import { createAdminSessions, LINK_LIFE_MS } from '../shared/access/admin-sessions.ts'
import type { Config } from '../shared/config/config.ts'
import { MINUTE } from '../shared/limits.ts'
import type { CliContext } from './context.ts'
import { holderOf } from './up/instance-lock.ts'
import { usableHost } from './up/hosts.ts'
import { withRedis } from './with-redis.ts'

export const LINK_MINUTES = LINK_LIFE_MS / MINUTE

/**
 * A link that opens the dashboard of this installation once. What opens it stands behind `#`, which browsers send to nobody.
 * @param url of the gateway
 */
export async function dashboardLink(context: CliContext, url: string): Promise<string> {
  const { adminSessions }: Config = context.config
  const link = await withRedis(context, (redis, keys) => createAdminSessions(redis, keys, adminSessions).makeLink())
  return `${url}/admin#link=${link}`
}

/** `runyard dashboard`: whoever reaches Redis is an operator. */
export async function printDashboardLink(context: CliContext, json = false): Promise<void> {
  const { dataDir, http }: Config = context.config
  // One that was started with another port says so.
  const holder = await holderOf(dataDir)
  const url = await dashboardLink(context, holder?.url ?? `http://${usableHost(http.host)}:${http.port}`)
  if (json) return context.print(JSON.stringify({ url, expiresInSeconds: LINK_MINUTES * 60 }, null, 2))
  context.print(`${url}\n\nIt opens the dashboard once, within ${LINK_MINUTES} minutes.`)
}
