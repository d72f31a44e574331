import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { createClientInput } from '../../../../src/api/jobs/socket/client-input.ts'
import { KIB } from '../../../../src/shared/limits.ts'
import type { InputMessage } from '../../../../src/shared/redis/job-input.ts'
import { eventually } from '../../../support/eventually.ts'

const piece = JSON.stringify({ type: 'stdin', data: 'x'.repeat(32 * KIB) })

/** What is sent is read while it may be; of input there is room for so many pieces. Ends when no more can be taken. */
async function send(messages: readonly string[], room: number): Promise<InputMessage['kind'][]> {
  const taken: InputMessage['kind'][] = []
  const unread = [...messages]
  let isOpen = true
  let refused = 0
  const gone = new AbortController()
  const readOn = () => {
    while (isOpen && unread.length > 0) input.push(unread.shift() ?? '')
  }
  const input = createClientInput({
    jobId: 'x',
    interactive: true,
    inputs: {
      async send(_id, { kind }) {
        await sleep(1)
        if (kind === 'stdin' && taken.length >= room) {
          refused++
          return 'full'
        }
        taken.push(kind)
        return 'taken'
      },
    },
    wakeUps: { listen: () => Promise.resolve(() => undefined) },
    channel: 'x',
    reply: () => Promise.resolve(),
    flow(open) {
      isOpen = open
      setImmediate(readOn)
    },
    signal: gone.signal,
  })
  const running = input.run()
  readOn()
  const isOver = () => (unread.length === 0 ? taken.at(-1) === 'signal' : refused > 0 && !isOpen)
  await eventually('all is taken, or nothing more is read', isOver)
  gone.abort()
  await running
  return taken
}

test.each([4, 5, 6, 7])(
  'a signal behind %d pieces of input without room is read, however fast they came',
  async (waiting) => {
    const pieces = Array.from({ length: 12 + waiting }, () => piece)
    const taken = await send([...pieces, JSON.stringify({ type: 'signal', signal: 'SIGUSR1' })], 12)
    expect(taken).toEqual([...pieces.slice(waiting).map(() => 'stdin'), 'signal'])
  },
)

test('of a flood no more than a little is read', async () => {
  const signal = JSON.stringify({ type: 'signal', signal: 'SIGUSR1' })
  expect(await send([...Array.from({ length: 30 }, () => piece), signal], 12)).not.toContain('signal')
})
