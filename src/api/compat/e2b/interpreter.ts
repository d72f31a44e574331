import { once } from 'node:events'
import { type Response, Router } from 'express'
import Type, { type Static } from 'typebox'
import { v4 as uuidV4, v7 as uuid } from 'uuid'
import { findLanguage } from '../../../shared/language.ts'
import { MAX_TIMER_MS, SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Execute } from '../../../shared/sessions/operations.ts'
import type { Context, Execution, Session } from '../../../shared/sessions/session.ts'
import type { SessionEvent } from '../../../shared/sessions/session-event.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import type { EndedBy } from '../../http/open-responses.ts'
import { invalidRequest } from '../../http/problems.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { bodyValidator } from '../../http/validate.ts'
import { checkVectors } from '../../jobs/request/check-request.ts'
import { checkSizes } from '../../jobs/request/check-sizes.ts'
import { subjectOf } from '../../screening/subject.ts'
import { sessionOf } from '../../sessions/needs.ts'
import { readBody } from '../system/read-body.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { environmentCode } from './execution-environment.ts'
import { errorLine, lastLines, lineOf, outputLine, resultLine } from './execution-lines.ts'
import { HOME, pathIn } from './sandbox-paths.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const ExecuteRequest = Type.Object({
  code: Type.String(),
  context_id: text(64),
  language: text(32),
  env_vars: Type.Optional(Type.Record(Type.String(), Type.String())),
})
const executeRequest = bodyValidator(ExecuteRequest)
const contextRequest = bodyValidator(Type.Object({ language: text(32), cwd: text(1024) }))

const DEFAULT_CONTEXT = 'default'
const KEEPALIVE_MS = 5 * SECOND

/** The code interpreter of a sandbox: contexts, and code that runs in them. */
export function interpreterRoutes(needs: E2bNeeds): Router {
  const { config, sessions } = needs
  const router = Router()
  const read = readBody(config.http.maxBodyBytes)
  const at = (res: Response) => sessionOf(res, sandboxOf(res).id)

  router.post('/execute', read, async (req, res) => {
    const asked = executeRequest(req.body)
    const session = sandboxOf(res)
    if (asked.context_id !== undefined && asked.language !== undefined) {
      throw invalidRequest([{ pointer: '/language', detail: 'cannot be used with /context_id' }])
    }
    checkLanguage(needs, session, asked.language)
    const files = [{ path: '', content: asked.code, encoding: 'utf-8' as const }]
    checkSizes({ env: asked.env_vars ?? {} }, files, config.http.maxCodeBytes)
    const errors = checkVectors({ env_vars: asked.env_vars })
    if (errors.length > 0) throw invalidRequest(errors)
    const subject = subjectOf({ language: session.language, files, pointers: ['/code'] })
    const warnings = sessions.screen(subject, res.locals.caller, requestIdOf(req), session.endUser)
    await runCode(needs, res, session, { ...asked, warnings })
  })

  router.get('/contexts', async (_req, res) => {
    const { value } = await sessions.calls.call(at(res), 'listContexts', {})
    res.json(value.map((context) => contextView(context, HOME)))
  })
  router.post('/contexts', read, async (req, res) => {
    const { language, cwd } = contextRequest(req.body)
    checkLanguage(needs, sandboxOf(res), language)
    const folder = cwd === undefined ? HOME : pathIn(cwd, '/cwd')
    const { value } = await sessions.calls.call(at(res), 'createContext', { id: uuidV4(), cwd: folder, env: {} })
    res.json(contextView(value, folder))
  })
  const about = async (res: Response, id: string, operation: 'deleteContext' | 'restartContext') => {
    await sessions.calls.call(at(res), operation, { id }).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'not-found') throw noContext(id)
      throw error
    })
    res.json(null)
  }
  router.delete('/contexts/:id', (req, res) => about(res, req.params.id, 'deleteContext'))
  router.post('/contexts/:id/restart', (req, res) => about(res, req.params.id, 'restartContext'))
  return router
}

/** The session of a request that is for a sandbox. */
export function sandboxOf(res: Response): Session {
  const { sandbox } = res.locals
  if (!sandbox) throw new Error('the request is for no sandbox')
  return sandbox.session
}

const noContext = (id: string): Problem => new Problem('not-found', `Context ${id} not found`)

const contextView = ({ id, language }: Context, cwd: string) => ({ id, language, cwd })

/** @throws Problem `invalid-request` */
function checkLanguage({ sessions }: E2bNeeds, { language }: Session, name: string | undefined): void {
  if (name === undefined || name === '' || findLanguage(sessions.languages, name.toLowerCase())?.id === language) return
  throw invalidRequest([
    {
      pointer: '/language',
      detail: `is "${name}"; this sandbox runs ${language}: create one with the template of the language that you want`,
    },
  ])
}

type AskedRun = Static<typeof ExecuteRequest> & Pick<Execute, 'warnings'>

