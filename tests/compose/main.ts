import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../src/shared/job.ts'
import { MINUTE, SECOND } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createCaller, type Caller } from './caller.ts'
import { prepareStack, type Stack } from './stack.ts'
import { faultsOfContainer, faultsOfRedis } from './walls.ts'

/**
 * compose.yaml for real: its images are built, it is brought up with three workers and two gateways, loses one of each and podman's
 * service under load, and is taken down again. `npm run test:compose [-- JOBS]`; with
 * `SERVICE_IMAGE` set that image is taken, and none is built.
 */
const [jobs = 150] = process.argv.slice(2).map(Number)
const PER_SECOND = 5
const SCALE = { redis: 1, api: 2, worker: 3, proxy: 1 }
const UP = ['up', '--detach', '--no-build', '--scale', `worker=${SCALE.worker}`, '--scale', `api=${SCALE.api}`]

const began = performance.now()
const say = (text: string) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}`)

const stack = await prepareStack(say)
let faults: string[] = []
try {
  faults = await run(stack)
} catch (error) {
  for (const service of Object.keys(SCALE)) console.log(await tailOf(service))
  throw error
} finally {
  const left = await stack.close()
  say(left.length === 0 ? 'down; no container, network or volume is left' : `left: ${left.join(', ')}`)
  faults.push(...left)
}
for (const fault of faults) console.log(`  ${fault}`)
console.log(faults.length === 0 ? 'everything holds' : `${faults.length} things are wrong`)
process.exit(faults.length === 0 ? 0 : 1)

async function run(stack: Stack): Promise<string[]> {
  await stack.compose(...UP)
  say(`${stack.name} is up at ${stack.url}`)
  await healthy('redis', 'api', 'worker', 'proxy')
  say('every health check is content')
  const faults: string[] = []
  for (const [service, count] of Object.entries(SCALE)) {
    const containers = await stack.containersOf(service)
    if (containers.length !== count) faults.push(`${containers.length} containers of ${service}, not ${count}`)
    for (const container of containers) faults.push(...(await faultsOfContainer(stack, service, container)))
  }
  const password = readFileSync(join(packageRoot(), '.runyard/compose/redis-password'), 'utf8').trim()
  faults.push(...(await faultsOfRedis(stack, password)))
  say(`walls looked at: ${faults.length} faults`)

  const caller = createCaller(stack.url, await makeKey())
  faults.push(...(await underLoad(stack, caller)))
  faults.push(...(await withoutEngine(stack, caller)))
  await stack.compose('stop', '--timeout', '60')
  for (const service of ['api', 'worker']) {
    for (const container of await allOf(service)) {
      const code = (await stack.podman.run(['inspect', '--format', '{{.State.ExitCode}}', container])).trim()
      if (code !== '0') faults.push(`${container} exited with ${code} when it was told to stop`)
    }
  }
  say('stopped')
  return faults
}

/** A worker and a gateway are killed while jobs come in. */
async function underLoad(stack: Stack, caller: Caller): Promise<string[]> {
  const faults: string[] = []
  const accepted = new Map<string, string>()
  const long = new Set<string>()
  const submit = async (number: number) => {
    const isLong = number % 7 === 0
    const job = await caller.submit({ language: 'bash', code: `sleep ${isLong ? 4 : 0.5}; echo ${number}` })
    accepted.set(job.id, `${number}\n`)
    if (isLong) long.add(job.id)
  }
  const load = (async () => {
    const submitting: Promise<void>[] = []
    for (let number = 1; number <= jobs; number++) {
      submitting.push(submit(number))
      await sleep(SECOND / PER_SECOND)
    }
    await Promise.all(submitting)
  })()
  const accepting = async (count: number) => {
    for (let over = false; accepted.size < count && !over; await sleep(50)) over = await isSettled(load)
  }
  await accepting(jobs / 3)
  const [killed, victim] = await busyWith(long)
  await killNine(killed)
  say(`${killed} killed while it ran ${victim}`)
  await accepting((2 * jobs) / 3)
  const [gateway = ''] = await stack.containersOf('api')
  await killNine(gateway)
  say(`${gateway} killed`)
  await load
  say(
    `${accepted.size} jobs accepted; said again: ${[...caller.again].map(([why, times]) => `${why} (${times})`).join(', ') || 'nothing'}`,
  )
  const ended = new Map<string, Job>()
  for (const [id, output] of accepted) {
    const job = await caller.untilEnded(id)
    ended.set(id, job)
    const stdout = job.stages.at(-1)?.stdout
    if (job.status !== 'succeeded' || stdout !== output) faults.push(`${id}: ${job.status} (${job.message}), ${stdout}`)
  }
  if (accepted.size !== jobs) faults.push(`${accepted.size} jobs were accepted, not ${jobs}`)
  const again = [...ended.values()].filter(({ attempt }) => attempt > 1).map(({ id }) => id)
  if (!again.includes(victim)) faults.push(`${victim}, which the killed worker ran, did not run again`)
  say(`${ended.size} ended, ${again.length} of them after running again; ${faults.length} faults`)
  faults.push(...(await shares('worker', 'job ended')), ...(await shares('api', 'job accepted')))
  await healthy('api', 'worker')
  const ready = (await (await fetch(`${stack.url}/readyz`)).json()) as { workers: number }
  if (ready.workers !== SCALE.worker) faults.push(`${ready.workers} workers are alive, not ${SCALE.worker}`)
  say(`what was killed runs again: ${ready.workers} workers`)
  return faults
}

/** Podman's service ends and is started again: workers say that they cannot work, and go on by themselves. */
async function withoutEngine(stack: Stack, caller: Caller): Promise<string[]> {
  await stack.engine.stop()
  const workers = await stack.containersOf('worker')
  const before = performance.now()
  while ((await Promise.all(workers.map(checkOf))).some((said) => said === undefined)) {
    if (performance.now() - before > MINUTE) return ['a worker without an engine counts as healthy']
    await sleep(SECOND / 2)
  }
  say("without podman's service every worker is unhealthy")
  await stack.engine.start()
  await healthy('worker')
  const job = await caller.untilEnded((await caller.submit({ language: 'python', code: 'print(6 * 7)' })).id)
  say(`with it again they work: ${job.stages.at(-1)?.stdout.trim()}`)
  return job.stages.at(-1)?.stdout === '42\n' ? [] : [`after the engine came back: ${JSON.stringify(job)}`]
}

/** Waits until the health checks of these services pass, in every container there should be. Podman without systemd does not run them itself. */
async function healthy(...services: (keyof typeof SCALE)[]): Promise<void> {
  for (const deadline = Date.now() + 2 * MINUTE; ; await sleep(SECOND)) {
    const said: string[] = []
    for (const service of services) {
      const containers = await stack.containersOf(service)
      if (containers.length !== SCALE[service]) said.push(`${containers.length} containers of ${service} run`)
      for (const answer of await Promise.all(containers.map(checkOf))) if (answer !== undefined) said.push(answer)
    }
    if (said.length === 0) return
    if (Date.now() > deadline) throw new Error(`not healthy after two minutes:\n${said.join('\n')}`)
  }
}

/** @returns undefined when its check passes, else what was said */
async function checkOf(container: string): Promise<string | undefined> {
  const { exitCode, output } = await stack.podman.try(['healthcheck', 'run', container])
  return exitCode === 0 ? undefined : `${container}: ${output.trim()}`
}

/** A worker, and one of these jobs that it has begun just now, so that it will not have ended a moment later. */
async function busyWith(jobs: ReadonlySet<string>): Promise<[container: string, job: string]> {
  for (const deadline = Date.now() + MINUTE; Date.now() < deadline; await sleep(50)) {
    for (const container of await stack.containersOf('worker')) {
      const begun = (await logOf(container)).filter(({ msg }) => msg === 'job started').at(-1)
      if (begun && jobs.has(begun.jobId) && Date.now() - begun.time < 2 * SECOND) return [container, begun.jobId]
    }
  }
  throw new Error('no worker began a long job within a minute')
}

/** Whether it has resolved; one that was rejected says so where it is awaited. */
function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), sleep(0, false)])
}

async function killNine(container: string): Promise<void> {
  process.kill(Number(await stack.podman.run(['inspect', '--format', '{{.State.Pid}}', container])), 'SIGKILL')
}

/** Says how often each container of a service logged this, and which never did. */
async function shares(service: string, message: string): Promise<string[]> {
  const counts = new Map<string, number>()
  for (const container of await allOf(service)) {
    counts.set(container, (await logOf(container)).filter(({ msg }) => msg === message).length)
  }
  say(`"${message}": ${[...counts].map(([container, count]) => `${container} ${count}`).join(', ')}`)
  return [...counts].filter(([, count]) => count === 0).map(([container]) => `${container} never logged "${message}"`)
}

async function allOf(service: string): Promise<string[]> {
  const filters = [`label=com.docker.compose.project=${stack.name}`, `label=com.docker.compose.service=${service}`]
  const names = await stack.podman.run([
    'ps',
    '--all',
    ...filters.flatMap((one) => ['--filter', one]),
    '--format',
    '{{.Names}}',
  ])
  return names
    .split('\n')
    .filter((name) => name !== '')
    .sort()
}

interface LogLine {
  msg: string
  jobId: string
  /** Milliseconds since 1970. */
  time: number
}

async function logOf(container: string): Promise<LogLine[]> {
  const text = await stack.podman.run(['logs', container])
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
}

async function tailOf(service: string): Promise<string> {
  const text = await stack.compose('logs', '--tail', '5', service).catch((error: unknown) => String(error))
  return text.trim()
}

async function makeKey(): Promise<string> {
  const [gateway = ''] = await stack.containersOf('api')
  const options = ['--name', 'test', '--tenant', 'test', '--rate', '60000/min', '--burst', '1000', '--json']
  const answer = await stack.podman.run(['exec', gateway, 'runyard', 'keys', 'create', ...options])
  return (JSON.parse(answer) as { key: string }).key
}
