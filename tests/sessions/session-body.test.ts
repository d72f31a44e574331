import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import { loadLanguages } from '../../src/shared/language.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { limitsOfSession } from '../../src/shared/sessions/session.ts'
import type { StageStart } from '../../src/worker/sandbox/frames.ts'
import { startBody } from '../../src/worker/sessions/session-body.ts'
import { nullSandbox } from '../worker/null-sandbox.ts'

test('a session has its sandbox look at nothing that nobody asks of it, for days, within its own CPU time', () => {
  const [language] = loadLanguages(`${packageRoot()}/languages`)
  if (!language) throw new Error('there is no language')
  const starts: StageStart[] = []
  const sandbox = nullSandbox()
  sandbox.run = (start) => {
    starts.push(start)
    return new Promise(() => undefined)
  }
  const body = startBody({
    sandbox,
    release: () => undefined,
    language,
    kernel: false,
    limits: limitsOfSession(DEFAULT_LIMITS, 500),
    env: {},
    files: [],
    times: { graceMs: 0, longestMs: 1000, timeoutFactor: 1 },
    clock: { after: () => () => undefined },
    log: pino({ level: 'silent' }),
  })
  expect(starts).toMatchObject([{ unobserved: true, cpuMs: 500 }])
  body.release()
})
