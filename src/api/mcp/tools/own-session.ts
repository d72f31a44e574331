import Type from 'typebox'
import type { Session } from '../../../shared/sessions/session.ts'
import { noSession, sessionEnded } from '../../sessions/session-calls.ts'
import type { ToolCall, ToolNeeds } from './tool.ts'

export const ID_PATTERN = '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
export const SessionId = Type.String({
  pattern: ID_PATTERN,
  description: 'the `session_id` that create_session returned',
})

/** How calls name a session of the caller's; whether there is one, the call finds out. */
export const placeOf = ({ caller }: ToolCall, id: string) => ({ id: id.toLowerCase(), tenant: caller.tenant })

/** The caller's session that has not ended. @throws Problem `not-found`, `session-ended` */
export async function liveSession({ sessions }: ToolNeeds, { caller }: ToolCall, id: string): Promise<Session> {
  const found = await sessions.records.read(id.toLowerCase())
  if (!found || found.tenant !== caller.tenant) throw noSession()
  if (found.session.state === 'ended') throw sessionEnded(found.session)
  return found.session
}
