import type { Response } from 'express'
import { v7 as uuid } from 'uuid'
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
import { KERNEL_CONTEXT } from './kernels.ts'

/**
 * What a socket wants to have run, in order and one at a time: when one fails, those behind it are dropped if its request says so
 * (`stop_on_error`), which the session itself does not know of.
 */
export interface RunLine {
  add: (message: JupyterMessage) => void
  /** What this socket asked with an execution; undefined for those of others. */
  asked: (execution: string) => ExecuteAsked | undefined
  /** To be called when one has ended. */
  ended: (execution: string, isFailure: boolean) => Promise<void>
  /** Gives what still waits to the session: nobody listens any more, and it runs all the same. Never rejects. */
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
}

interface Run {
  execution: string
  asked: ExecuteAsked
  code: string
  allowInput: boolean
  stopsOnError: boolean
}

export function createRunLine({ needs, res, session, client, records, send, make }: RunLineOptions): RunLine {
  const { config, spend } = needs
  const { calls, screen } = needs.sessions.needs
  let waiting: Run[] = []
  let running: Run | undefined
  let starting: Promise<void> = Promise.resolve()
  let isLeft = false

  const start = async (run: Run): Promise<void> => {
    const { execution, asked, code, allowInput } = run
    await spend(res, 1)
    const files = [{ path: '', content: code, encoding: 'utf-8' as const }]
    checkSizes({}, files, config.http.maxCodeBytes)
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

  const answer = async (run: Run, reply: Part, error?: Part) => {
    const { header } = run.asked
    await send(make('iopub', 'status', { execution_state: 'busy' }, header))
    if (error) await send(make('iopub', 'error', error, header))
    await send(make('shell', 'execute_reply', reply, header))
    await send(make('iopub', 'status', { execution_state: 'idle' }, header))
  }

  const next = async (): Promise<void> => {
    if (running || isLeft) return
    running = waiting.shift()
    const run = running
    if (!run) return
    try {
      await start(run)
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause
      const why = faultContent(cause.code, detailOf(cause))
      await answer(run, { status: 'error', execution_count: 0, ...why }, why)
      await over(run, true)
    }
  }
  const over = async (run: Run, isFailure: boolean): Promise<void> => {
    running = undefined
    if (isFailure && run.stopsOnError) {
      const dropped = waiting
      waiting = []
      for (const one of dropped) await answer(one, { status: 'aborted', execution_count: 0 })
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
    add({ header, content }) {
      const { code, silent, allow_stdin: allowInput, stop_on_error: stops } = content
      const text = typeof code === 'string' ? code : ''
      waiting.push({
        execution: uuid(),
        asked: { header, code: text, silent: silent === true, socket: client },
        code: text,
        allowInput: allowInput === true,
        stopsOnError: stops !== false,
      })
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
        for (const run of waiting.splice(0)) await start(run)
      })
    },
  }
}

/** What is wrong, for people: the findings of screening, or the fields. */
const detailOf = ({ message, errors }: Problem): string =>
  errors && errors.length > 0 ? errors.map(({ detail }) => detail).join('; ') : message
