import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { MIB } from '../../../src/shared/limits.ts'
import { eventually } from '../../support/eventually.ts'
import type { Installation } from '../../support/installation.ts'
import type { ReceivedEvent } from '../../support/read-events.ts'
import type { CallEnd, SessionCaller } from './session-caller.ts'
import { processOf, resume, workerOf } from './session-processes.ts'

export const SESSION_STEPS = [
  'placed',
  'starting',
  'idle',
  'executing',
  'streaming output',
  'waiting for input',
  'running a command',
  'taking an upload',
  'making a snapshot',
  'ending',
] as const
export type SessionStep = (typeof SESSION_STEPS)[number]

/** A session that stands at a step of its life, and the call that waits there. It stays there until `release`. */
export interface MarkedSession {
  id: string
  /** In the environment of its processes. */
  token: string
  /** The gateway of the call. */
  gateway: number
  /** Whether a worker has it. */
  isPlaced: boolean
  /** The end of the call; begins with this when nothing waits yet. */
  call: () => Promise<CallEnd>
  /** What is wrong with an end that is a success; undefined when all of it is as it would be without a fault. */
  faultOf: (end: CallEnd) => string | undefined | Promise<string | undefined>
  /** Lets go on what the step held. */
  release: () => Promise<void>
  events: ReceivedEvent[]
  /** Resolves when no more events come. */
  followed: Promise<void>
  stop: () => void
}

const PAUSE_MS = 100
const UPLOAD_PIECE = Buffer.alloc(MIB, 'a')
const UPLOAD_PIECES = 8
const UNTIL_GO = 'import os, time\nwhile not os.path.exists("/job/go"): time.sleep(0.02)\n'

