import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, jest, test } from '@jest/globals'
import { endings, faultsOfJobs, faultsOfLeftovers, faultsOfList } from '../faults/verify.ts'
import { eventually } from '../support/eventually.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { JOB_KINDS, startLoad } from '../support/mixed-load.ts'
import { createPatientClient } from '../support/patient-client.ts'
import { createRedisServers, startCluster, startSentinelGroup } from '../support/redis-servers.ts'
import { mastersOf, moveSlot, ownerOf } from './moving-slot.ts'

// What is waited for within, one after another, may come to more than a test has otherwise.
jest.setTimeout(600_000)

const servers = createRedisServers()
let installation: Installation | undefined
afterEach(async () => {
  const left = await installation?.close()
  installation = undefined
  await servers.close()
  expect(left).toBe(0)
})

const LOAD_PER_SECOND = 4

/** Jobs of all kinds come while something is done to Redis, and for a while after. @returns what went wrong */
async function underLoad(foreignRedis: string, act: (one: Installation) => Promise<void>): Promise<string[]> {
  const one = await startInstallation({
    name: 'redis',
    workers: 2,
    gateways: 2,
    foreignRedis,
    env: { REDIS_REPLICAS: '1' },
  })
  installation = one
  const client = createPatientClient(one.urls, { mostPauseMs: 2000 })
  const load = startLoad(client, JOB_KINDS, LOAD_PER_SECOND)
  const jobsCome = (count: number) => {
    const wanted = load.jobs.length + count
    return eventually(`${count} jobs are accepted`, () => load.jobs.length >= wanted)
  }
  await jobsCome(2 * LOAD_PER_SECOND)
  await act(one)
  await jobsCome(2 * LOAD_PER_SECOND)
  await load.stop()
  const ended = await endings(client, load.jobs)
  return [
    ...(await faultsOfJobs(client, ended, () => false)),
    ...(await faultsOfList(client, load.jobs)),
    ...(await faultsOfLeftovers(one, new Set())),
  ]
}

const listOf = (processes: readonly { port: number }[]) => processes.map(({ port }) => `127.0.0.1:${port}`).join(',')

test('the master of a group that sentinels watch is killed under load: nothing is lost', async () => {
  const { master, replicas, sentinels } = await startSentinelGroup(servers, 2, 'runyard')
  const faults = await underLoad(`redis+sentinel://${listOf(sentinels)}/runyard`, async ({ connection }) => {
    await master.kill()
    // A command that waits is done by the new master.
    const info = await connection.info('replication')
    expect(info).toContain('role:master')
    expect(replicas.map(({ port }) => port)).toContain(connection.stream.remotePort)
  })
  expect(faults).toEqual([])
})

test('in a cluster the slot moves to another node under load, and then that node is killed: nothing is lost', async () => {
  const nodes = await startCluster(servers, 3, 2)
  const faults = await underLoad(`redis+cluster://${listOf(nodes.slice(0, 2))}`, async ({ keys, connection }) => {
    const from = await ownerOf(nodes, keys.prefix)
    const to = (await mastersOf(nodes)).find((node) => node !== from)
    if (!to) throw new Error('there is one master only')
    const moved = await moveSlot(nodes, keys.prefix, from, to)
    expect(moved).toBeGreaterThan(20)
    await connection.ping()
    await connection.set(keys.mark, 'moved', 'PX', 60_000)
    expect(connection.stream.remotePort).toBe(to.port)
    // What comes then is the life of the moved slot.
    await sleep(3000)

    await to.kill()
    await connection.set(keys.mark, 'failed over', 'PX', 60_000)
    const now = await ownerOf(nodes, keys.prefix)
    expect(now.port).not.toBe(to.port)
    expect(connection.stream.remotePort).toBe(now.port)
  })
  expect(faults).toEqual([])
})
