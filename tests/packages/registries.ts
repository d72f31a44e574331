import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import type { Job } from '../../src/shared/job.ts'
import { eventually } from '../support/eventually.ts'
import { startInstallation } from '../support/installation.ts'
import { compareTimes, MOST_RATIO } from './compare-times.ts'
import { REGISTRY_TRIALS, type RegistryTrial, SET_TRIALS } from './registry-trials.ts'

/**
 * Packages of real registries, installed and used: by `dependencies`, by the files that users have, and by the lock that came back; what a
 * job costs when they are there. `npm run test:packages` runs it for every language; `tsx tests/packages/registries.ts go` for one.
 */
const wanted = process.argv.slice(2)
const failures: string[] = []
const expect = (isSo: boolean, what: string) => {
  console.log(`  ${isSo ? 'ok' : 'NOT'}  ${what}`)
  if (!isSo) failures.push(what)
}

let url = ''
let authorization = ''

type Answer = Job & { code?: string; detail?: string }

/** Of a build or a job, with all that it waits for: each question waits for up to a minute. */
const DEADLINE_MS = 30 * 60_000
/** What is tried is not how fast the machine is. */
const PATIENT = { compileWallMs: 120_000 }

async function runJob(body: object): Promise<{ job: Answer; ms: number }> {
  const headers = { 'content-type': 'application/json', prefer: 'wait=60', authorization }
  const begun = performance.now()
  let job = (await (
    await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body: JSON.stringify({ ...body, limits: PATIENT }) })
  ).json()) as Answer
  await eventually(
    `the end of job ${job.id}`,
    async () => {
      if (job.id === undefined || job.status !== null) return true
      job = (await (await fetch(`${url}/v1/jobs/${job.id}?wait=60`, { headers })).json()) as Answer
      return job.status !== null
    },
    DEADLINE_MS,
  )
  return { job, ms: Math.round(performance.now() - begun) }
}

const stdoutOf = ({ stages }: Answer) => stages?.at(-1)?.stdout ?? ''
const saidBy = (job: Answer) =>
  JSON.stringify([
    job.status,
    job.code,
    job.detail,
    job.message,
    job.stages?.map(({ stderr, stdout }) => [stdout, stderr]),
  ]).slice(0, 3000)

async function hold({
  language,
  code,
  dependencies,
  stdout,
  files,
  locked,
  refused,
  hint,
}: RegistryTrial): Promise<void> {
  const first = await runJob({ language, code, dependencies })
  const isRight = stdoutOf(first.job) === stdout
  expect(
    isRight,
    `dependencies ${dependencies.join(', ')}: ${isRight ? `installed and run in ${first.ms} ms` : saidBy(first.job)}`,
  )
  const second = await runJob({ language, code, dependencies })
  expect(stdoutOf(second.job) === stdout, `again, with what is installed: ${second.ms} ms`)
  const id = first.job.environment?.id ?? ''
  const environment = (await (await fetch(`${url}/v1/environments/${id}`, { headers: { authorization } })).json()) as {
    bytes: number
    files: number
    packages: unknown[]
    lock?: string | null
  }
  console.log(
    `      ${environment.packages?.length} packages, ${environment.files} files, ${Math.round(environment.bytes / 1e6)} MB`,
  )
  if (id !== '' && language === 'python') await holdRatio(dependencies.join(', '), { dependencies })
  const lock = environment.lock ?? ''
  // A build may take longer than anybody may wait for it in one request.
  const relocked = await eventually(
    `the environment of a lock of ${language}`,
    async () => {
      const again = await fetch(`${url}/v1/environments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=60', authorization },
        body: JSON.stringify({ language, manifest: lock }),
      })
      const answer = (await again.json()) as { lock?: string | null; code?: string; detail?: string; state?: string }
      return answer.code !== undefined || answer.state === 'ready' ? answer : undefined
    },
    DEADLINE_MS,
  )
  expect(lock !== '' && relocked.lock === lock, `the lock, submitted again, is the same ${relocked.detail ?? ''}`)
  const withLock: typeof files = locked ? [['the lock as a file', locked(lock)]] : []
  for (const [title, own] of [...files, ...withLock]) {
    const { job, ms } = await runJob({ language, files: own })
    expect(stdoutOf(job) === stdout, `${title}: ${stdoutOf(job) === stdout ? `${ms} ms` : saidBy(job)}`)
  }
  for (const [asked, fault] of refused) {
    const { job } = await runJob({ language, code, dependencies: [asked] })
    const told = `${job.code ?? ''} ${job.detail ?? ''} ${job.message ?? ''}`
    expect(told.includes(fault), `${asked} is ${fault}: ${told.split('\n')[0]?.slice(0, 300)}`)
  }
  const { job } = await runJob({ language, code })
  expect(
    job.message?.includes(hint) === true,
    `without them, the job is told to add ${hint}: ${job.message ?? saidBy(job)}`,
  )
}

/** What a job costs only because its packages are there: it is the same program with and without. */
async function holdRatio(what: string, packages: object): Promise<void> {
  const same = { language: 'python', code: 'print(1)' }
  const { ratio, words } = await compareTimes(
    async () => (await runJob(same)).job,
    async () => (await runJob({ ...same, ...packages })).job,
  )
  expect(ratio <= MOST_RATIO, `with ${what}: ${words}`)
}

async function holdSet({ language, set, code, stdout }: (typeof SET_TRIALS)[number]): Promise<void> {
  for (const when of ['first', 'again']) {
    const { job, ms } = await runJob({ language, code, environment: set })
    const isRight = stdoutOf(job) === stdout
    expect(isRight, `${language} with ${set}, ${when}: ${isRight ? `${ms} ms` : saidBy(job)}`)
  }
  if (language === 'python') await holdRatio(set, { environment: set })
}

/** @param builds whether code of packages may run while they are compiled */
async function holdAll(builds: boolean): Promise<void> {
  const trials = REGISTRY_TRIALS.filter(
    (one) => (one.builds ?? false) === builds && (wanted.length === 0 || wanted.includes(one.language)),
  )
  if (trials.length === 0) return
  const data = await mkdtemp(join(tmpdir(), 'ry-reg-'))
  const env = {
    RUNYARD_DATA_DIR: data,
    WORKER_CONCURRENCY: '2',
    PACKAGE_BUILDS: builds ? 'on' : 'off',
    PACKAGE_INDEX_REACH: process.env['PACKAGE_INDEX_REACH'] ?? '',
  }
  const installation = await startInstallation({ name: 'registries', workers: 1, gateways: 1, env })
  try {
    url = installation.urls[0] ?? ''
    const apiKeys = createApiKeys(installation.connection, installation.keys)
    authorization = `Bearer ${(await apiKeys.create({ name: 'trial', tenant: 'trial' })).secretKey}`
    const sets = SET_TRIALS.filter(({ language }) => !builds && (wanted.length === 0 || wanted.includes(language)))
    for (const trial of sets)
      await holdSet(trial).catch((error: unknown) => expect(false, `${trial.set}: ${(error as Error).message}`))
    for (const trial of trials) {
      console.log(trial.language)
      await hold(trial).catch((error: unknown) => expect(false, `${trial.language}: ${(error as Error).message}`))
    }
  } finally {
    const left = await installation.close()
    if (left > 0) failures.push(`${left} containers are left`)
    await rm(data, { recursive: true, force: true })
  }
}

await holdAll(false)
await holdAll(true)
console.log(failures.length === 0 ? 'all held' : `${failures.length} things went wrong`)
process.exit(failures.length === 0 ? 0 : 1)