/** @throws Error when it does not get there */
export async function bringSessionTo(
  step: SessionStep,
  installation: Installation,
  caller: SessionCaller,
): Promise<MarkedSession> {
  const token = randomUUID()
  const gateway = randomInt(installation.gateways.length)
  const stopped = step === 'placed' ? installation.workers.map(({ pid }) => pid) : []
  for (const pid of stopped) process.kill(pid, 'SIGSTOP')
  const atOnce = step === 'placed' || step === 'starting'
  const created = await caller.call(
    {
      method: 'POST',
      path: '/v1/sessions',
      body: { language: 'python', env: { TRIAL: token } },
      wait: atOnce ? 0 : 30,
    },
    gateway,
  )
  if (created.status !== 201) throw new Error(`no session: ${created.status} ${JSON.stringify(created.body)}`)
  const id = String(created.body['id'])
  const at = `/v1/sessions/${id}`
  const ends = new AbortController()
  const events: ReceivedEvent[] = []
  const followed = (async () => {
    for await (const event of caller.events(id, ends.signal)) events.push(event)
  })()
  const run = (code: string, more: object = {}) =>
    caller
      .call({ method: 'POST', path: `${at}/executions`, body: { code, timeoutMs: 120_000, ...more } }, gateway)
      .then(untilEnded(`${at}/executions`))
  const command = (shell: string) =>
    caller
      .call({ method: 'POST', path: `${at}/commands`, body: { shell, timeoutMs: 120_000 } }, gateway)
      .then(untilEnded(`${at}/commands`))
  /** Reads what was accepted until it has ended. */
  function untilEnded(folder: string) {
    return async (first: CallEnd): Promise<CallEnd> => {
      let now = first
      while ((now.status === 200 || now.status === 202) && now.body['state'] !== 'finished') {
        const next = await caller.call(
          { method: 'GET', path: `${folder}/${String(first.body['id'])}?wait=30` },
          gateway,
        )
        now = { ...next, tookMs: now.tookMs + next.tookMs }
      }
      return now
    }
  }
  const go = async () => {
    await caller.call({
      method: 'PUT',
      path: `${at}/files/go`,
      pieces: async function* () {
        yield Buffer.from('1')
      },
    })
  }
  const seen = (what: string, is: (event: ReceivedEvent) => boolean, times = 1) =>
    eventually(what, () => events.filter(is).length >= times)
  const isOf =
    (kind: string, state: string) =>
    ({ event, data }: ReceivedEvent) =>
      event === kind && data['state'] === state
  const marked = (
    call: () => Promise<CallEnd>,
    faultOf: MarkedSession['faultOf'],
    release: () => Promise<void> = async () => undefined,
  ): MarkedSession => ({
    id,
    token,
    gateway,
    isPlaced: step !== 'placed',
    call,
    faultOf,
    release,
    events,
    followed,
    stop: () => ends.abort(),
  })
  const underWay = (call: Promise<CallEnd>) => {
    call.catch(() => undefined)
    return () => call
  }
  const wrote =
    (stdout: string) =>
    ({ body }: CallEnd) =>
      body['stdout'] === stdout ? undefined : `it wrote ${JSON.stringify(body['stdout']).slice(0, 200)}`
  const reads = () => caller.call({ method: 'GET', path: at }, gateway)
  const nothing = () => undefined

  if (step === 'placed')
    return marked(
      () => command('echo placed'),
      wrote('placed\n'),
      async () => stopped.forEach(resume),
    )
  if (step === 'starting') {
    await processOf(token, 'agent')
    return marked(() => command('echo started'), wrote('started\n'))
  }
  const first = await run('kept = 40')
  if (first.body['status'] !== 'succeeded') throw new Error(`its first execution: ${JSON.stringify(first)}`)
  switch (step) {
    case 'idle':
      return marked(() => run('print(kept + 2)'), wrote('42\n'))
    case 'executing': {
      const call = run(`${UNTIL_GO}print(kept)`)
      await seen('the execution', isOf('execution', 'running'), 2)
      return marked(underWay(call), wrote('40\n'), go)
    }
    case 'streaming output': {
      const call = run(`${UNTIL_GO.replace('time.sleep', 'print("line"); time.sleep')}print("last")`)
      await seen('its output', ({ event }) => event === 'stdout', 20)
      const faultOf = async ({ body }: CallEnd) => {
        const stdout = String(body['stdout'])
        // The answer and the events come by connections of their own.
        const missing = await seen('the end of the execution', isOf('execution', 'finished'), 2).then(
          () => undefined,
          String,
        )
        if (missing !== undefined) return missing
        if (!/^(line\n)+last\n$/.test(stdout)) return `it wrote ${JSON.stringify(stdout.slice(-200))}`
        const streamed = events
          .filter(({ event }) => event === 'stdout')
          .map(({ data }) => data['data'])
          .join('')
        return streamed === stdout
          ? undefined
          : `${streamed.length} characters are in its events, ${stdout.length} in its result`
      }
      return marked(underWay(call), faultOf, go)
    }
    case 'waiting for input': {
      const call = run('print(input("? ").upper())', { allowInput: true })
      await seen('its question', ({ event }) => event === 'input-request')
      const { data } = events.find(({ event }) => event === 'input-request') ?? { data: {} as Record<string, unknown> }
      const path = `${at}/executions/${String(data['execution'])}/input`
      const answer = async () => void (await caller.call({ method: 'POST', path, body: { value: 'ada' } }))
      return marked(underWay(call), wrote('ADA\n'), answer)
    }
    case 'running a command': {
      const call = command('until [ -e go ]; do sleep 0.02; done; echo went')
      await seen('the command', isOf('command', 'running'))
      return marked(underWay(call), wrote('went\n'), go)
    }
    case 'taking an upload': {
      let release = () => {}
      const released = new Promise<void>((resolve) => (release = resolve))
      async function* pieces(attempt: number) {
        for (let piece = 0; piece < UPLOAD_PIECES; piece++) {
          if (attempt === 1 && piece === UPLOAD_PIECES / 2) await released
          yield UPLOAD_PIECE
        }
      }
      const call = caller.call({ method: 'PUT', path: `${at}/files/up.bin`, pieces }, gateway)
      const isUnderWay = async () => {
        const { bytes } = await caller.call({ method: 'GET', path: `${at}/files` })
        return /"up\.bin"/.test(bytes.toString())
      }
      await eventually('a piece of the upload', isUnderWay)
      const faultOf = ({ body }: CallEnd) =>
        body['bytes'] === UPLOAD_PIECES * MIB ? undefined : `it says ${JSON.stringify(body)}`
      return marked(underWay(call), faultOf, async () => release())
    }
    case 'making a snapshot': {
      const made = await command('for i in 1 2 3 4; do head -c 8000000 /dev/urandom > part$i; done; echo made')
      if (made.body['stdout'] !== 'made\n') throw new Error(`no content: ${JSON.stringify(made.body)}`)
      const call = caller.call({ method: 'POST', path: `${at}/snapshot`, body: {} }, gateway)
      const tar = await processOf(token, 'tar')
      process.kill(tar, 'SIGSTOP')
      const faultOf = ({ body }: CallEnd) =>
        Number(body['bytes']) > 32_000_000 ? undefined : `it has ${JSON.stringify(body)}`
      return marked(underWay(call), faultOf, async () => resume(tar))
    }
    case 'ending': {
      const { pid } = await workerOf(installation, token)
      process.kill(pid, 'SIGSTOP')
      const call = caller.call({ method: 'DELETE', path: at }, gateway).then(async (end) => {
        let now = end
        while (now.status === 202 || (now.status === 200 && now.body['state'] !== 'ended')) {
          await sleep(PAUSE_MS)
          now = await reads()
        }
        return now
      })
      const requests = installation.keys.sessionRequests(id)
      await eventually('its request', async () => (await installation.connection.xlen(requests)) > 0)
      return marked(underWay(call), nothing, async () => resume(pid))
    }
  }
}
