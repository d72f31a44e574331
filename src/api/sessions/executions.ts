import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { GapEvent } from '../../shared/job-event.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem, type ProblemCode } from '../../shared/problems.ts'
import type { Finding } from '../../shared/security/finding.ts'
import { ContextRequest, ExecutionRequest } from '../../shared/sessions/requests.ts'
import { Context, Execution, ExecutionSummary, summaryOfExecution } from '../../shared/sessions/session.ts'
import { SessionEvent } from '../../shared/sessions/session-event.ts'
import { findLanguage, type Language } from '../../shared/language.ts'
import type { Caller } from '../http/caller.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { preferredWait } from '../http/prefer.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { eventStreamOf } from '../http/sse.ts'
import { checkSizes } from '../jobs/request/check-sizes.ts'
import { checkVectors } from '../jobs/request/check-request.ts'
import { subjectOf } from '../screening/subject.ts'
import { context as contextExample, execution as executionExample } from './examples.ts'
import { ownSession, type SessionNeeds, sessionOf } from './needs.ts'
import { NO_MORE_EVENTS, readResult, sendResultEvents, WaitQuery } from './read-result.ts'
import type { SessionFacts } from './session-facts.ts'

/** What every call to a session can be refused for. */
export const CALL_PROBLEMS = ['session-ended', 'session-lost', 'session-busy'] as const satisfies ProblemCode[]

const finished = { finished: { summary: 'An ended execution', value: executionExample } }

export const execute = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/executions',
  id: 'startExecution',
  tag: 'Sessions',
  summary: 'Run code in a session',
  description:
    'Runs a piece of code in an interpreter that keeps its state. One runs at a time in a context, others wait in order. Returns ' +
    '202 at once. `Prefer: wait=N` waits for the end: 200 with the finished execution, or 202 when the time was over first.\n\n' +
    'The same `Idempotency-Key` means the same execution as long as the session lives.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  headers: ['Prefer', 'Idempotency-Key'],
  body: {
    schema: ExecutionRequest,
    examples: { sum: { summary: 'The value of an expression', value: { code: 'x = 40\nx + 2' }, refused: 404 } },
  },
  answers: {
    200: {
      description: 'The ended execution.',
      schema: Execution,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
      examples: finished,
    },
    202: {
      description: 'The execution waits or runs.',
      schema: Execution,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
    },
  },
  problems: [
    ...CALL_PROBLEMS,
    'submission-blocked',
    'too-many-open',
    'no-kernel',
    'context-dead',
    'invalid-header',
    'idempotency-mismatch',
  ],
  schemas: { ExecutionRequest },
  async handle(needs: SessionNeeds, { req, res, params, body, caller, requestId, send }) {
    const { calls, open, config, languages } = needs
    const session = await needs.factsOf(res, params.id)
    checkSameLanguage(session, body.language, languages)
    checkCpu(session, body.limits?.cpuMs)
    const warnings = checkCode(needs, session, body.code, { caller, requestId })
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    const idempotency = idempotencyOf(req, 'executions')
    const signal = waitSeconds > 0 ? open.admit(res) : undefined
    const id = uuid()
    const waitMs = waitSeconds * SECOND
    const asked = {
      id,
      context: body.context ?? 'default',
      code: body.code,
      timeoutMs: body.timeoutMs ?? config.limits.defaults.wallMs,
      ...(body.limits?.cpuMs !== undefined && { cpuMs: body.limits.cpuMs }),
      silent: body.silent ?? false,
      allowInput: body.allowInput ?? false,
      warnings,
      waitMs,
      ...(idempotency && { idempotency }),
    }
    const call = calls.call(sessionOf(res, session.id), 'execute', asked, { waitMs, ...(signal && { signal }) })
    const { value } = signal ? await whileKeyHolds(signal, call) : await call
    res.location(`/v1/sessions/${session.id}/executions/${value.id}`)
    if (value.id !== id) res.set('Idempotent-Replayed', 'true')
    if (signal) res.set('Preference-Applied', `wait=${waitSeconds}`)
    send(value.state === 'finished' ? 200 : 202, value)
  },
})

/** @returns what screening found in the code that did not refuse it. @throws Problem `too-large`, `submission-blocked` */
export function checkCode(
  { config, screen }: Pick<SessionNeeds, 'config' | 'screen'>,
  session: Pick<SessionFacts, 'language' | 'endUser'>,
  code: string,
  { caller, requestId }: { caller: Caller; requestId: string },
): Finding[] {
  const files = [{ path: '', content: code, encoding: 'utf-8' as const }]
  checkSizes({}, files, config.http.maxCodeBytes)
  const subject = subjectOf({ language: session.language, files, pointers: ['/code'] })
  return screen(subject, caller, requestId, session.endUser)
}

