import { expect, test } from '@jest/globals'
import type { SessionEvent } from '../../src/shared/sessions/session-event.ts'
import type { Agent } from '../../src/worker/sessions/agent.ts'
import { createWatchOperations } from '../../src/worker/sessions/watch-operations.ts'

test('a watch that is being ended is listed until its end is told, once', async () => {
  let stopped = () => {}
  const stop = new Promise<void>((resolve) => (stopped = resolve))
  const agent: Pick<Agent, 'watch'> = { watch: () => Promise.resolve(() => stop) }
  const told: SessionEvent[] = []
  const watches = createWatchOperations({
    agent: agent as Agent,
    tell: (event) => told.push(event),
    whenRoom: (resume) => resume(),
    clock: { after: () => () => undefined },
  })
  await watches.watchFolder({ id: 'w', path: '.', recursive: false }, Buffer.alloc(0))
  const ends = Promise.allSettled([1, 2].map(async () => watches.unwatchFolder({ id: 'w' }, Buffer.alloc(0))))
  const [listed] = await watches.listWatches({}, Buffer.alloc(0))
  expect(listed).toMatchObject([{ id: 'w', state: 'watching' }])
  stopped()
  expect((await ends).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  expect(told.map(({ data }) => (data as { state?: string }).state)).toEqual(['watching', 'ended'])
  expect(await watches.listWatches({}, Buffer.alloc(0))).toEqual([[]])
})
