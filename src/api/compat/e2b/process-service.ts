import type { Response } from 'express'
import Type, { type Static } from 'typebox'
import { v7 as uuid } from 'uuid'
import { MAX_TIMER_MS } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import type { Command, CommandSummary } from '../../../shared/sessions/session.ts'
import type { SessionEvent } from '../../../shared/sessions/session-event.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import type { EndedBy } from '../../http/open-responses.ts'
import { invalidRequest } from '../../http/problems.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { bodyValidator } from '../../http/validate.ts'
import { plainBase64, NOT_BASE64 } from '../../jobs/request/base64.ts'
import { checkSizes } from '../../jobs/request/check-sizes.ts'
import { checkVectors } from '../../jobs/request/check-request.ts'
import { subjectOf } from '../../screening/subject.ts'
import { sessionOf } from '../../sessions/needs.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { followEvents } from './follow-events.ts'
import { sandboxOf } from './interpreter.ts'
import { endEvent } from './process-events.ts'
import { RpcFault, type RpcRequest, type RpcService } from './rpc.ts'
import { HOME, pathIn } from './sandbox-paths.ts'

const text = Type.Optional(Type.String())
const Selector = Type.Object({ pid: Type.Optional(Type.Integer({ minimum: 0 })), tag: text })
const Size = Type.Object({
  cols: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  rows: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
})
const Pty = Type.Object({ size: Type.Optional(Size) })
const StartRequest = Type.Object({
  process: Type.Object({
    cmd: Type.String({ minLength: 1 }),
    args: Type.Optional(Type.Array(Type.String(), { maxItems: 255 })),
    envs: Type.Optional(Type.Record(Type.String(), Type.String())),
    cwd: text,
  }),
  pty: Type.Optional(Pty),
  tag: Type.Optional(Type.String({ maxLength: 256 })),
  stdin: Type.Optional(Type.Boolean()),
})
const Input = Type.Object({ stdin: text, pty: text })
const startRequest = bodyValidator(StartRequest)
const ofProcess = bodyValidator(Type.Object({ process: Selector }))
const inputRequest = bodyValidator(Type.Object({ process: Selector, input: Input }))
const updateRequest = bodyValidator(Type.Object({ process: Selector, pty: Type.Optional(Pty) }))
const signalRequest = bodyValidator(
  Type.Object({ process: Selector, signal: Type.Enum(['SIGNAL_SIGKILL', 'SIGNAL_SIGTERM']) }),
)
const streamedInput = bodyValidator(
  Type.Object({
    start: Type.Optional(Type.Object({ process: Selector })),
    data: Type.Optional(Type.Object({ input: Input })),
  }),
)

const DEFAULT_SIZE = { columns: 80, rows: 24 }
/** Between two tries to hand input to a process that has as much before it as it may. */
const RETRY_MS = 50

