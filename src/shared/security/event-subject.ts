const TENANT = /^[a-z0-9][a-z0-9._-]{0,63}$/
const ID = /^[^\p{C}\p{Zl}\p{Zp}]{1,128}$/u

/** Whether a text can name an end user. */
export const isEndUser = (value: unknown): value is string => typeof value === 'string' && ID.test(value)

/**
 * The subject of a tenant's end user: `end-user:acme:ada`.
 * @returns undefined for callers that name themselves: they could be somebody else each time
 */
export const endUserSubject = (tenant: string | null, endUser: string | undefined): string | undefined =>
  endUser === undefined || tenant === null || !TENANT.test(tenant) ? undefined : `end-user:${tenant}:${endUser}`

/** The tenant and the end user of such a subject, without its kind. */
export function parseEndUser(value: string): { tenant: string; endUser: string } | undefined {
  const colon = value.indexOf(':')
  const [tenant, endUser] = [value.slice(0, Math.max(colon, 0)), value.slice(colon + 1)]
  return TENANT.test(tenant) && isEndUser(endUser) ? { tenant, endUser } : undefined
}

/** Whom an event is about, where anybody can be told: the end user, else the key, else the address. */
export function subjectOfEvent(event: {
  address: string | null
  keyId: string | null
  tenant: string | null
  endUser?: string | undefined
}): string | undefined {
  const { address, keyId, tenant, endUser } = event
  const ofEndUser = endUserSubject(tenant, endUser)
  if (ofEndUser !== undefined) return ofEndUser
  return keyId !== null ? `key:${keyId}` : address !== null ? `address:${address}` : undefined
}
