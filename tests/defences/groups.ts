import { DEFAULTS } from './defaults.ts'
import type { Defence } from './defence.ts'
import { KEYS_HELD } from './keys.ts'
import { REACH } from './reach.ts'
import { SCOPES_AND_PAGES } from './scopes.ts'
import { SESSIONS_HELD } from './sessions.ts'
import { TENANTS } from './tenants.ts'
import { VALUES } from './values.ts'

/** All defences, by the groups of the threats they are against. */
export const GROUPS: Readonly<Record<string, readonly Defence[]>> = {
  Access: [...KEYS_HELD, ...TENANTS, ...SCOPES_AND_PAGES, ...SESSIONS_HELD],
  Defaults: DEFAULTS,
  Values: VALUES,
  Reach: REACH,
}
