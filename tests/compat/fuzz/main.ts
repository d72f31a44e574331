// npm run test:compat-fuzz [-- ROUNDS [SEED]]: hostile and changed requests to the routes of other systems, and sockets that are abused.
import { readFileSync } from 'node:fs'
import { createApiKeys } from '../../../src/shared/access/api-keys.ts'
import { MIB } from '../../../src/shared/limits.ts'
import { startInstallation, UNLIMITED } from '../../support/installation.ts'
import { SECRET } from './checks.ts'
import { samplesOf } from './corpus.ts'
import { createMutator, randomOf } from './mutate.ts'
import { hostileBodies, hostileLeaves } from './hostile.ts'
import { sendAs, sendChanged, STRANGERS } from './requests.ts'
import { abuseSockets } from './socket-abuse.ts'
import { talkToSockets } from './sockets.ts'

const rounds = Number(process.argv[2] ?? '20000')
const seed = Number(process.argv[3] ?? String(Date.now() % 2 ** 31))
/** What a gateway may have taken more after all of them than after a third. */
const MOST_GROWTH_BYTES = 96 * MIB
const AT_ONCE = 6

const mutator = createMutator(randomOf(seed))
const faults: string[] = []
console.log(`${rounds} requests, seed ${seed}`)

const env = { ...UNLIMITED, AUTH: 'required', LOG_LEVEL: 'warn', TENANT_MAX_SESSIONS: '3' }
const installation = await startInstallation({ name: 'compat-fuzz', workers: 1, gateways: 1, env })
try {
  const [url = ''] = installation.urls
  const [gateway] = installation.gateways
  if (!gateway) throw new Error('no gateway')
  const { pid } = gateway
  const keys = createApiKeys(installation.connection, installation.keys)
  const keyOf = async (tenant: string) =>
    (await keys.create({ name: tenant, tenant, scopes: ['jobs', 'sessions'] })).secretKey
  const [own, other] = [await keyOf('fuzz'), await keyOf('other')]
  const call = async (path: string, key: string, body?: unknown) => {
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as Record<string, string>
  }
  const newKernel = async (key: string) => (await call('/jupyter/api/kernels', key, { name: 'python3' }))['id'] ?? ''
  const open = async (key: string, of: string) => {
    const sandbox = await call('/e2b/sandboxes', key, {
      templateID: 'code-interpreter-v1',
      timeout: 3000,
      metadata: { of },
      envVars: { OF: of },
    })
    const kernel = await newKernel(key)
    const submission = await call('/judge0/submissions?wait=true', key, {
      source_code: `print("${of}")`,
      language_id: 71,
    })
    return {
      sandbox: { id: sandbox['sandboxID'] ?? '', token: sandbox['envdAccessToken'] ?? '' },
      kernel,
      submission: submission['token'] ?? '',
    }
  }
  const named = await open(own, 'own')
  // Of somebody who never calls again: what is theirs stays theirs.
  const theirs = await open(other, SECRET)
  const samples = [...samplesOf(named), ...samplesOf(theirs)]
  const foreign = new Set(samples.slice(samples.length / 2))

  const statuses = new Map<string, number>()
  const count = ({ fault, status, system }: { fault?: string; status: number | string; system: string }) => {
    if (fault !== undefined) faults.push(fault)
    const name = `${system} ${status}`
    statuses.set(name, (statuses.get(name) ?? 0) + 1)
  }
  const as = { url, own, named }
  const ownSamples = samplesOf(named)
  const table = [
    ...ownSamples
      .flatMap((sample) => [...hostileBodies(sample), ...hostileLeaves(sample)])
      .map(
        ({ title, sample }) =>
          () =>
            sendAs(as, sample, title),
      ),
    ...ownSamples.flatMap((sample) =>
      STRANGERS.map((shown) => () => sendAs(as, sample, `shown ${JSON.stringify(shown)}`, shown)),
    ),
  ]
  console.log(`${table.length} requests of the table of hostile ones`)
  for (let done = 0; done < table.length; done += AT_ONCE) {
    for (const told of await Promise.all(table.slice(done, done + AT_ONCE).map((one) => one()))) count(told)
  }

  let after = 0
  for (let done = 0; done < rounds;) {
    const batch = Array.from({ length: AT_ONCE }, () => {
      const sample = mutator.pick(samples)
      return sendChanged({ url, own, named, theirs: foreign.has(sample) ? theirs : undefined, mutator, sample })
    })
    for (const told of await Promise.all(batch)) count(told)
    done += AT_ONCE
    if (after === 0 && done >= rounds / 3) after = residentBytes(pid)
  }
  console.log(
    [...statuses]
      .map(([name, count]) => `${name}: ${count}`)
      .toSorted()
      .join(', '),
  )
  // A changed request may have ended the caller's own.
  const isThere = await fetch(`${url}/jupyter/api/kernels/${named.kernel}`, { headers: { 'x-api-key': own } })
  const kernel = isThere.ok ? named.kernel : await newKernel(own)
  console.log(isThere.ok ? 'the kernel lives' : `the kernel was ended: ${isThere.status}; another one is spoken to`)
  faults.push(
    ...(await talkToSockets({
      url,
      own,
      kernel,
      foreign: theirs.kernel,
      mutator,
      rounds: Math.ceil(rounds / 30),
    })),
  )
  const kernelPath = `/jupyter/api/kernels/${kernel}/channels`
  faults.push(...(await abuseSockets({ url, own, paths: [kernelPath, '/piston/api/v2/connect'], kernelPath })))

  const grown = residentBytes(pid) - after
  console.log(`memory: ${Math.round(after / MIB)} MiB after a third, ${Math.round(grown / MIB)} MiB more at the end`)
  if (grown > MOST_GROWTH_BYTES) faults.push(`the gateway grew by ${grown} bytes`)
  if (!gateway.running || gateway.pid !== pid || !(await fetch(`${url}/healthz`)).ok)
    faults.push('the gateway does not live')
  for (const line of readFileSync(gateway.logFile, 'utf8').split('\n')) {
    // What is told as 501 to 504 has its cause in the answer.
    if (/"level":[56]0/.test(line) && !/"statusCode":50[1-4]/.test(line))
      faults.push(`the log has ${line.slice(0, 1500)}`)
  }
  // They still work for those whose they are.
  const again = await call(`/judge0/submissions/${theirs.submission}`, other)
  if (again['stdout'] !== `${SECRET}\n`) faults.push('what another tenant had is changed')
  const sandbox = await fetch(`${url}/e2b/sandboxes/${theirs.sandbox.id}`, { headers: { 'x-api-key': other } })
  if (!sandbox.ok) faults.push('the sandbox of another tenant is gone')
} catch (error) {
  // What was found before it is told all the same.
  faults.push(`the run did not come to its end: ${String(error instanceof Error ? error.stack : error)}`)
} finally {
  if ((await installation.close()) > 0) faults.push('containers were left')
}
for (const [fault, count] of countOf(faults)) console.log(`${count} times: ${fault}`)
console.log(
  faults.length === 0
    ? 'nothing found'
    : `${faults.length} faults; again with: npm run test:compat-fuzz -- ${rounds} ${seed}`,
)
process.exitCode = faults.length === 0 ? 0 : 1

/** What a process has in memory. */
function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0') * 1024
}

/** Those that are alike, once. */
function countOf(all: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1)
  return counts
}
