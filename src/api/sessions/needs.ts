import type { Response } from 'express'
import type { Config } from '../../shared/config/config.ts'
import type { FileRecords } from '../../shared/files/file-records.ts'
import type { Language } from '../../shared/language.ts'
import { Problem } from '../../shared/problems.ts'
import type { Finding } from '../../shared/security/finding.ts'
import type { Session } from '../../shared/sessions/session.ts'
import type { SessionQueue } from '../../shared/sessions/session-queue.ts'
import type { SessionRecords } from '../../shared/sessions/session-records.ts'
import type { Overview } from '../../shared/redis/worker-registry.ts'
import type { EnvironmentRequests } from '../environments/environment-requests.ts'
import type { EventFeed } from '../events/event-feed.ts'
import type { Caller } from '../http/caller.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import type { Upgrades } from '../http/upgrades.ts'
import type { LimitEndUsers } from '../rate-limit/end-users.ts'
import type { Subject } from '../screening/subject.ts'
import { noSession, type SessionCalls } from './session-calls.ts'
import type { FindSessionFacts } from './session-facts.ts'

/** What the routes of sessions need. */
export interface SessionNeeds {
  config: Pick<Config, 'sessions' | 'limits' | 'http' | 'webhooks'>
  languages: readonly Language[]
  starting: SessionStart
  records: SessionRecords
  factsOf: FindSessionFacts
  calls: SessionCalls
  feed: EventFeed
  open: OpenResponses
  upgrades: Upgrades
  /** @returns what is to be told of it. @throws Problem `submission-blocked` */
  screen: (subject: Subject, caller: Caller, requestId: string, endUser: string | undefined) => Finding[]
}

/** What a session needs until a worker has it. */
export interface SessionStart {
  overview: () => Promise<Overview>
  limitEndUsers: LimitEndUsers
  environments: Pick<EnvironmentRequests, 'own' | 'request' | 'stateOf'>
  files: Pick<FileRecords, 'read' | 'readAll' | 'pin'>
  queue: SessionQueue
}

/** The caller's session, by its id in any letter case. @throws Problem `not-found` */
export async function ownSession(
  { records }: Pick<SessionNeeds, 'records'>,
  res: Response,
  id: string,
): Promise<Session> {
  const found = await records.read(id.toLowerCase())
  if (!found || found.tenant !== res.locals.caller.tenant) throw noSession()
  return found.session
}

/** A session as calls name it; whether there is one the call finds out. */
export const sessionOf = (res: Response, id: string): { id: string; tenant: string } => ({
  id: id.toLowerCase(),
  tenant: res.locals.caller.tenant,
})

/**
 * What a session answers; what is stored of it when it ended meanwhile.
 * @throws what the call threw, when nothing is stored either
 */
export async function answeredOrStored<T>(call: Promise<{ value: T }>, stored: () => Promise<T>): Promise<T> {
  try {
    return (await call).value
  } catch (error) {
    if (!(error instanceof Problem) || !['session-ended', 'session-lost'].includes(error.code)) throw error
    return await stored().catch(() => {
      throw error
    })
  }
}
