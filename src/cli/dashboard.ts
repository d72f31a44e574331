import { createAdminSessions, LINK_LIFE_MS } from '../shared/access/admin-sessions.ts'
import type { Config } from '../shared/config/config.ts'
import { MINUTE } from '../shared/limits.ts'
import type { CliContext } from './context.ts'
import { usableHost } from './up/hosts.ts'
import { withRedis } from './with-redis.ts'

export const LINK_MINUTES = LINK_LIFE_MS / MINUTE

/** A link that opens the dashboard of this installation once. What opens it stands behind `#`, which browsers send to nobody. */
export async function dashboardLink(context: CliContext, port: number): Promise<string> {
  const { http, adminSessions }: Config = context.config
  const link = await withRedis(context, (redis, keys) => createAdminSessions(redis, keys, adminSessions).makeLink())
  return `http://${usableHost(http.host)}:${port}/admin#link=${link}`
}

/** `runyard dashboard`: whoever reaches Redis is an operator. */
export async function printDashboardLink(context: CliContext): Promise<void> {
  const url = await dashboardLink(context, context.config.http.port)
  context.print(`${url}\n\nIt opens the dashboard once, within ${LINK_MINUTES} minutes.`)
}
