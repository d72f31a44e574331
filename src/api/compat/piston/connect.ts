import type { Response } from 'express'
import type { Logger } from 'pino'
import type { RawData, WebSocket } from 'ws'
import type { JobEvent } from '../../../shared/job-event.ts'
import type { JobSpec } from '../../../shared/job.ts'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import { SIGNAL_NAMES } from '../../../shared/redis/job-input.ts'
import { BEGINNING } from '../../events/event-feed.ts'
import type { StoredEvent } from '../../events/live-events.ts'
import { type ClientInput, createClientInput } from '../../jobs/socket/client-input.ts'
import { ceilingsFor } from '../system/held-limits.ts'
import { membersOf } from '../system/read-body.ts'
import { makeJob, submitJob } from '../system/run-job.ts'
import type { SystemNeeds } from '../system/system.ts'
import { type Execution, PistonFault, readExecution } from './execute-request.ts'
import { stageEnd } from './stage-result.ts'

const CLOSE = {
  done: [4999, 'Job Completed'],
  twice: [4000, 'Already Initialized'],
  late: [4001, 'Initialization Timeout'],
  notified: [4002, 'Notified Error'],
  early: [4003, 'Not yet initialized'],
  notStdin: [4004, 'Can only write to stdin'],
  signal: [4005, 'Invalid signal'],
  closing: [1001, 'the gateway is closing; connect again'],
} as const

const INIT_MS = SECOND
/** A program's output waits for a client that reads slowly, beyond this many bytes. */
const HIGH_WATER_BYTES = 256 * 1024

/**
 * Serves a socket that was just accepted, to its end: one job, told of as Piston does. Never rejects.
 *
 * A connection is *new* until it sends `init`, *starting* until its job is on the queue, then *running* until the job's result. What it
 * sends while it is starting is kept and taken up then. The job ends with the connection: nobody can come back to it.
 */
