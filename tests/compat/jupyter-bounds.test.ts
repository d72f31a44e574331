import { getEventListeners, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import express, { type NextFunction, type Request, type Response } from 'express'
import { settledOrAborted } from '../../src/api/compat/jupyter/channels.ts'
import { contentsRoutes } from '../../src/api/compat/jupyter/contents.ts'
import type { JupyterMessage } from '../../src/api/compat/jupyter/framing.ts'
import { messageMaker } from '../../src/api/compat/jupyter/kernel-messages.ts'
import { createKernelRequests, type KernelRequestsOptions } from '../../src/api/compat/jupyter/kernel-requests.ts'
import { createRunLine, MOST_WAITING, type RunLineOptions } from '../../src/api/compat/jupyter/run-line.ts'
import type { SystemNeeds } from '../../src/api/compat/system/system.ts'
import { MIB } from '../../src/shared/limits.ts'
import type { Problem } from '../../src/shared/problems.ts'
import { eventually } from '../support/eventually.ts'

/** A socket whose session takes every execution; `spend` comes before each. */
function socket(maxCodeBytes: number, mayRun = () => true, spend = () => Promise.resolve()) {
  const sent: JupyterMessage[] = []
  const calls: { name: string; input: { id: string; code: string } }[] = []
  const session = { id: 's', language: 'python' }
  const needs = {
    config: { http: { maxCodeBytes }, sessions: { maxLifetimeMs: 1000 } },
    spend,
    sessions: {
      needs: {
        screen: () => [],
        calls: {
          call: async (_session: object, name: string, input: never) => ({ value: calls.push({ name, input }) }),
        },
      },
    },
  }
  const res = { locals: { caller: { tenant: 't' } }, req: { id: 'r', log: { warn() {}, debug() {} } } }
  const send = async (message: JupyterMessage) => void sent.push(message)
  const make = messageMaker(() => 'life')
  const records = { putAsked: async () => undefined }
  const options = { needs, res, session, client: 'c', records, send, make, mayRun }
  const line = createRunLine(options as unknown as RunLineOptions)
  const requests = createKernelRequests({
    ...options,
    line,
    kernels: {},
    infos: new Map(),
    comms: new Map(),
    asking: () => undefined,
  } as unknown as KernelRequestsOptions)
  const paused: string[] = []
  return {
    calls,
    line,
    paused,
    ran: () => calls.map(({ input }) => input.code),
    idle: (id: string) =>
      sent.some(({ content, parent_header: of }) => content['execution_state'] === 'idle' && of['msg_id'] === id),
    ask: (id: string, type: string, content: object, metadata: Record<string, unknown> = {}) =>
      requests.take(
        {
          channel: 'shell',
          header: { msg_id: id, msg_type: type },
          parent_header: {},
          metadata,
          content: content as never,
          buffers: [],
        },
        () => paused.push(id),
        () => undefined,
      ),
    reply: (id: string) =>
      sent.find(({ header, parent_header: of }) => String(header['msg_type']).endsWith('_reply') && of['msg_id'] === id)
        ?.content,
  }
}

describe('what waits to be run on a socket', () => {
  test('is of so many executions, and the next is refused without a pause', async () => {
    const one = socket(100)
    one.ask('first', 'execute_request', { code: 'first' })
    await eventually('the first runs', () => one.ran().length === 1 || undefined)
    for (let index = 0; index < MOST_WAITING; index++) one.ask(`${index}`, 'execute_request', { code: 'x' })
    one.ask('over', 'execute_request', { code: 'x' })
    const reply = await eventually('it is refused', () => one.reply('over'))
    expect(reply).toMatchObject({ status: 'error', ename: 'session-busy' })
    expect(one.paused).toEqual([])
    await one.line.ended(one.calls[0]?.input.id ?? '', false)
    expect(one.ran()).toEqual(['first', 'x'])
  })

  test('is of so many bytes', async () => {
    const one = socket(5 * MIB)
    const code = 'x'.repeat(5 * MIB)
    one.ask('first', 'execute_request', { code: 'first' })
    await eventually('the first runs', () => one.ran().length === 1 || undefined)
    one.ask('large', 'execute_request', { code })
    one.ask('larger', 'execute_request', { code })
    expect(await eventually('it is refused', () => one.reply('larger'))).toMatchObject({ ename: 'session-busy' })
    expect(one.reply('large')).toBeUndefined()
  })

  test('fails in its turn when its code is too large', async () => {
    const one = socket(5)
    one.ask('first', 'execute_request', { code: 'first' })
    one.ask('large', 'execute_request', { code: 'larger' })
    await eventually('the first runs', () => one.ran().length === 1 || undefined)
    expect(one.reply('large')).toBeUndefined()
    await one.line.ended(one.calls[0]?.input.id ?? '', false)
    expect(one.reply('large')).toMatchObject({ status: 'error', ename: 'too-large' })
    expect(one.ran()).toEqual(['first'])
  })

  test('is dropped when the key is revoked', async () => {
    let holds = true
    const one = socket(100, () => holds)
    for (const code of ['first', 'second', 'third']) one.ask(code, 'execute_request', { code })
    await eventually('the first runs', () => one.ran().length === 1 || undefined)
    holds = false
    await one.line.ended(one.calls[0]?.input.id ?? '', false)
    await one.line.leave()
    expect(one.ran()).toEqual(['first'])
  })

  test('goes on behind one that an internal error kept from running', async () => {
    let spent = 0
    const one = socket(100, undefined, async () => {
      if (spent++ === 0) throw new Error('broken')
    })
    one.ask('first', 'execute_request', { code: 'first', stop_on_error: false })
    one.ask('second', 'execute_request', { code: 'second' })
    await eventually('the second runs', () => one.ran().length === 1 || undefined)
    expect(one.reply('first')).toMatchObject({ status: 'error', ename: 'internal-error' })
    expect(one.ran()).toEqual(['second'])
  })
})

test('a kernel is not asked what is larger than code may be', async () => {
  const one = socket(100)
  one.ask('large', 'complete_request', { code: 'x'.repeat(100), cursor_pos: 1 })
  expect(await eventually('it is refused', () => one.reply('large'))).toMatchObject({ ename: 'too-large' })
  expect(one.calls).toEqual([])
})

test('a message of a comm has a bound with its metadata', async () => {
  const one = socket(100)
  one.ask('large', 'comm_msg', { comm_id: 'c' }, { more: 'x'.repeat(100) })
  await eventually('it is refused', () => one.idle('large'))
  one.ask('small', 'comm_msg', { comm_id: 'c' }, { more: 'x' })
  await eventually('the next is sent', () => one.calls.length > 0)
  expect(one.calls).toMatchObject([{ name: 'sendComm', input: { metadata: { more: 'x' } } }])
})

test('a slow write leaves nothing at the signal of its socket', async () => {
  const gone = new AbortController()
  await settledOrAborted(Promise.resolve(), gone.signal)
  expect(getEventListeners(gone.signal, 'abort')).toEqual([])
  const waiting = settledOrAborted(new Promise(() => undefined), gone.signal)
  gone.abort()
  await waiting
})

describe('contents', () => {
  const entry = (name: string, kind: string, bytes = 0) => ({ name, kind, bytes, mode: '0644', modifiedAt: '' })

  /** Asks the routes for something of a session with large files and a folder without an end. */
  async function ask(method: string, path: string) {
    const called: string[] = []
    const entered: number[] = []
    const answers: Record<string, (input: { path: string }) => object> = {
      statFile: ({ path: of }) => entry(of, of === 'many' ? 'folder' : 'file', 5 * MIB),
      readFile: () => ({ bytes: 5 * MIB }),
      listFolder: () => ({
        total: 10 ** 9,
        entries: Array.from({ length: 3000 }, (_none, index) => entry(`${called.length}-${index}`, 'file')),
      }),
    }
    const calls = {
      call: async (_session: object, name: string, input: { path: string }) => {
        called.push(name)
        return { value: answers[name]?.(input), bytes: Buffer.alloc(MIB, 'x') }
      },
    }
    const needs = {
      config: { http: { maxBodyBytes: MIB } },
      sessions: { needs: { calls, records: { read: async () => ({ tenant: 't', session: {} }) } } },
      jobs: { output: { sending: { enter: async (bytes: number) => (entered.push(bytes), () => undefined) } } },
    }
    const app = express()
    app.use((_req, res, next) => {
      res.locals.caller = { tenant: 't' } as typeof res.locals.caller
      next()
    })
    app.use(contentsRoutes(needs as unknown as SystemNeeds))
    app.use((error: Problem, _req: Request, res: Response, _next: NextFunction) => {
      res.status(error.status).json({ code: error.code, message: error.message })
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`, { method })
    const body = (await answer.json()) as { code?: string; content: unknown }
    server.close()
    return { status: answer.status, body, called, entered }
  }

  test('read a notebook only when it is small, and take room for what they read', async () => {
    const notebook = await ask('GET', 's/a.ipynb')
    expect(notebook.body).toMatchObject({
      code: 'too-large',
      message: 'a.ipynb has 5242880 bytes; 4194304 can be read here',
    })
    expect(notebook.called).toEqual(['statFile', 'readFile'])
    const text = await ask('GET', 's/a.txt')
    expect(text.body.content).toHaveLength(5 * MIB)
    expect(text.entered).toEqual([5 * MIB])
  })

  test('list the first entries of a folder, and name nothing in one that has more', async () => {
    const listed = await ask('GET', 's/many')
    expect(listed.body.content).toHaveLength(10_000)
    expect(await ask('POST', 's/many')).toMatchObject({ status: 409, body: { code: 'file-conflict' } })
  })
})