/** Runs code, and sends what comes of it, a line each, as it comes. */
async function runCode(needs: E2bNeeds, res: Response, session: Session, asked: AskedRun): Promise<void> {
  const { sessions, log } = needs
  const { feed, open } = sessions
  const context = asked.context_id ?? DEFAULT_CONTEXT
  const signal = open.admit(res)
  const ends = new AbortController()
  // Its code runs on when the gateway closes: nobody has given it up.
  const onEnd = () => signal.reason === ('gateway' satisfies EndedBy) && ends.abort()
  signal.addEventListener('abort', onEnd)
  const events = await feed.read(session.id, await feed.last(session.id), ends.signal)
  try {
    const id = await begin(needs, res, session, context, asked)
    res
      .status(200)
      .set({ 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    res.flushHeaders()
    const end = await forward(events, id, signal, res, () => {
      // Its state stays; what waits behind it goes on.
      const interrupt = sessions.calls.call(sessionOf(res, session.id), 'interruptContext', {
        id: context,
        execution: id,
      })
      interrupt.catch((err: unknown) =>
        log.warn({ err, sessionId: session.id }, 'execution of a client that left not interrupted'),
      )
    })
    if (end === undefined || (end.isCancelled && !(await isLive(needs, res, session)))) res.destroy()
    else if (!signal.aborted) res.end(end.lines)
  } finally {
    signal.removeEventListener('abort', onEnd)
    ends.abort()
  }
}

/** Whether a sandbox whose execution was cancelled lives on: one that is ending answers no more. */
const isLive = ({ sessions }: E2bNeeds, res: Response, session: Session): Promise<boolean> =>
  sessions.calls.call(sessionOf(res, session.id), 'read', {}).then(
    () => true,
    () => false,
  )

/** Sends an execution to its context. @returns its id. @throws Problem */
async function begin(
  { sessions, config }: E2bNeeds,
  res: Response,
  session: Session,
  context: string,
  { code, env_vars: variables, warnings }: AskedRun,
): Promise<string> {
  const to = sessionOf(res, session.id)
  const execute = async (text: string, silent: boolean) => {
    const input: Execute = {
      id: uuid(),
      context,
      code: text,
      // The client decides how long it waits.
      timeoutMs: Math.min(config.sessions.maxLifetimeMs, MAX_TIMER_MS),
      silent,
      allowInput: false,
      warnings: silent ? [] : warnings,
      waitMs: 0,
    }
    await sessions.calls.call(to, 'execute', input)
    return input.id
  }
  const around = variables && Object.keys(variables).length > 0 ? environmentCode(variables) : undefined
  if (around && session.language !== 'python') {
    throw invalidRequest([
      {
        pointer: '/env_vars',
        detail: `cannot be used: variables of one run are set in python only, and this sandbox runs ${session.language}`,
      },
    ])
  }
  // One after the other: the order in which they come is that in which they run.
  const all = async () => {
    if (around) await execute(around.before, true)
    const id = await execute(code, false)
    if (around) await execute(around.after, true)
    return id
  }
  return all().catch(async (error: unknown) => {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'not-found') throw noContext(context)
    if (error.code !== 'context-dead') throw error
    // A kernel that died comes back for the next code, without its state.
    await sessions.calls.call(to, 'restartContext', { id: context })
    return all()
  })
}

/**
 * @param gone aborts when the client is gone
 * @param interrupt is called once, when it is gone and the execution runs
 * @returns the last lines; undefined when the sandbox ended before
 */
async function forward(
  events: AsyncIterable<StoredEvent>,
  id: string,
  gone: AbortSignal,
  res: Response,
  interrupt: () => void,
): Promise<{ lines: string; isCancelled: boolean } | undefined> {
  let hasError = false
  let state: Execution['state'] = 'queued'
  let isInterrupted = false
  const leave = () => {
    if (state !== 'running' || isInterrupted || gone.reason === ('gateway' satisfies EndedBy)) return
    isInterrupted = true
    interrupt()
  }
  const write = async (line: string) => {
    if (gone.aborted || res.write(line)) return
    await once(res, 'drain', { signal: gone }).catch(() => undefined)
  }
  const timer = setInterval(() => void write(lineOf({ type: 'keepalive' })), KEEPALIVE_MS)
  const onGone = () => {
    clearInterval(timer)
    leave()
  }
  gone.addEventListener('abort', onGone)
  try {
    for await (const { type, data, id: at } of events) {
      if (type === 'ended') return undefined
      if (!data.includes(id)) continue
      const event = { type, data: JSON.parse(data) as unknown } as SessionEvent
      const when = new Date(Number(at.split('-', 1)[0]))
      switch (event.type) {
        case 'execution':
          if (event.data.id !== id) break
          state = event.data.state
          if (gone.aborted) leave()
          if (state !== 'finished') break
          if (event.data.status === 'session-lost') return undefined
          return { lines: lastLines(event.data, hasError), isCancelled: event.data.status === 'cancelled' }
        case 'stdout':
        case 'stderr':
          if (event.data.execution === id) await write(outputLine(event.type, event.data.data, when))
          break
        case 'output':
          if (event.data.execution === id) await write(resultLine(event.data))
          break
        case 'error':
          if (event.data.execution !== id) break
          hasError = true
          await write(errorLine(event.data))
          break
        default:
      }
    }
    return undefined
  } finally {
    clearInterval(timer)
    gone.removeEventListener('abort', onGone)
  }
}
