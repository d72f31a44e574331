import Type from 'typebox'
import { SECOND } from '../../../shared/limits.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { noSession } from '../../sessions/session-calls.ts'
import { acceptSession, closeSession, prepareSession } from '../../sessions/start-session.ts'
import { liveSession, placeOf, SessionId } from './own-session.ts'
import { defineTool } from './tool.ts'

/** How long an answer waits for a session to stand; it can be used before. */
const START_MS = 40 * SECOND
const MOST_LISTED = 50

const SessionEntry = Type.Object({
  session_id: Type.String(),
  language: Type.String(),
  version: Type.String(),
  state: Type.Enum(['starting', 'running', 'ended']),
  has_interpreter: Type.Boolean({ description: 'whether run_in_session works; run_command and files always do' }),
  idle_timeout_seconds: Type.Integer({ description: 'it ends when it is not used for so long' }),
  ends_at: Type.Union([Type.String(), Type.Null()], { description: 'when it ends in any case; RFC 3339' }),
})

const entryOf = (session: Session) => ({
  session_id: session.id,
  language: session.language,
  version: session.version,
  state: session.state,
  has_interpreter: session.kernel,
  idle_timeout_seconds: Math.floor(session.idleTimeoutMs / SECOND),
  ends_at: session.endsAt,
})

function sentence(session: Session): string {
  const { id, language, version, kernel, idleTimeoutMs, endsAt } = session
  const tools = kernel
    ? 'run_in_session keeps variables between calls'
    : 'this language has no interpreter here: use run_command and files'
  const end = endsAt === null ? '' : `, or at ${endsAt} in any case`
  return `session_id ${id}: ${language} ${version}; ${tools}. It ends after ${Math.floor(idleTimeoutMs / SECOND)} s without use${end}.`
}

export const createSession = defineTool({
  name: 'create_session',
  title: 'Start a session',
  description:
    'Starts a session: a sandbox that stays between calls, with files and, for languages that have one, an interpreter that keeps ' +
    'variables and imports. Use it for work in several steps, e.g. loading data once and analysing it; for one program run_code is simpler. ' +
    'Pass the returned session_id to run_in_session, run_command, write_file, read_file and list_files. It has no network. It ends when it ' +
    'is not used for some minutes, and everything in it is gone then. End it with close_session when you are done.',
  scopes: ['sessions'],
  submits: true,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  input: Type.Object(
    {
      language: Type.Optional(
        Type.String({ minLength: 1, maxLength: 32, description: 'the language of the session; Python when absent' }),
      ),
      dependencies: Type.Optional(
        Type.Array(Type.String({ minLength: 1, maxLength: 214 }), {
          minItems: 1,
          maxItems: 20,
          description:
            'packages to install before it begins, e.g. `pandas>=2`; the call fails when one is not available',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  output: SessionEntry,
  async run(needs, args, call) {
    const { sessions } = needs
    const { caller, requestId, ends, cancelled } = call
    const spec = await prepareSession(sessions, args, {
      caller,
      requestId,
      admit: () => AbortSignal.any([ends, cancelled]),
    })
    const { id } = await acceptSession(sessions, spec, caller, undefined)
    const place = placeOf(call, id)
    const late = AbortSignal.any([ends, cancelled, AbortSignal.timeout(START_MS)])
    const stands = sessions.calls.call(place, 'read', {}, { signal: late }).catch((error: unknown) => {
      if (!late.aborted) throw error
    })
    const running = await whileKeyHolds(ends, stands)
    if (cancelled.aborted) await sessions.calls.call(place, 'end', {}).catch(() => undefined)
    const session = running?.value ?? (await liveSession(needs, call, id))
    return { content: [{ type: 'text', text: sentence(session) }], structured: entryOf(session) }
  },
})

export const listSessions = defineTool({
  name: 'list_sessions',
  title: 'List sessions',
  description: 'Lists your sessions that have not ended, the newest first, e.g. to find one that you started earlier.',
  scopes: ['sessions'],
  submits: false,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  input: Type.Object({}, { additionalProperties: false }),
  output: Type.Object({ sessions: Type.Array(SessionEntry) }),
  async run({ sessions }, _args, { caller }) {
    const all = await sessions.records.list(caller.tenant, MOST_LISTED, undefined)
    const live = all.filter(({ state }) => state !== 'ended')
    const text = live.length > 0 ? live.map(sentence).join('\n') : 'there are no sessions; create_session starts one'
    return { content: [{ type: 'text', text }], structured: { sessions: live.map(entryOf) } }
  },
})

export const endSession = defineTool({
  name: 'close_session',
  title: 'End a session',
  description:
    'Ends a session. Its files, variables and processes are gone then. Nothing happens to one that has ended.',
  scopes: ['sessions'],
  submits: false,
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  input: Type.Object({ session_id: SessionId }, { additionalProperties: false }),
  output: SessionEntry,
  async run({ sessions }, { session_id }, call) {
    const place = placeOf(call, session_id)
    const session = await closeSession(sessions, place, async () => {
      const found = await sessions.records.read(place.id)
      if (!found || found.tenant !== place.tenant) throw noSession()
      return found.session
    })
    const text = session.state === 'ended' ? 'the session has ended' : 'the session is ending'
    return { content: [{ type: 'text', text }], structured: entryOf(session) }
  },
})
