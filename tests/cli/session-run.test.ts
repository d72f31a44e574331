import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, expect, test } from '@jest/globals'
import { Command } from 'commander'
import { execution } from '../../src/api/sessions/examples.ts'
import type { JobCommandDeps } from '../../src/cli/jobs/jobs.ts'
import { addSessionCommands } from '../../src/cli/sessions/sessions.ts'

const folder = mkdtempSync(join(tmpdir(), 'runyard-session-run-'))
afterAll(() => rmSync(folder, { recursive: true }))

/**
 * What comes of Ctrl-C in `session run`, and of a second one when the code does not heed the first.
 * @param isNew the session is one of the command, whose end the service never answers: Ctrl-C is pressed twice then, if it was not
 */
async function interrupted(isHeeded: boolean, isNew = false) {
  const stop = new AbortController()
  const hurry = new AbortController()
  const notes: string[] = []
  const asked: string[] = []
  let end = () => {}
  const ended = new Promise<void>((resolve) => (end = resolve))
  const service = createServer((req, res) => {
    const path = req.url ?? ''
    const answer = (body: object) => res.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (path.includes('/interrupt')) {
      asked.push(path)
      if (isHeeded) end()
      answer({})
      if (!isHeeded) hurry.abort()
    } else if (path.endsWith('/events')) {
      const last = { ...execution, status: 'interrupted', state: 'finished' }
      res.setHeader('content-type', 'text/event-stream')
      void ended.then(() => res.end(`event: execution\nid: 1-0\ndata: ${JSON.stringify(last)}\n\n`))
    } else if (path === '/v1/sessions') answer({ id: 'S' })
    else if (req.method === 'DELETE') hurry.abort()
    else if (req.method === 'POST') {
      stop.abort()
      // Behind the turns in which an interrupt would be sent that does not wait for the id.
      setImmediate(() => answer({ ...execution, state: 'running' }))
    } else answer(path === '/v1/runtimes' ? { runtimes: [] } : { ...execution, status: 'interrupted' })
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  writeFileSync(join(folder, 'work.py'), 'work()')
  const stream = () => new PassThrough().resume()
  let exitCode = 0
  const deps = {
    context: () => Promise.reject(new Error('no engine here')),
    env: {
      RUNYARD_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
      XDG_CONFIG_HOME: folder,
    },
    streams: { stdout: stream(), stderr: stream(), note: (text: string) => notes.push(text) },
    stdin: () => stream(),
    stdout: stream(),
    signals: () => ({ stop: stop.signal, hurry: hurry.signal }),
    setExitCode: (code: number) => (exitCode = code),
  }
  const program = new Command()
  addSessionCommands(program, deps as unknown as JobCommandDeps)
  const place = isNew ? [] : ['--session', 'S']
  const args = ['session', 'run', join(folder, 'work.py'), ...place, '--context', 'c', '--language', 'python']
  try {
    await program.parseAsync(args, { from: 'user' })
  } finally {
    service.close()
    service.closeAllConnections()
  }
  return { asked, notes, exitCode }
}

test('session run ends its own execution by Ctrl-C, also one that comes before it has an id', async () => {
  const { asked, notes, exitCode } = await interrupted(true)
  expect(asked).toEqual([`/v1/sessions/S/contexts/c/interrupt?execution=${execution.id}`])
  expect(notes[0]).toBe('interrupting...; Ctrl-C again leaves it')
  expect(exitCode).toBe(130)
})

test('session run is left by a second Ctrl-C when the code does not heed the first', async () => {
  const { asked, notes, exitCode } = await interrupted(false)
  expect(asked).toHaveLength(1)
  expect(notes).toEqual(['interrupting...; Ctrl-C again leaves it', 'left without waiting for the code to end'])
  expect(exitCode).toBe(130)
})

test('session run is left by a second Ctrl-C when the service does not answer that the new session is to end', async () => {
  const still = 'session S may still run; end it with: runyard session end S'
  const [amidCode, atEnd] = await Promise.all([interrupted(false, true), interrupted(true, true)])
  expect(amidCode.notes.slice(1)).toEqual(['left without waiting for the code to end', still])
  expect(atEnd.notes.at(-1)).toBe(still)
  expect([amidCode.exitCode, atEnd.exitCode]).toEqual([130, 130])
})

test('who starts a session with packages at a terminal sees how far they are, and nothing of it stays', async () => {
  const shown: string[] = []
  let tell = () => {}
  const told = new Promise<void>((resolve) => (tell = resolve))
  const service = createServer((req, res) => {
    const path = req.url ?? ''
    const answer = (body: object) => res.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (path.endsWith('/v1/environments')) {
      const waits = req.headers['prefer'] !== 'wait=0'
      void (waits ? told : Promise.resolve()).then(() => answer({ id: 'E', state: waits ? 'ready' : 'building' }))
    } else if (path.endsWith('/E/events')) {
      const data = JSON.stringify({ state: 'building', progress: 'downloading six 1.17.0', error: null })
      res.setHeader('content-type', 'text/event-stream').write(`event: building\nid: 1-0\ndata: ${data}\n\n`)
    } else if (path.endsWith('/events')) {
      const last = { ...execution, status: 'succeeded', state: 'finished' }
      res.setHeader('content-type', 'text/event-stream')
      res.end(`event: execution\nid: 1-0\ndata: ${JSON.stringify(last)}\n\n`)
    } else if (path === '/v1/sessions') void told.then(() => answer({ id: 'S' }))
    else answer(path === '/v1/runtimes' ? { runtimes: [] } : { ...execution, status: 'succeeded' })
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  writeFileSync(join(folder, 'work.py'), 'work()')
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 80 })
  stderr.on('data', (piece: Buffer) => {
    shown.push(piece.toString())
    if (piece.includes('six')) tell()
  })
  const deps = {
    context: () => Promise.reject(new Error('no engine here')),
    env: {
      RUNYARD_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
      XDG_CONFIG_HOME: folder,
    },
    streams: { stdout: new PassThrough().resume(), stderr, note: () => undefined },
    stdin: () => new PassThrough().resume(),
    stdout: new PassThrough().resume(),
    signals: () => ({ stop: new AbortController().signal, hurry: new AbortController().signal }),
    setExitCode: () => undefined,
  }
  const program = new Command()
  addSessionCommands(program, deps as unknown as JobCommandDeps)
  const args = ['session', 'run', join(folder, 'work.py'), '--with', 'six', '--language', 'python']
  try {
    await program.parseAsync(args, { from: 'user' })
  } finally {
    service.close()
    service.closeAllConnections()
  }
  expect(shown).toEqual(['\r\x1b[Kdownloading six 1.17.0', '\r\x1b[K'])
})
