import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeKey } from '../../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../../support/platform.ts'
import { TABLE_ENV } from '../../support/program-table.ts'
import { sessionClient } from '../../support/session-client.ts'
import { AGAINST_THE_SESSION, attemptOf, faultsOfOwn } from './against-the-session.ts'
import { startBeside } from './beside.ts'
import { type Arena, tryInSession } from './try-session.ts'

/** All of it, and the whole table of hostile programs, are in `npm run test:hostile`. */
const TRIED = [
  'the agent is killed',
  'everybody is killed',
  'nobody speaks in the place of the agent, nor listens',
  'the bridge is killed',
  'the bridge says what is no JSON',
  'the bridge says what nobody asked',
  'the bridge speaks without end',
]

let platform: TestPlatform
let arena: Arena

beforeAll(async () => {
  platform = await startPlatform({ ...TABLE_ENV, AUTH: 'required' })
  const mallory = await makeKey(platform, 'mallory', { scopes: ['sessions'] })
  const ada = await makeKey(platform, 'ada', { scopes: ['sessions', 'jobs'] })
  arena = await startBeside(platform.url, sessionClient(platform.url, mallory), sessionClient(platform.url, ada), ada)
})
afterAll(() => platform.close())

test.each(TRIED)('%s: the session lives or says why not, and nothing else notices', async (title) => {
  const own = AGAINST_THE_SESSION.find((one) => one.title === title)
  if (!own) throw new Error(`there is no program "${title}"`)
  const tried = await tryInSession(arena, attemptOf(own))
  expect([...tried.faults, ...faultsOfOwn(own, tried)]).toEqual([])
})