/** An execution in another language than the session's is a mistake. @throws Problem `invalid-request` */
function checkSameLanguage(session: SessionFacts, name: string | undefined, languages: readonly Language[]): void {
  if (name === undefined || findLanguage(languages, name)?.id === session.language) return
  throw invalidRequest([
    { pointer: '/language', detail: `is "${name}"; the session's language is ${session.language}` },
  ])
}

/** With more the session would end before the execution. @throws Problem `invalid-request` */
function checkCpu({ limits }: SessionFacts, cpuMs: number | undefined): void {
  // A session of before has no such limit.
  if (cpuMs !== undefined && cpuMs > limits.cpuMs) {
    const detail = `is ${cpuMs}; the session has ${limits.cpuMs} for its whole life`
    throw invalidRequest([{ pointer: '/limits/cpuMs', detail }])
  }
}

const ExecutionList = Type.Object({
  executions: Type.Array(ExecutionSummary, { description: 'the oldest first' }),
})

export const listExecutions = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/executions',
  id: 'listExecutions',
  tag: 'Sessions',
  summary: 'List the executions of a session',
  description: 'Those that wait and run, and the last that have ended, without output and results.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  answers: { 200: { description: 'The executions.', schema: ExecutionList } },
  cache: 'private, no-cache',
  problems: CALL_PROBLEMS,
  schemas: { ExecutionList, ExecutionSummary },
  async handle(needs: SessionNeeds, { res, params, send }) {
    const session = await ownSession(needs, res, params.id)
    const { records, calls } = needs
    if (session.state === 'ended') {
      const all = (await records.readResults(session.id)).map(
        (json) => JSON.parse(json) as Execution & { kind: string },
      )
      const executions = all.filter(({ kind }) => kind === 'execution').sort((a, b) => (a.id < b.id ? -1 : 1))
      return send(200, { executions: executions.map(({ kind: _kind, ...one }) => summaryOfExecution(one)) })
    }
    const { value } = await calls.call(sessionOf(res, session.id), 'listExecutions', {})
    // An older worker sends empty output.
    send(200, { executions: value.map(summaryOfExecution) })
  },
})

export const readExecution = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/executions/:execution',
  id: 'readExecution',
  tag: 'Sessions',
  summary: 'Read an execution',
  description: 'With its output so far. `wait` waits until it has ended or the time is over.',
  scopes: ['sessions'],
  params: { id: PATH.session, execution: PATH.execution },
  query: WaitQuery,
  answers: { 200: { description: 'The execution.', schema: Execution, examples: finished } },
  cache: 'private, no-cache',
  schemas: { Execution },
  problems: [...CALL_PROBLEMS, 'too-many-open'],
  async handle(needs: SessionNeeds, { res, params, query, send }) {
    send(200, await readResult(needs, res, 'execution', { session: params.id, id: params.execution }, query.wait))
  },
})

export const streamExecutionEvents = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/executions/:execution/events',
  id: 'streamExecutionEvents',
  tag: 'Sessions',
  summary: 'Follow an execution',
  description:
    'Server-sent events: those of the session that are about this execution, as far as they are still kept, to its end.',
  scopes: ['sessions'],
  params: { id: PATH.session, execution: PATH.execution },
  headers: ['Last-Event-ID'],
  answers: {
    200: eventStreamOf(Type.Union([SessionEvent, GapEvent])),
    204: NO_MORE_EVENTS,
  },
  problems: [...CALL_PROBLEMS, 'invalid-header', 'too-many-open'],
  handle: (needs: SessionNeeds, { req, res, params }) =>
    sendResultEvents(needs, req, res, 'execution', { session: params.id, id: params.execution }),
})

const InputRequest = Type.Object({ value: Type.String({ maxLength: 65_536 }) }, { additionalProperties: false })

export const answerInput = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/executions/:execution/input',
  id: 'answerInput',
  tag: 'Sessions',
  summary: 'Answer an execution that asks for input',
  description: 'After the event `input-request`, which comes of `input()` where the execution has `allowInput`.',
  scopes: ['sessions'],
  params: { id: PATH.session, execution: PATH.execution },
  body: { schema: InputRequest, examples: { name: { summary: 'A line', value: { value: 'Ada' }, refused: 404 } } },
  answers: { 200: { description: 'The execution.', schema: Execution } },
  problems: [...CALL_PROBLEMS, 'not-waiting'],
  async handle({ calls }: SessionNeeds, { res, params, body, send }) {
    const id = params.execution.toLowerCase()
    send(200, (await calls.call(sessionOf(res, params.id), 'answerInput', { id, value: body.value })).value)
  },
})

