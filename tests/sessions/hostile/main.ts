// npm run test:hostile [-- WORD...]: every hostile program of the table in a session of its own, as a command and by the kernel of its language, and
// those against the agent and the bridge of a session. With words, only what has one of them in its title.
import { hostname } from 'node:os'
import { createApiKeys } from '../../../src/shared/access/api-keys.ts'
import { createClient } from '../../../src/client/client.ts'
import { HOSTILE, TABLE_ENV } from '../../support/program-table.ts'
import { startInstallation } from '../../support/installation.ts'
import { isAlive } from '../../support/processes.ts'
import { sessionClient } from '../../support/session-client.ts'
import { AGAINST_THE_SESSION, attemptOf, faultsOfOwn } from './against-the-session.ts'
import { startBeside } from './beside.ts'
import { attemptOfRow, HELD_TO_TEXT, OTHERWISE } from './rows.ts'
import { type Arena, type Attempt, type Tried, tryInSession } from './try-session.ts'

const WORDS = ['libpod', 'podman.sock', 'redis.sock', 'RUNYARD_NAMESPACE', 'REDIS_URL', 'conmon']
const words = process.argv.slice(2)
const installation = await startInstallation({
  name: 'hostile',
  workers: 1,
  gateways: 1,
  env: { ...TABLE_ENV, TENANT_MAX_SESSIONS: '20', AUTH: 'required' },
})
const url = installation.urls[0] ?? ''
const workerPid = installation.workers[0]?.pid ?? 0
const counts: Record<string, number> = {}
const began = performance.now()
let tried = 0
let failed = 0

function note(title: string, way: string, { outcome, ended, faults }: Tried): void {
  tried += 1
  const how = `${way}: ${outcome}${ended === null ? '' : `, session: ${ended}`}`
  counts[how] = (counts[how] ?? 0) + 1
  const seconds = Math.round((performance.now() - began) / 1000)
  console.log(`${String(seconds).padStart(5)} s  ${title}  (${how})${faults.length > 0 ? '  WRONG' : ''}`)
  if (faults.length > 0) failed += 1
  for (const fault of faults) console.log(`         ${fault}`)
}

const isAsked = (title: string) => words.length === 0 || words.some((word) => title.includes(word))

try {
  const { arena, kernels } = await startArena()
  for (const own of AGAINST_THE_SESSION) {
    if (!isAsked(own.title)) continue
    const outcome = await tryInSession(arena, attemptOf(own))
    note(own.title, own.way, { ...outcome, faults: [...outcome.faults, ...faultsOfOwn(own, outcome)] })
  }
  const surroundings = {
    ports: [new URL(url).port, '6379'],
    secrets: [
      ...WORDS,
      url,
      installation.namespace,
      installation.redisSocket,
      installation.podmanSocket,
      ...(hostname().length > 5 ? [hostname()] : []),
    ],
  }
  for (const [group, rows] of Object.entries(HOSTILE)) {
    for (const row of rows) {
      for (const way of ['command', 'execution'] as const) {
        const attempt = attemptOfRow(row, way, surroundings)
        if (!attempt || !isAsked(row.title) || (way === 'execution' && !kernels.has(attempt.language))) continue
        const outcome = await tryInSession(arena, attempt)
        note(row.title, way, { ...outcome, faults: [...outcome.faults, ...faultsOfText(group, row, attempt, outcome)] })
      }
    }
  }
  if (!isAlive(workerPid) || installation.workers[0]?.running !== true) {
    failed += 1
    console.log('the worker has ended')
  }
} catch (error) {
  failed += 1
  console.log(error)
} finally {
  const left = await installation.close()
  if (left > 0) {
    failed += 1
    console.log(`${left} containers are left`)
  }
}
for (const [how, count] of Object.entries(counts).toSorted(([, a], [, b]) => b - a))
  console.log(`${String(count).padStart(5)}  ${how}`)
console.log(
  `${tried} programs in sessions: ${failed === 0 ? 'nothing else was reached' : `${failed} times something was wrong`}`,
)
process.exitCode = failed === 0 ? 0 : 1

async function startArena(): Promise<{ arena: Arena; kernels: Set<string> }> {
  const apiKeys = createApiKeys(installation.connection, installation.keys)
  const keyOf = async (tenant: string) =>
    (await apiKeys.create({ name: 'hostile', tenant, scopes: ['sessions', 'jobs'] })).secretKey
  const [mallory, ada] = [await keyOf('mallory'), await keyOf('ada')]
  const headersOf = (key: string) => ({ authorization: `Bearer ${key}` })
  const kernels = (await createClient({ url, key: ada }).runtimes()).filter(({ kernel }) => kernel === true)
  const [hostile, other] = [sessionClient(url, headersOf(mallory)), sessionClient(url, headersOf(ada))]
  return {
    arena: await startBeside(url, hostile, other, headersOf(ada)),
    kernels: new Set(kernels.map(({ language }) => language)),
  }
}

function faultsOfText(
  group: string,
  { title, expect }: (typeof HOSTILE)[string][number],
  { way }: Attempt,
  { ran }: Tried,
): string[] {
  if (
    way !== 'command' ||
    !HELD_TO_TEXT.includes(group) ||
    expect.status !== 'succeeded' ||
    Object.hasOwn(OTHERWISE, title)
  )
    return []
  const { stdout = '' } = expect
  const found = ran?.stdout ?? ''
  const isSame = typeof stdout === 'string' ? found === stdout : stdout.test(found)
  return isSame ? [] : [`it found ${JSON.stringify(found).slice(0, 600)}, as a job ${String(stdout).slice(0, 600)}`]
}
