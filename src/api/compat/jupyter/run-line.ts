import type { Response } from 'express'
import { v7 as uuid } from 'uuid'
import { MIB } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { checkSizes } from '../../jobs/request/check-sizes.ts'
import { subjectOf } from '../../screening/subject.ts'
import { sessionOf } from '../../sessions/needs.ts'
import type { SystemNeeds } from '../system/system.ts'
import type { JupyterMessage } from './framing.ts'
import type { ExecuteAsked, JupyterRecords } from './jupyter-records.ts'
import { faultContent, type MessageMaker, type Part } from './kernel-messages.ts'
import { KERNEL_CONTEXT } from './kernel-infos.ts'

/**
 * What a socket wants to have run, in order and one at a time: when one fails, those behind it are dropped if its request says so
 * (`stop_on_error`), which the session itself does not know of.
 */
export interface RunLine {
  /** @returns undefined, or when no more can wait what resolves once the client was told so */
  add: (message: JupyterMessage) => Promise<void> | undefined
  /** What this socket asked with an execution; undefined for those of others. */
  asked: (execution: string) => ExecuteAsked | undefined
  /** To be called when one has ended. */
  ended: (execution: string, isFailure: boolean) => Promise<void>
  /** Gives what still waits to the session, if it may run: nobody listens any more, and it runs all the same. Never rejects. */
  leave: () => Promise<void>
}

export interface RunLineOptions {
  needs: SystemNeeds
  res: Response
  session: Session
  /** `session_id` of the socket. */
  client: string
  records: JupyterRecords
  send: (message: JupyterMessage) => Promise<void>
  make: MessageMaker
  /** Whether the key of the socket still holds. Code is not run beyond it. */
  mayRun: () => boolean
}

interface Run {
  execution: string
  asked: ExecuteAsked
  code: string
  allowInput: boolean
  stopsOnError: boolean
  bytes: number
  /** Why it will fail when its turn comes. */
  refusal?: Problem
}

/** A notebook of which all cells are run has some hundreds; the bytes are those of their code and headers. */
export const MOST_WAITING = 1000
const MOST_WAITING_BYTES = 8 * MIB

export function createRunLine({ needs, res, session, client, records, send, make, mayRun }: RunLineOptions): RunLine {
  const { config, spend } = needs
  const { calls, screen } = needs.sessions.needs
  const waiting: Run[] = []
  let waitingBytes = 0
  let running: Run | undefined
  let starting: Promise<void> = Promise.resolve()
  let isLeft = false

  const start = async (run: Run): Promise<void> => {
    const { execution, asked, code, allowInput, refusal } = run
    if (refusal) throw refusal
    await spend(res, 1)
    const files = filesOf(code)
    const subject = subjectOf({ language: session.language, files, pointers: ['/code'] })
    const warnings = screen(subject, res.locals.caller, requestIdOf(res.req), session.endUser)
    await records.putAsked(session.id, execution, asked)
    await calls.call(sessionOf(res, session.id), 'execute', {
      id: execution,
      context: KERNEL_CONTEXT,
      code,
      timeoutMs: config.sessions.maxLifetimeMs,
      silent: asked.silent,
      allowInput: allowInput && !isLeft,
      warnings,
      waitMs: 0,
    })
  }

  /** One whose code is too large fails in its turn, as it would by itself, and its code is not kept until then. */
  const runOf = ({ header, content }: JupyterMessage): Run => {
    const { code: asked, silent, allow_stdin: allowInput, stop_on_error: stops } = content
    let code = typeof asked === 'string' ? asked : ''
    let refusal: Problem | undefined
    try {
      checkSizes({}, filesOf(code), config.http.maxCodeBytes)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      refusal = error
      code = ''
    }
    return {
      execution: uuid(),
      asked: { header, code, silent: silent === true, socket: client },
      code,
      allowInput: allowInput === true,
      stopsOnError: stops !== false,
      bytes: Buffer.byteLength(code) + Buffer.byteLength(JSON.stringify(header)),
      ...(refusal && { refusal }),
    }
  }
  const takeWaiting = (): Run[] => {
    waitingBytes = 0
    return waiting.splice(0)
  }

  const answer = async (run: Run, reply: Part, error?: Part) => {
    const { header } = run.asked
    await send(make('iopub', 'status', { execution_state: 'busy' }, header))
    if (error) await send(make('iopub', 'error', error, header))
    await send(make('shell', 'execute_reply', reply, header))
    await send(make('iopub', 'status', { execution_state: 'idle' }, header))
  }

  const fail = async (run: Run, cause: unknown) => {
    const isKnown = cause instanceof Problem
    if (!isKnown) res.req.log.warn({ err: cause, sessionId: session.id }, 'execution not started')
    const why = isKnown
      ? faultContent(cause.code, detailOf(cause))
      : faultContent('internal-error', 'an internal error occurred')
    await answer(run, { status: 'error', execution_count: 0, ...why }, why)
  }

  const next = async (): Promise<void> => {
    if (running || isLeft || !mayRun()) return
    running = waiting.shift()
    const run = running
    if (!run) return
    waitingBytes -= run.bytes
    try {
      await start(run)
    } catch (cause) {
      await fail(run, cause)
      await over(run, true)
    }
  }
  const over = async (run: Run, isFailure: boolean): Promise<void> => {
    running = undefined
    if (isFailure && run.stopsOnError) {
      for (const one of takeWaiting()) await answer(one, { status: 'aborted', execution_count: 0 })
    }
    await next()
  }
  const goOn = (step: () => Promise<void>): Promise<void> => {
    starting = starting.then(step).catch((err: unknown) => {
      res.req.log.warn({ err, sessionId: session.id }, 'execution not started')
    })
    return starting
  }

  return {
    add(message) {
      const run = runOf(message)
      if (waiting.length >= MOST_WAITING || (waiting.length > 0 && waitingBytes + run.bytes > MOST_WAITING_BYTES)) {
        const most = `${MOST_WAITING} executions and ${MOST_WAITING_BYTES} bytes of them can wait on a socket`
        return fail(run, new Problem('session-busy', most))
      }
      waiting.push(run)
      waitingBytes += run.bytes
      void goOn(next)
    },
    asked: (execution) => (running?.execution === execution ? running.asked : undefined),
    ended: (execution, isFailure) =>
      goOn(async () => {
        const run = running
        if (run?.execution === execution) await over(run, isFailure)
      }),
    async leave() {
      isLeft = true
      await goOn(async () => {
        for (const run of takeWaiting()) if (mayRun()) await start(run)
      })
    },
  }
}

const filesOf = (code: string) => [{ path: '', content: code, encoding: 'utf-8' as const }]

/** What is wrong, for people: the findings of screening, or the fields. */
const detailOf = ({ message, errors }: Problem): string =>
  errors && errors.length > 0 ? errors.map(({ detail }) => detail).join('; ') : message