/** The service of a sandbox's processes. */
export function processService(needs: E2bNeeds): RpcService {
  const { sessions, records } = needs
  const { calls } = sessions
  const at = (res: Response) => sessionOf(res, sandboxOf(res).id)

  const running = async (res: Response) =>
    (await calls.call(at(res), 'listCommands', {})).value.filter(({ state }) => state === 'running')
  const find = async (res: Response, { pid, tag }: Static<typeof Selector>): Promise<CommandSummary> => {
    const id = tag === undefined ? undefined : await records.tagged(at(res).id, tag)
    const all = await running(res)
    const found = all.find((command) => (tag === undefined ? command.pid === pid : command.id === id))
    const named = tag === undefined ? `pid ${pid ?? 0}` : `tag "${tag}"`
    if (!found) throw new RpcFault('not_found', `process with ${named} does not exist, or has ended`)
    return found
  }
  const write = async (res: Response, id: string, bytes: Buffer, end = false): Promise<void> => {
    await calls.call(at(res), 'writeInput', { id, end }, { bytes })
  }

  /** Sends the events of a command, from its start to its end. */
  const follow = (
    request: RpcRequest,
    send: (message: unknown) => Promise<void>,
    begin: () => Promise<CommandSummary>,
    endsAtTimeout: boolean,
  ): Promise<void> =>
    followEvents(sessions, request, send, endsAtTimeout, async (events) => {
      const command = await begin()
      await send({ event: { start: { pid: command.pid ?? 0 } } })
      await forward(events, command, send)
    })

  const start = async (asked: Static<typeof StartRequest>, { req, res, timeoutMs }: RpcRequest): Promise<Command> => {
    const session = sandboxOf(res)
    const { cmd, args = [], envs = {}, cwd } = asked.process
    const argv = [cmd, ...args]
    checkSizes({ command: argv, env: envs }, [], needs.config.http.maxCodeBytes)
    const errors = checkVectors({ args: argv, envs })
    if (errors.length > 0) throw invalidRequest(errors)
    const subject = subjectOf({ language: undefined, files: [], command: argv })
    const warnings = sessions.screen(subject, res.locals.caller, requestIdOf(req), session.endUser)
    const id = uuid()
    const { value } = await calls.call(at(res), 'runCommand', {
      id,
      argv,
      env: envs,
      cwd: cwd === undefined || cwd === '' ? HOME : pathIn(cwd, '/process/cwd'),
      background: false,
      timeoutMs: timeoutMs === undefined ? null : Math.min(timeoutMs, MAX_TIMER_MS),
      outputBytes: session.limits.outputBytes,
      interactive: asked.stdin ?? true,
      terminal: asked.pty ? sizeOf(asked.pty) : null,
      warnings,
      waitMs: 0,
    })
    if (value.status === 'start-failed')
      throw new RpcFault('invalid_argument', value.message ?? 'the process cannot be started')
    if (asked.tag !== undefined && asked.tag !== '') await records.tag(session.id, asked.tag, id)
    return value
  }

  return {
    unary: {
      async List(_body, { res }) {
        const [all, tags] = await Promise.all([running(res), records.tags(at(res).id)])
        const processes = all.map(({ id, argv: [cmd = '', ...args], pid }) => {
          const tag = tags.get(id)
          return { config: { cmd, args, envs: {} }, pid: pid ?? 0, ...(tag !== undefined && { tag }) }
        })
        return { processes }
      },
      async SendInput(body, { res }) {
        const { process, input } = inputRequest(body)
        await write(res, (await find(res, process)).id, bytesOf(input))
        return {}
      },
      async CloseStdin(body, { res }) {
        const { id, terminal } = await find(res, ofProcess(body).process)
        if (terminal) throw new RpcFault('failed_precondition', 'the input of a terminal is ended by sending it Ctrl+D')
        await write(res, id, Buffer.alloc(0), true)
        return {}
      },
      async Update(body, { res }) {
        const { process, pty } = updateRequest(body)
        const { id, terminal } = await find(res, process)
        if (!terminal) throw new RpcFault('failed_precondition', 'the process has no terminal')
        if (pty) await calls.call(at(res), 'resizeCommand', { id, size: sizeOf(pty) })
        return {}
      },
      async SendSignal(body, { res }) {
        const { process, signal } = signalRequest(body)
        const { id } = await find(res, process)
        const isKill = signal === 'SIGNAL_SIGKILL'
        await calls.call(at(res), 'signalCommand', { id, signal: isKill ? 'SIGKILL' : 'SIGTERM', tree: isKill })
        return {}
      },
    },
    streams: {
      Start: (body, send, request) => follow(request, send, () => start(startRequest(body), request), false),
      Connect: (body, send, request) => follow(request, send, () => find(request.res, ofProcess(body).process), true),
    },
    inputStreams: {
      async StreamInput(messages, { req, res }) {
        const signal = sessions.open.admit(res)
        // Its next message may never come.
        const end = () => signal.reason !== ('client' satisfies EndedBy) && req.destroy()
        signal.addEventListener('abort', end)
        if (signal.aborted) end()
        let id: string | undefined
        try {
          for await (const message of messages) {
            const { start: first, data } = streamedInput(message)
            if (first) ({ id } = await find(res, first.process))
            if (!data) continue
            if (id === undefined) throw new RpcFault('invalid_argument', 'the stream begins with no process')
            await untilTaken(write, res, id, bytesOf(data.input), signal)
          }
        } catch (error) {
          // Nobody is there any more to be told.
          if (!signal.aborted) throw error
        }
        return {}
      },
    },
  }
}

const sizeOf = ({ size }: Static<typeof Pty>) => ({
  columns: size?.cols ?? DEFAULT_SIZE.columns,
  rows: size?.rows ?? DEFAULT_SIZE.rows,
})

function bytesOf({ stdin, pty }: Static<typeof Input>): Buffer {
  const name = pty === undefined ? 'stdin' : 'pty'
  const plain = plainBase64(pty ?? stdin ?? '')
  if (plain === undefined) throw invalidRequest([{ pointer: `/input/${name}`, detail: NOT_BASE64 }])
  return Buffer.from(plain, 'base64')
}

/** Hands input to a process that may be slow to read it. */
async function untilTaken(
  write: (res: Response, id: string, bytes: Buffer) => Promise<void>,
  res: Response,
  id: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      return await write(res, id, bytes)
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'not-waiting') throw error
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
  }
}

/** @throws RpcFault when its end was none of its own; Problem `session-ended` when its sandbox ended */
async function forward(
  events: AsyncIterable<StoredEvent>,
  { id, terminal }: CommandSummary,
  send: (message: unknown) => Promise<void>,
): Promise<void> {
  for await (const { type, data } of events) {
    if (type === 'ended') throw new Problem('session-ended', 'the sandbox has ended')
    if (!data.includes(id)) continue
    const event = { type, data: JSON.parse(data) as unknown } as SessionEvent
    if ((event.type === 'stdout' || event.type === 'stderr') && event.data.command === id) {
      const bytes = event.data.dataBase64 ?? Buffer.from(event.data.data).toString('base64')
      await send({ event: { data: { [terminal ? 'pty' : event.type]: bytes } } })
    } else if (event.type === 'command' && event.data.id === id && event.data.state === 'finished') {
      await send({ event: { end: endEvent(event.data) } })
      return
    }
  }
}
