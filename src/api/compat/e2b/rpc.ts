import express, { type Request, type Response, Router } from 'express'
import { Problem } from '../../../shared/problems.ts'
import { readBody } from '../system/read-body.ts'
import {
  CONNECT_STATUSES,
  type ConnectCode,
  createFrameReader,
  endFrame,
  FrameFault,
  frameOf,
} from './connect-protocol.ts'
import { connectErrorOf, GONE_MESSAGE, isGone } from './e2b-problem.ts'

/** A remote procedure cannot be done; told with this code and nothing else. */
export class RpcFault extends Error {
  override readonly name = 'RpcFault'
  readonly code: ConnectCode
  constructor(code: ConnectCode, message: string) {
    super(message)
    this.code = code
  }
}

export interface RpcRequest {
  req: Request
  res: Response
  /** How long the caller lets it take, in ms; undefined: without end. */
  timeoutMs: number | undefined
}

/** @returns the answer, as JSON has it. @throws RpcFault, Problem */
export type UnaryMethod = (body: unknown, request: RpcRequest) => unknown
/** @param send sends a message, and waits while the caller is slow. @throws RpcFault, Problem */
export type StreamMethod = (
  body: unknown,
  send: (message: unknown) => Promise<void>,
  request: RpcRequest,
) => Promise<void>
/** @param messages of the caller, as they come */
export type InputStreamMethod = (messages: AsyncIterable<unknown>, request: RpcRequest) => Promise<unknown>

export interface RpcService {
  unary: Readonly<Record<string, UnaryMethod>>
  /** Of one message in and many out. */
  streams: Readonly<Record<string, StreamMethod>>
  /** Of many messages in and one out. */
  inputStreams: Readonly<Record<string, InputStreamMethod>>
}

/**
 * Serves a service by the Connect protocol, with the JSON codec, which all clients of E2B's use.
 * @param name e.g. `process.Process`
 */
export function rpcRoutes(name: string, { unary, streams, inputStreams }: RpcService, maxBytes: number): Router {
  const router = Router()
  const read = readBody(maxBytes)
  const readBytes = express.raw({ limit: maxBytes, type: () => true })

  for (const [method, handle] of Object.entries(unary)) {
    router.post(`/${name}/${method}`, onlyJson('application/json'), read, async (req, res) => {
      try {
        res.set('Cache-Control', 'no-store').json(await handle(req.body, requestOf(req, res)))
      } catch (error) {
        if (!(error instanceof RpcFault)) throw error
        res.status(CONNECT_STATUSES[error.code]).json({ code: error.code, message: error.message })
      }
    })
  }
  for (const [method, handle] of Object.entries(streams)) {
    router.post(`/${name}/${method}`, onlyJson('application/connect+json'), readBytes, async (req, res) => {
      await answerStream(res, async (send) => {
        const [body] = createFrameReader(maxBytes).push(Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0))
        if (body === undefined) throw new RpcFault('invalid_argument', 'the stream of the request has no message')
        await handle(body, send, requestOf(req, res))
      })
    })
  }
  for (const [method, handle] of Object.entries(inputStreams)) {
    router.post(`/${name}/${method}`, onlyJson('application/connect+json'), async (req, res) => {
      await answerStream(res, async (send) => send(await handle(messagesOf(req, maxBytes), requestOf(req, res))))
      req.resume()
    })
  }
  router.post(`/${name}/:method`, (req) => {
    throw new Problem('not-found', `${name} has no method ${req.params.method}`)
  })
  return router
}

function onlyJson(type: string) {
  return (req: Request, res: Response, next: () => void) => {
    if (req.is(type)) return next()
    res.set('Accept-Post', type)
    throw new Problem(
      'unsupported-media-type',
      `the content type is "${req.get('content-type') ?? ''}"; it must be ${type}: the codec is JSON`,
    )
  }
}

function requestOf(req: Request, res: Response): RpcRequest {
  const asked = req.get('connect-timeout-ms')
  const timeoutMs = asked !== undefined && /^\d{1,10}$/.test(asked) && asked !== '0' ? Number(asked) : undefined
  return { req, res, timeoutMs }
}

/** Answers with the messages that a task sends, and at last with how it ended. */
async function answerStream(
  res: Response,
  task: (send: (message: unknown) => Promise<void>) => Promise<void>,
): Promise<void> {
  const begin = () => {
    if (res.headersSent) return
    res
      .status(200)
      .set({ 'Content-Type': 'application/connect+json', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
  }
  const send = async (message: unknown) => {
    if (res.destroyed) return
    begin()
    if (res.write(frameOf(message))) return
    await new Promise<void>((resolve) => {
      const done = () => {
        res.off('drain', done).off('close', done)
        resolve()
      }
      res.on('drain', done).on('close', done)
    })
  }
  try {
    await task(send)
    begin()
    res.end(endFrame())
  } catch (error) {
    const told = toldOf(error, res.headersSent)
    // What is no fault of the caller's goes to the log as everywhere; a stream that has begun is broken off.
    if (!told) throw error
    begin()
    res.end(endFrame(told))
  }
}

function toldOf(error: unknown, hasBegun: boolean) {
  if (error instanceof RpcFault) return { code: error.code, message: error.message }
  if (error instanceof FrameFault) return { code: 'invalid_argument' as const, message: error.message }
  if (!(error instanceof Problem)) return undefined
  if (isGone(error)) return hasBegun ? { code: 'unavailable' as const, message: GONE_MESSAGE } : undefined
  return error.status < 500 ? connectErrorOf(error) : undefined
}

async function* messagesOf(req: Request, maxBytes: number): AsyncGenerator<unknown> {
  const reader = createFrameReader(maxBytes)
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) yield* reader.push(chunk)
  if (!reader.isEmpty()) throw new FrameFault('the stream ends within a message')
}
