import { describe, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { createSandboxPool, type Lease, type PoolOptions, type SandboxRequest } from '../../src/worker/sandbox/pool.ts'
import { SANDBOX_BYTES } from '../../src/worker/sandbox/pool-budget.ts'
import { nullSandbox, type NullSandbox } from './null-sandbox.ts'
import { eventually } from '../support/eventually.ts'

const MEMORY = 1024

function setUp(options: Partial<PoolOptions> = {}) {
  const made: NullSandbox[] = []
  const pool = createSandboxPool({
    create: async () => {
      const sandbox = nullSandbox()
      made.push(sandbox)
      return sandbox
    },
    reuse: 'tenant',
    standardMemoryBytes: MEMORY,
    ready: 1,
    slots: 2,
    wear: { maxJobs: 100, maxAgeMs: 60_000 },
    log: pino({ level: 'silent' }),
    ...options,
  })
  return { pool, made }
}

const request = (more: Partial<SandboxRequest> = {}): SandboxRequest => ({
  image: 'python',
  memoryBytes: MEMORY,
  tenant: 'a',
  shareable: true,
  ...more,
})

/** Named, should it not come, by its own text. */
const until = (condition: () => boolean) => eventually(String(condition), condition)

describe('a pool of sandboxes', () => {
  test('keeps as many ready as asked for each image, and replaces one that is taken', async () => {
    const { pool, made } = setUp()
    pool.keepReady(['python', 'bash'])
    await until(() => pool.counts().ready === 2)
    const { sandbox } = await pool.acquire(request())
    expect(made.slice(0, 2)).toContain(sandbox)
    await until(() => pool.counts().ready === 2)
    await pool.close()
  })

  test('holds what a sandbox has mounted while it is lent, not while it is idle', async () => {
    const held: string[] = []
    const hold = (image: string) => {
      held.push(image)
      return () => void held.splice(held.indexOf(image), 1)
    }
    const { pool } = setUp({ hold })
    const leases = await Promise.all([pool.acquire(request()), pool.acquire(request({ shareable: false }))])
    expect(held).toEqual(['python', 'python'])
    leases[0].release()
    leases[1].retire()
    leases[1].retire()
    expect(held).toEqual([])
    await pool.close()
  })

  test('removes the idle sandboxes of an image that is gone, and no lent one', async () => {
    const { pool, made } = setUp()
    const [idle, lent] = await Promise.all([pool.acquire(request()), pool.acquire(request())])
    idle.release()
    pool.discardIdle((image) => image === 'bash')
    expect(pool.counts()).toMatchObject({ bound: 1, lent: 1 })
    pool.discardIdle((image) => image === 'python')
    expect(pool.counts()).toMatchObject({ bound: 0, lent: 1 })
    expect((await pool.acquire(request())).sandbox).not.toBe(idle.sandbox)
    expect(made).toContain(lent.sandbox)
    await pool.close()
  })

  test('gives a tenant the sandbox it had, and never another tenant', async () => {
    const { pool } = setUp()
    const first = await pool.acquire(request())
    first.release()
    const other = await pool.acquire(request({ tenant: 'b' }))
    expect(other.sandbox).not.toBe(first.sandbox)
    expect((await pool.acquire(request())).sandbox).toBe(first.sandbox)
    await pool.close()
  })

  test('gives a tenant the sandbox that has the memory it asks for, and makes one for another limit', async () => {
    const { pool, made } = setUp({ ready: 0 })
    const large = await pool.acquire(request({ memoryBytes: 2 * MEMORY }))
    expect(large.reusable).toBe(true)
    large.release()
    const standard = await pool.acquire(request())
    const larger = await pool.acquire(request({ memoryBytes: 3 * MEMORY }))
    const other = await pool.acquire(request({ memoryBytes: 2 * MEMORY, tenant: 'b' }))
    expect(new Set([large, standard, larger, other].map(({ sandbox }) => sandbox)).size).toBe(4)
    expect((await pool.acquire(request({ memoryBytes: 2 * MEMORY }))).sandbox).toBe(large.sandbox)
    expect(made).toHaveLength(4)
    await pool.close()
  })

  test.each([
    ['the policy is never', { reuse: 'never' as const }, {}],
    ['the tenant is anonymous', {}, { shareable: false }],
  ])('uses a sandbox once when %s', async (_title, options, more) => {
    const { pool } = setUp(options)
    const lease = await pool.acquire(request(more))
    expect(lease.reusable).toBe(false)
    lease.release()
    expect((lease.sandbox as NullSandbox).destroyed).toBe(true)
    await pool.close()
  })

  test('retires a sandbox after its number of jobs, and after its age', async () => {
    const { pool } = setUp({ wear: { maxJobs: 2, maxAgeMs: 60_000 } })
    const first = await pool.acquire(request())
    first.sandbox.begin(1)
    first.release()
    const second = await pool.acquire(request())
    second.sandbox.begin(1)
    second.release()
    expect((first.sandbox as NullSandbox).destroyed).toBe(true)
    const aged = setUp({ wear: { maxJobs: 100, maxAgeMs: -1 } })
    const lease = await aged.pool.acquire(request())
    lease.release()
    expect((lease.sandbox as NullSandbox).destroyed).toBe(true)
    await pool.close()
    await aged.pool.close()
  })

  test('replaces one that is taken only when no job has been starting for a moment, or when one waits', async () => {
    const { pool, made } = setUp({ slots: 3 })
    pool.keepReady(['python'])
    await until(() => pool.counts().ready === 1)
    await pool.acquire(request())
    await Promise.resolve()
    expect({ made: made.length, making: pool.counts().making }).toEqual({ made: 1, making: 1 })
    await pool.acquire(request())
    expect(made.length).toBe(2)
    await until(() => pool.counts().ready === 2)
    await pool.close()
  })

  test('prewarms what is ready, and takes the one of a tenant that was prewarmed first', async () => {
    const { pool, made } = setUp({ slots: 3 })
    pool.keepReady(['python'])
    await until(() => pool.counts().ready === 1)
    expect(pool.counts().prewarmed).toBe(1)
    const leases = [await pool.acquire(request()), await pool.acquire(request()), await pool.acquire(request())]
    for (const { sandbox } of leases) sandbox.begin(1)
    const [first, second, third] = leases.map(({ sandbox }) => sandbox as NullSandbox)
    leases.forEach((lease) => lease.release())
    expect((await pool.acquire(request())).sandbox).toBe(first)
    // As one whose jobs nothing could be prewarmed for.
    second?.discardPrewarmed()
    expect((await pool.acquire(request())).sandbox).toBe(third)
    expect((await pool.acquire(request())).sandbox).toBe(second)
    await pool.close()
    expect(made.every((sandbox) => sandbox.destroyed)).toBe(true)
  })

  test('has as many bound ones prewarmed as there are slots, those that were used last', async () => {
    const { pool } = setUp({ ready: 0, slots: 2 })
    const leases = await Promise.all(
      Array.from({ length: 5 }, (_, index) => pool.acquire(request({ tenant: `t${index}` }))),
    )
    for (const { sandbox } of leases) sandbox.begin(1)
    leases.forEach((lease) => lease.release())
    expect(leases.map(({ sandbox }) => sandbox.prewarmed)).toEqual([false, false, false, true, true])
    expect(pool.counts()).toMatchObject({ bound: 5, prewarmed: 2 })
    await pool.close()
  })

  test('ends what waits for nobody when another language is asked for, and keeps within its budget', async () => {
    const waitingBytes = (image: string) => (image === 'python' ? 10 * SANDBOX_BYTES : 20 * SANDBOX_BYTES)
    const { pool } = setUp({ budget: { bytes: 24 * SANDBOX_BYTES, waitingBytes }, slots: 1, reuse: 'never' })
    pool.keepReady(['java', 'python'])
    await until(() => pool.counts().ready === 2)
    // The one that takes less, while nothing was asked for; what one of java would take with it is beyond the budget.
    expect(pool.counts()).toMatchObject({ prewarmed: 1, idleBytes: 12 * SANDBOX_BYTES })
    const lease = await pool.acquire(request({ image: 'java' }))
    lease.release()
    await until(() => pool.counts().idleBytes === 22 * SANDBOX_BYTES)
    expect(pool.counts()).toMatchObject({ ready: 2, prewarmed: 1 })
    await pool.close()
  })

  test('has bound ones make room for the interpreter of the one that was used last', async () => {
    const budget = { bytes: 14 * SANDBOX_BYTES, waitingBytes: () => 10 * SANDBOX_BYTES }
    const { pool } = setUp({ budget, ready: 0 })
    const leases = [await pool.acquire(request({ tenant: 'a' })), await pool.acquire(request({ tenant: 'b' }))]
    for (const { sandbox } of leases) sandbox.begin(1)
    leases.forEach((lease) => lease.release())
    expect(leases.map(({ sandbox }) => sandbox.prewarmed)).toEqual([false, true])
    expect(pool.counts()).toMatchObject({ bound: 2, idleBytes: 12 * SANDBOX_BYTES })
    await pool.close()
  })

  test('forgets an idle sandbox that ended by itself', async () => {
    const { pool } = setUp()
    const lease = await pool.acquire(request())
    lease.release()
    const dead = lease.sandbox as NullSandbox
    dead.die()
    await until(() => pool.counts().bound === 0)
    expect((await pool.acquire(request())).sandbox).not.toBe(dead)
    await pool.close()
  })

  test('hands a failure to whoever waits, and works again afterwards', async () => {
    let broken = true
    const { pool } = setUp({
      ready: 0,
      create: async () => {
        if (broken) throw new Error('no engine')
        return nullSandbox()
      },
    })
    await expect(pool.acquire(request())).rejects.toThrow('no engine')
    broken = false
    await expect(pool.acquire(request())).resolves.toBeDefined()
    await pool.close()
  })

  test('gives everyone who waits a sandbox of their own', async () => {
    const { pool } = setUp({ ready: 0, slots: 8 })
    const leases = await Promise.all(Array.from({ length: 20 }, () => pool.acquire(request())))
    expect(new Set(leases.map(({ sandbox }) => sandbox)).size).toBe(20)
    expect(pool.counts().lent).toBe(20)
    await pool.close()
  })

  test('removes every sandbox when it closes, lent ones too, and gives none afterwards', async () => {
    const { pool, made } = setUp()
    pool.keepReady(['python'])
    const lease = await pool.acquire(request())
    await pool.acquire(request({ tenant: 'b' })).then((other) => other.release())
    await pool.close()
    expect(made.every((sandbox) => sandbox.destroyed)).toBe(true)
    expect(pool.counts().ready + pool.counts().making).toBe(0)
    lease.release()
    await expect(pool.acquire(request())).rejects.toThrow('closed')
  })

  test('tells of every sandbox that was made and why it went, once', async () => {
    const told: string[] = []
    const observer = { created: () => told.push('created'), retired: (reason: string) => told.push(reason) }
    const { pool, made } = setUp({ observer, ready: 0, slots: 1, wear: { maxJobs: 2, maxAgeMs: 60_000 } })
    const reasons = () => told.filter((word) => word !== 'created')
    const use = async (more: Partial<SandboxRequest>, end: (lease: Lease) => void) => {
      const lease = await pool.acquire(request(more))
      lease.sandbox.begin(1)
      end(lease)
      await until(() => told.length > 0)
    }
    pool.keepReady(['python'])
    await use({}, (lease) => lease.release())
    await use({}, (lease) => lease.release())
    await until(() => reasons().at(-1) === 'max-jobs')
    await use({}, (lease) => lease.retire('memory'))
    await until(() => reasons().at(-1) === 'memory')
    await use({}, (lease) => lease.retire())
    await until(() => reasons().at(-1) === 'fault')
    await use({ shareable: false }, (lease) => lease.retire('memory'))
    await until(() => reasons().at(-1) === 'single-use')
    // Four stand bound for one slot; the next tenant's is one too many.
    for (const tenant of ['a', 'b', 'c', 'd', 'e']) await use({ tenant }, (lease) => lease.release())
    await until(() => reasons().at(-1) === 'surplus')
    made.at(-1)?.die()
    await until(() => reasons().filter((reason) => reason === 'fault').length === 2)
    await pool.close()
    expect(reasons().filter((reason) => reason === 'closed')).toHaveLength(3)
    expect(told.filter((word) => word === 'created')).toHaveLength(made.length)
    expect(reasons()).toHaveLength(made.length)
  })
})
