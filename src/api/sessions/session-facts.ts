import type { Response } from 'express'
import { createLatest } from '../../shared/latest.ts'
import type { Session } from '../../shared/sessions/session.ts'
import type { SessionRecords } from '../../shared/sessions/session-records.ts'
import { noSession } from './session-calls.ts'

/** What of a session never changes as long as it is there. */
export type SessionFacts = Pick<Session, 'id' | 'language' | 'limits' | 'endUser'>

/**
 * The facts of the caller's session, by its id in any letter case. They are read once, so that a call costs one trip to Redis and not
 * two; whether the session is still there, and of this tenant, the call itself finds out.
 * @throws Problem `not-found`
 */
export type FindSessionFacts = (res: Response, id: string) => Promise<SessionFacts>

/** Sessions of which a gateway knows them. */
const MOST_KNOWN = 10_000

export function createSessionFacts(records: Pick<SessionRecords, 'read'>, most = MOST_KNOWN): FindSessionFacts {
  const known = createLatest<string, { tenant: string; facts: SessionFacts }>(most)
  const read = async (id: string) => {
    const found = await records.read(id)
    if (!found) return undefined
    const { language, limits, endUser } = found.session
    const one = { tenant: found.tenant, facts: { id, language, limits, ...(endUser !== undefined && { endUser }) } }
    known.put(id, one)
    return one
  }
  return async (res, name) => {
    const id = name.toLowerCase()
    const found = known.get(id) ?? (await read(id))
    if (found?.tenant !== res.locals.caller.tenant) throw noSession()
    return found.facts
  }
}
