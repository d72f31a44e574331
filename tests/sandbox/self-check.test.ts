import { afterAll, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { MIB } from '../../src/shared/limits.ts'
import { SandboxBroken } from '../../src/worker/sandbox/sandbox.ts'
import { LimitsNotEnforced, proveLimits } from '../../src/worker/sandbox/self-check.ts'
import { createBench } from './init-harness.ts'

const bench = createBench('test-self-check')
afterAll(() => bench.close())
const log = pino({ level: 'silent' })

/** Makes sandboxes, of which the first are removed while limits are tried in them. */
function losing(count: number) {
  const maker = {
    made: 0,
    async make() {
      const sandbox = await bench.make({ memoryBytes: 64 * MIB })
      if (++maker.made <= count) setTimeout(() => void sandbox.destroy(), 30)
      return sandbox
    },
  }
  return maker
}

test('limits hold here, also when the first sandbox is lost while they are tried', async () => {
  const maker = losing(1)
  await proveLimits(() => maker.make(), log)
  expect(maker.made).toBe(2)
})

test('one sandbox lost after another is no proof', async () => {
  const maker = losing(9)
  await expect(proveLimits(() => maker.make(), log)).rejects.toThrow(SandboxBroken)
  expect(maker.made).toBe(3)
})

test('a limit that does not hold is told, with what is missing, at once', async () => {
  const made: string[] = []
  const make = async () => {
    const sandbox = await bench.make({ memoryBytes: 64 * MIB })
    made.push(sandbox.id)
    const run: typeof sandbox.run = async (...args) => ({ ...(await sandbox.run(...args)), oomKills: 0 })
    return { ...sandbox, run }
  }
  await expect(proveLimits(make, log)).rejects.toThrow(/^the memory limit does not hold \(the memory cgroup controller/)
  await expect(proveLimits(make, log)).rejects.toThrow(LimitsNotEnforced)
  expect(made).toHaveLength(2)
})
