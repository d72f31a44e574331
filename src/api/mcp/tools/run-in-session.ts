import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { problemAt } from '../../http/problems.ts'
import { checkCommand } from '../../sessions/commands.ts'
import { checkCode, folderOf } from '../../sessions/executions.ts'
import { liveSession, placeOf, SessionId } from './own-session.ts'
import { reportProgress, sessionProgress } from './progress.ts'
import { commandResult, executionResult, RunOutcome, stillRunning } from './run-result.ts'
import { defineTool, type ToolCall, type ToolNeeds } from './tool.ts'
import { ANSWER_MS } from './run-code.ts'

const CONTEXT = 'default'
const timeout = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 3600, description: 'then it is stopped; 30 when absent' }),
)

export const runInSession = defineTool({
  name: 'run_in_session',
  title: 'Run code in a session',
  description:
    "Runs code in the interpreter of a session, as a notebook's cell: variables, imports and files of earlier calls are there. Returns what " +
    'it prints, the value of its last expression, errors with their traceback, and images (plots of matplotlib) as images. Needs a language ' +
    'with an interpreter, such as Python; see list_languages.',
  scopes: ['sessions'],
  submits: true,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  input: Type.Object(
    {
      session_id: SessionId,
      code: Type.String({ description: 'the code of one cell' }),
      timeout_seconds: timeout,
    },
    { additionalProperties: false },
  ),
  output: RunOutcome,
  async run(needs, { session_id, code, timeout_seconds }, call) {
    const { sessions, config, live } = needs
    const { ends, cancelled } = call
    const place = placeOf(call, session_id)
    const warnings = checkCode(sessions, await liveSession(needs, call, session_id), code, call)
    const id = uuid()
    const asked = {
      id,
      context: CONTEXT,
      code,
      timeoutMs: timeout_seconds === undefined ? config.limits.defaults.wallMs : timeout_seconds * SECOND,
      silent: false,
      allowInput: false,
      warnings,
      waitMs: ANSWER_MS,
    }
    const stop = await reportProgress(live, place.id, sessionProgress(id), call.progress)
    // What runs before it and behind it in its context is somebody else's, and goes on.
    const interrupt = () => sessions.calls.call(place, 'interruptContext', { id: CONTEXT, execution: id })
    const options = { waitMs: ANSWER_MS, signal: AbortSignal.any([ends, cancelled]) }
    const running = sessions.calls.call(place, 'execute', asked, options).catch(async (error: unknown) => {
      if (cancelled.aborted) await interrupt().catch(() => undefined)
      throw error
    })
    const { value } = await whileKeyHolds(ends, running).finally(stop)
    return value.state === 'finished' ? executionResult(place.id, value) : stillRunning(id, value.state, place.id)
  },
})

export const runCommand = defineTool({
  name: 'run_command',
  title: 'Run a shell command in a session',
  description:
    'Runs a shell command line in the working folder of a session and returns its exit code and output. Files of the session are there; ' +
    'variables of its interpreter are not, and changes of folder or environment do not last. Use it to run scripts and compilers, or to ' +
    'look at files.',
  scopes: ['sessions'],
  submits: true,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  input: Type.Object(
    {
      session_id: SessionId,
      command: Type.String({ minLength: 1, maxLength: 65_536, description: 'a line for `sh`, e.g. `wc -l *.csv`' }),
      timeout_seconds: timeout,
    },
    { additionalProperties: false },
  ),
  output: RunOutcome,
  async run(needs, { session_id, command: shell, timeout_seconds }, call) {
    const { sessions, config, live } = needs
    const { ends, cancelled } = call
    const place = placeOf(call, session_id)
    const session = await liveSession(needs, call, session_id)
    const { argv, warnings } = shellCommand(sessions, session, shell, call)
    const id = uuid()
    const asked = {
      id,
      argv,
      env: {},
      cwd: folderOf(undefined),
      background: false,
      timeoutMs: timeout_seconds === undefined ? config.limits.defaults.wallMs : timeout_seconds * SECOND,
      outputBytes: session.limits.outputBytes,
      interactive: false,
      terminal: null,
      warnings,
      waitMs: ANSWER_MS,
    }
    const stop = await reportProgress(live, place.id, sessionProgress(id), call.progress)
    const options = { waitMs: ANSWER_MS, signal: AbortSignal.any([ends, cancelled]) }
    const running = sessions.calls.call(place, 'runCommand', asked, options).catch(async (error: unknown) => {
      const kill = { id, signal: 'SIGKILL', tree: true } as const
      if (cancelled.aborted) await sessions.calls.call(place, 'signalCommand', kill).catch(() => undefined)
      throw error
    })
    const { value } = await whileKeyHolds(ends, running).finally(stop)
    return value.state === 'finished' ? commandResult(place.id, value) : stillRunning(id, value.state, place.id)
  },
})

/** A checked line for `sh`. @throws Problem as checkCommand does, with the place as the tool has it */
function shellCommand(sessions: ToolNeeds['sessions'], session: Session, shell: string, call: ToolCall) {
  try {
    return checkCommand(sessions, session, { shell }, call)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    throw problemAt((pointer) => (pointer === '/shell' ? '/command' : pointer), error)
  }
}
