import Type from 'typebox'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { liveSession, placeOf, ID_PATTERN, SessionId } from './own-session.ts'
import { jobProgress, reportProgress, sessionProgress } from './progress.ts'
import { commandResult, executionResult, RunOutcome, stillRunning } from './run-result.ts'
import { defineTool, type ToolCall, type ToolNeeds, type ToolResult } from './tool.ts'
import { ANSWER_MS, answerOf } from './run-code.ts'

const MOST_SECONDS = ANSWER_MS / SECOND

export const getRun = defineTool({
  name: 'get_run',
  title: 'Get the result of a run',
  description:
    'Returns the result of a run that another tool reported as still running, as that tool would have. Waits for its end, at most ' +
    `${MOST_SECONDS} seconds; call it again when the run has not ended by then.`,
  scopes: ['jobs', 'sessions'],
  submits: false,
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  input: Type.Object(
    {
      run_id: Type.String({ pattern: ID_PATTERN, description: 'the `run_id` of the run' }),
      session_id: Type.Optional({ ...SessionId, description: 'its session, for a run in a session' }),
      wait_seconds: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: MOST_SECONDS,
          description: `how long to wait; ${MOST_SECONDS} when absent`,
        }),
      ),
    },
    { additionalProperties: false },
  ),
  output: RunOutcome,
  async run(needs, { run_id, session_id, wait_seconds = MOST_SECONDS }, call) {
    const id = run_id.toLowerCase()
    const waitMs = wait_seconds * SECOND
    return session_id === undefined
      ? runOfJob(needs, id, waitMs, call)
      : runInSession(needs, session_id, id, waitMs, call)
  },
})

async function runOfJob(needs: ToolNeeds, id: string, waitMs: number, call: ToolCall): Promise<ToolResult<RunOutcome>> {
  const { jobs, live } = needs
  const { caller, res, ends, cancelled } = call
  const found = await jobs.records.read(id)
  if (!found || found.tenant !== caller.tenant) {
    throw new Problem('not-found', 'the run does not exist, or its result has expired')
  }
  res.locals.jobId = id
  if (found.job.status !== null) return answerOf(needs, call, id, found.job)
  const signal = AbortSignal.any([ends, cancelled])
  const stop = await reportProgress(live, id, jobProgress, call.progress)
  const ended = await whileKeyHolds(ends, jobs.submission.waitForEnd(id, waitMs, signal)).finally(stop)
  // It was another call that began it: this one's end does not cancel it.
  return answerOf(needs, { ...call, cancelled: new AbortController().signal }, id, ended)
}

async function runInSession(
  needs: ToolNeeds,
  session: string,
  id: string,
  waitMs: number,
  call: ToolCall,
): Promise<ToolResult<RunOutcome>> {
  const { sessions, live } = needs
  const place = placeOf(call, session)
  await liveSession(needs, call, session)
  const signal = AbortSignal.any([call.ends, call.cancelled])
  const stop = await reportProgress(live, place.id, sessionProgress(id), call.progress)
  const read = async (): Promise<ToolResult<RunOutcome>> => {
    try {
      const { value } = await sessions.calls.call(place, 'readExecution', { id, waitMs }, { waitMs, signal })
      return value.state === 'finished' ? executionResult(place.id, value) : stillRunning(id, value.state, place.id)
    } catch (error) {
      if (!(error instanceof Problem) || !['not-found', 'no-kernel'].includes(error.code)) throw error
    }
    const { value } = await sessions.calls.call(place, 'readCommand', { id, waitMs }, { waitMs, signal })
    return value.state === 'finished' ? commandResult(place.id, value) : stillRunning(id, value.state, place.id)
  }
  return whileKeyHolds(call.ends, read()).finally(stop)
}
