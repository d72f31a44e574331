import { WebSocket } from 'ws'
import { V1_PROTOCOL } from '../../../src/api/compat/jupyter/framing.ts'
import { SECRET } from './checks.ts'
import { asDefaultBinary, asV1, jupyterMessages, pistonMessages } from './corpus.ts'
import type { Mutator } from './mutate.ts'

export interface SocketsOptions {
  url: string
  own: string
  /** A kernel of the caller's, and one of another tenant's. */
  kernel: string
  foreign: string
  mutator: Mutator
  /** Sockets to open. */
  rounds: number
}

/** Codes that each protocol has; those of WebSockets themselves are for frames that break it. */
const CODES = {
  jupyter: [1000, 1001, 1005, 1006, 1007, 1008, 1009, 1012],
  piston: [1001, 1005, 1006, 1007, 1009, 4000, 4001, 4002, 4003, 4004, 4005, 4999],
}
const MESSAGES = 12
const ENDS_MS = 3000

/** Sends changed messages over the sockets of Jupyter and Piston. @returns what was wrong */
export async function talkToSockets({ url, own, kernel, foreign, mutator, rounds }: SocketsOptions): Promise<string[]> {
  const { chance, pick } = mutator
  const faults: string[] = []
  const ws = url.replace('http', 'ws')
  for (let round = 0; round < rounds; round++) {
    const isJupyter = chance(0.6)
    const isIn = chance(0.9)
    const isForeign = isJupyter && chance(0.1)
    const isV1 = chance(0.5)
    const path = isJupyter
      ? `/jupyter/api/kernels/${isForeign ? foreign : kernel}/channels?session_id=${pick(['a', 'b', '', '%00', 'x'.repeat(2000)])}`
      : '/piston/api/v2/connect'
    const headers = { authorization: `Bearer ${isIn ? own : 'ry_0'}` }
    const socket = new WebSocket(`${ws}${path}`, isJupyter && isV1 ? [V1_PROTOCOL] : [], { headers })
    const told: string[] = []
    socket.on('message', (data) => told.push((data as Buffer).toString()))
    // What is refused comes as an error; it is told by the event that it closes.
    socket.on('error', () => undefined)
    const closed = new Promise<number>((resolve) => socket.once('close', resolve))
    const wasOpened = new Promise<boolean>((resolve) => socket.once('open', () => resolve(true)))
    const opened = await Promise.race([wasOpened, closed.then(() => false)])
    if (opened && (!isIn || isForeign))
      faults.push(`a socket to ${path} was opened ${isIn ? 'by another tenant' : 'without a key'}`)
    if (opened) {
      for (let left = MESSAGES; left > 0 && socket.readyState === socket.OPEN; left--) {
        socket.send(isJupyter ? jupyterMessage(mutator, isV1) : pistonMessage(mutator))
        await new Promise((resolve) => setImmediate(resolve))
      }
      const timer = setTimeout(() => socket.close(), ENDS_MS * (chance(0.2) ? 1 : 0.05))
      const code = await closed
      clearTimeout(timer)
      const known = isJupyter ? CODES.jupyter : CODES.piston
      if (!known.includes(code)) faults.push(`a socket to ${path.slice(0, 80)} closed with ${code}`)
    }
    if (told.some((text) => text.includes(SECRET))) faults.push(`a socket to ${path} tells of another tenant`)
    // What a client called its own message comes back in its parent header, whatever it is.
    if (told.some((text) => /\n\s+at .+\.ts:\d+/.test(text)))
      faults.push(`a socket to ${path} tells of the code of the server`)
  }
  return faults
}

/** A message of a client of Jupyter, changed or not, in the framing of the socket. */
export function jupyterMessage({ pick, chance, json, bytes }: Mutator, isV1: boolean): string | Buffer {
  const sample = pick(jupyterMessages)
  const message = chance(0.6) ? sample : json(sample)
  if (chance(0.2)) return bytes(isV1 ? asV1(sample) : asDefaultBinary(sample))
  if (isV1 && typeof message === 'object' && message !== null) return asV1(framed({ ...sample, ...message }))
  return JSON.stringify(message) ?? ''
}

/** A changed message as the framing can hold it: the channel is text there, and each part is JSON. */
function framed(message: Readonly<Record<keyof Sample, unknown>>): Sample {
  const { channel, header, parent_header, metadata, content } = message
  const parts = { header, parent_header, metadata, content }
  const whole = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part ?? null]))
  return {
    ...whole,
    channel: typeof channel === 'string' ? channel : String(JSON.stringify(channel)),
  } as unknown as Sample
}
type Sample = (typeof jupyterMessages)[number]

function pistonMessage({ pick, chance, json, text }: Mutator): string {
  const message = JSON.stringify(chance(0.6) ? json(pick(pistonMessages)) : pick(pistonMessages)) ?? ''
  return chance(0.1) ? text(message) : message
}