export async function serveConnect(
  needs: SystemNeeds,
  res: Response,
  socket: WebSocket,
  ends: AbortSignal,
): Promise<void> {
  const { req } = res
  const log: Pick<Logger, 'warn'> = req.log
  const gone = new AbortController()
  const { signal } = gone
  const end = ([code, reason]: readonly [number, string]) => {
    if (signal.aborted) return
    gone.abort()
    socket.close(code, reason)
    // Or the client's answer would not be heard.
    socket.resume()
  }
  const send = async (message: object) => {
    if (signal.aborted) return
    const sent = new Promise<void>((resolve) => socket.send(JSON.stringify(message), () => resolve()))
    if (socket.bufferedAmount > HIGH_WATER_BYTES) await Promise.race([sent, abortOf(signal)])
  }
  const tell = (message: string) => {
    void send({ type: 'error', message })
    end(CLOSE.notified)
  }

  let state: 'new' | 'starting' | ClientInput = 'new'
  const early: Readonly<Record<string, unknown>>[] = []
  let spec: JobSpec | undefined

  const take = (message: Readonly<Record<string, unknown>>) => {
    if (state === 'new') return end(CLOSE.early)
    const { type } = message
    if (type === 'init') return end(CLOSE.twice)
    if (type === 'data' && message['stream'] !== 'stdin') return end(CLOSE.notStdin)
    if (type === 'signal' && !SIGNAL_NAMES.includes(message['signal'] as never)) return end(CLOSE.signal)
    if (type !== 'data' && type !== 'signal') return tell('type must be init, data or signal')
    if (type === 'data' && typeof message['data'] !== 'string') return tell('data must be a string')
    if (state === 'starting') return void early.push(message)
    state.push(
      JSON.stringify(type === 'data' ? { type: 'stdin', data: message['data'] } : { type, signal: message['signal'] }),
    )
  }

  const run = async (init: Readonly<Record<string, unknown>>) => {
    const { config, languages, overview, jobs, feed } = needs
    const limits = { defaults: config.limits.defaults, ceilings: ceilingsFor(config, res) }
    const execution = readExecution(init, languages, (await overview()).runtimes, limits)
    const { stdin = '', ...request } = execution.request
    spec = await makeJob(needs, res, { ...request, interactive: true })
    await needs.spend(res, 1)
    const id = await submitJob(needs, res, spec)
    await send({ type: 'runtime', ...execution.runtime })
    const { inputs, wakeUps, channelOf } = jobs.socket
    const input = createClientInput({
      jobId: id,
      interactive: true,
      inputs,
      wakeUps,
      channel: channelOf(id),
      reply: async (reply) => {
        if (reply.type === 'error' && reply.code !== 'job-ended') await send({ type: 'error', message: reply.detail })
      },
      flow(open) {
        if (open) socket.resume()
        else if (!signal.aborted) socket.pause()
      },
      signal,
    })
    state = input
    if (stdin !== '') input.push(JSON.stringify({ type: 'stdin', data: stdin }))
    for (const message of early) take(message)
    socket.resume()
    const events = await feed.read(id, BEGINNING, signal)
    await Promise.race([forward(events, execution, send), input.run()])
    end(CLOSE.done)
  }

  const fail = (error: unknown) => {
    if (signal.aborted) return
    if (error instanceof PistonFault || (error instanceof Problem && error.status < 500)) return tell(error.message)
    log.warn({ err: error, jobId: res.locals.jobId }, 'socket failed')
    tell(error instanceof Problem ? error.message : 'an internal error occurred')
  }

  const timer = setTimeout(() => state === 'new' && end(CLOSE.late), INIT_MS)
  let running: Promise<void> = Promise.resolve()
  socket.on('message', (data: RawData) => {
    if (signal.aborted) return
    const message = parse(data)
    if (!message) return tell('the message is not a JSON object')
    if (message['type'] !== 'init' || state !== 'new') return take(message)
    clearTimeout(timer)
    state = 'starting'
    socket.pause()
    running = run(message).catch(fail)
  })
  // What breaks the protocol ends the connection by itself.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  void closed.then(() => gone.abort())
  const onEnd = () => end(CLOSE.closing)
  ends.addEventListener('abort', onEnd)
  if (ends.aborted) onEnd()
  socket.resume()
  await closed
  clearTimeout(timer)
  ends.removeEventListener('abort', onEnd)
  await running
  await cancelLeft(needs, spec, log)
}

/** Ends a job that nobody listens to any more. */
async function cancelLeft({ jobs }: SystemNeeds, spec: JobSpec | undefined, log: Pick<Logger, 'warn'>): Promise<void> {
  if (!spec) return
  try {
    const found = await jobs.output.records.read(spec.head.id)
    if (found && found.job.status === null) await jobs.cancel(found.job, spec.tenant)
  } catch (err) {
    log.warn({ err, jobId: spec.head.id }, 'job not cancelled')
  }
}

/** Tells of a job as Piston does, until its result. */
async function forward(
  events: AsyncIterable<StoredEvent>,
  { held }: Execution,
  send: (message: object) => Promise<void>,
): Promise<void> {
  for await (const stored of events) {
    const event = { type: stored.type, data: JSON.parse(stored.data) as unknown } as JobEvent
    switch (event.type) {
      case 'stdout':
      case 'stderr':
        await send({ type: 'data', stream: event.type, data: event.data.data })
        break
      case 'stage': {
        const { data } = event
        if (data.phase === 'started') await send({ type: 'stage', stage: data.stage })
        else {
          const { code, signal, status, message } = stageEnd(data.report, held)
          const error =
            status === 'TO' || status === 'OL' || status === 'EL' || status === 'XX' ? { error: message } : {}
          await send({ type: 'exit', stage: data.stage, ...error, code, signal })
        }
        break
      }
      case 'result':
        if (event.data.stages.length === 0) {
          await send({ type: 'error', message: event.data.message ?? 'The program could not be run' })
        }
        break
      default:
    }
  }
}

const abortOf = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

function parse(data: RawData): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse((data as Buffer).toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? membersOf(value) : undefined
  } catch {
    return undefined
  }
}
