import { expect, test } from '@jest/globals'
import { bodyValidator } from '../../src/api/http/validate.ts'
import { checkTimes } from '../../src/api/sessions/session-request.ts'
import { SessionChange, SessionRequest } from '../../src/shared/sessions/requests.ts'

const DAY_MS = 86_400_000

test.each([
  ['idleTimeoutMs', SessionRequest],
  ['maxLifetimeMs', SessionRequest],
  ['idleTimeoutMs', SessionChange],
  ['maxLifetimeMs', SessionChange],
] as const)('%s beyond all timers is refused with the bound of the service', (name, schema) => {
  const body = bodyValidator(schema)({ [name]: 2 ** 40 })
  const detail = `is ${2 ** 40}; the most this service allows is ${DAY_MS}`
  expect(checkTimes(body, DAY_MS)).toEqual([{ pointer: `/${name}`, detail }])
})
