import { expect, test } from '@jest/globals'
import { createLostSessions } from '../../src/shared/sessions/lost-sessions.ts'
import type { Session, SessionState } from '../../src/shared/sessions/session.ts'

function rig(state: SessionState) {
  let lost: string[] = []
  const ends: [string, string, boolean | undefined][] = []
  const look = createLostSessions({
    lost: () => Promise.resolve(lost),
    read: (id) => Promise.resolve({ tenant: 't', session: { id, state } as Session }),
    end: (id, { reason }, onlyLost) => {
      ends.push([id, reason, onlyLost])
      return Promise.resolve(true)
    },
  })
  return { ends, look: async (...ids: string[]) => ((lost = ids), look()) }
}

test('a session whose lease is over twice in a row is lost, and only while it is', async () => {
  const { ends, look } = rig('running')
  await look('a')
  expect(ends).toEqual([])
  await look('b')
  await look('a', 'b')
  expect(ends).toEqual([['b', 'session-lost', true]])
})

test('one that no worker took found no room', async () => {
  const { ends, look } = rig('starting')
  await look('a')
  await look('a')
  expect(ends).toEqual([['a', 'no-room', true]])
})