const ContextList = Type.Object({ contexts: Type.Array(Context) })
const idle = { idle: { summary: 'A context that waits', value: contextExample } }

export const listContexts = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/contexts',
  id: 'listContexts',
  tag: 'Sessions',
  summary: 'List the contexts of a session',
  scopes: ['sessions'],
  params: { id: PATH.session },
  answers: { 200: { description: 'The contexts.', schema: ContextList } },
  cache: 'private, no-cache',
  problems: [...CALL_PROBLEMS, 'no-kernel'],
  schemas: { Context, ContextList },
  async handle({ calls }: SessionNeeds, { res, params, send }) {
    send(200, { contexts: (await calls.call(sessionOf(res, params.id), 'listContexts', {})).value })
  },
})

export const createContext = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/contexts',
  id: 'createContext',
  tag: 'Sessions',
  summary: 'Start another context',
  description: 'An interpreter of its own, with its own state; files and memory it shares with the others.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  body: {
    schema: ContextRequest,
    examples: { other: { summary: 'With a name', value: { id: 'other' }, refused: 404 } },
  },
  answers: { 201: { description: 'The context, which can be used.', schema: Context, examples: idle } },
  problems: [...CALL_PROBLEMS, 'no-kernel', 'context-dead'],
  schemas: { ContextRequest },
  async handle(needs: SessionNeeds, { res, params, body, send }) {
    const session = await needs.factsOf(res, params.id)
    checkSameLanguage(session, body.language, needs.languages)
    const errors = checkVectors({ env: body.env, cwd: body.cwd })
    if (errors.length > 0) throw invalidRequest(errors)
    const asked = { id: body.id ?? uuid(), cwd: folderOf(body.cwd), env: body.env ?? {} }
    const made = await needs.calls.call(sessionOf(res, session.id), 'createContext', asked).catch((error: unknown) => {
      // Of what is asked for the session refuses nothing else so.
      if (!(error instanceof Problem && error.code === 'invalid-request')) throw error
      throw invalidRequest([{ pointer: '/id', detail: `is "${asked.id}", and the session has a context of that id` }])
    })
    send(201, made.value)
  },
})

/** The working folder of a session in its sandbox. */
export const folderOf = (path: string | undefined): string =>
  path === undefined ? '/job' : path.startsWith('/') ? path : `/job/${path}`

const InterruptQuery = Type.Object(
  {
    execution: Type.Optional(
      Type.String({
        format: 'uuid',
        description: 'only this execution: interrupted when it runs, cancelled when it waits',
      }),
    ),
  },
  { additionalProperties: false },
)

const contextRoute = (
  id: 'interruptContext' | 'restartContext' | 'deleteContext',
  what: {
    method: 'post' | 'delete'
    end: string
    summary: string
    description: string
    query?: typeof InterruptQuery
  },
) => {
  const { end, ...described } = what
  return defineRoute({
    ...described,
    path: `/v1/sessions/:id/contexts/:context${end}` as '/v1/sessions/:id/contexts/:context',
    id,
    tag: 'Sessions',
    scopes: ['sessions'],
    params: { id: PATH.session, context: PATH.context },
    answers: { 200: { description: 'The context.', schema: Context, examples: idle } },
    problems: [...CALL_PROBLEMS, 'no-kernel', 'context-dead'],
    async handle({ calls }: SessionNeeds, { res, params, query, send }) {
      const execution = query.execution?.toLowerCase()
      const asked = { id: params.context, ...(execution !== undefined && { execution }) }
      send(200, (await calls.call(sessionOf(res, params.id), id, asked)).value)
    },
  })
}

export const interruptContext = contextRoute('interruptContext', {
  method: 'post',
  end: '/interrupt',
  summary: 'Interrupt what runs in a context',
  description:
    'Its state stays; the execution ends as `interrupted`. Nothing happens when none runs. With `execution` no other one is ended, and that one also ' +
    'where it waits; 404 when the session has no such execution in that context.',
  query: InterruptQuery,
})
export const restartContext = contextRoute('restartContext', {
  method: 'post',
  end: '/restart',
  summary: 'Restart a context',
  description: 'Its state is lost, and what runs and waits in it is cancelled. Also revives one whose kernel died.',
})
export const deleteContext = contextRoute('deleteContext', {
  method: 'delete',
  end: '',
  summary: 'End a context',
  description: 'What runs and waits in it is cancelled.',
})
