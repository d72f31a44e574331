import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { eventually } from '../support/eventually.ts'
import { startInstallation } from '../support/installation.ts'
import { startPackageIndex, wheel } from '../support/package-index.ts'
import { compareTimes, MOST_RATIO } from './compare-times.ts'
import { runJob as runJobAt, stdoutOf } from './run-job.ts'

/**
 * What environments must bear, against an index of its own: many who ask for the same at once, a worker that dies in a build, a host that has it
 * not, many environments on one host, a full disk, an index that is away; and what a job with packages costs. `npm run test:packages`; words
 * that follow `--` select parts by their titles.
 */
const TENANTS = 50
/** Of the package of the jobs that are timed. */
const OTHER_FILES = 700
/** So many other tenants wait for a build whose worker dies. */
const WAITING = 8
const MANY = 200
/** They are asked for by so many tenants at a time, each with idle sandboxes of its own. */
const ASKERS = 4
const MANY_BYTES = MIB / 2
/** So many of them have to go. */
const ROOM_BYTES = 16 * MIB
/** Of the disk, which is a file system of its own. */
const DISK_BYTES = 64 * MIB

const index = await startPackageIndex()
const run = promisify(execFile)
const data = await mkdtemp(join(tmpdir(), 'ry-pk-'))
const environments = join(data, 'environments')
await mkdir(environments)
if (process.getuid?.() !== 0) throw new Error('this takes root: it mounts a small file system for the environments')
await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=700`, 'tmpfs', environments])
const installation = await startInstallation({
  name: 'packages',
  workers: 2,
  gateways: 1,
  env: {
    RUNYARD_DATA_DIR: data,
    PACKAGE_INDEX_PYPI: index.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    PACKAGE_PRELOAD: 'ahead/python/usual',
    ENVIRONMENT_MAX_BYTES: String(8 * MIB),
    ENVIRONMENTS_MAX_BYTES: String(ROOM_BYTES),
    FILES_MIN_FREE_BYTES: '0',
    WORKER_CONCURRENCY: '2',
  },
})
const url = installation.urls[0] ?? ''
const [first, second] = installation.workers
if (!first || !second) throw new Error('there are no workers')
const apiKeys = createApiKeys(installation.connection, installation.keys)
const failures: string[] = []
const expect = (isSo: boolean, what: string) => {
  console.log(`  ${isSo ? 'ok' : 'NOT'}  ${what}`)
  if (!isSo) failures.push(what)
}

const keyOf = async (tenant: string) => (await apiKeys.create({ name: 'trial', tenant })).secretKey
const asked = (name: string) => index.asked.filter((path) => path === `/simple/${name}/`).length

const runJob = (key: string, code: string, dependencies?: string[]): Promise<Job> =>
  runJobAt(url, key, { language: 'python', code, ...(dependencies && { dependencies }) })
const add = (name: string, content: string | Buffer = '') =>
  index.add(
    wheel(name, '1.0', [
      [`${name}.py`, `NAME = '${name}'\n`],
      [`${name}.bin`, content],
    ]),
  )
const importing = (name: string) => `import ${name}; print(${name}.NAME)`
async function install(key: string, name: string): Promise<{ status: number; code: string | undefined }> {
  const headers = { 'content-type': 'application/json', prefer: 'wait=60', authorization: `Bearer ${key}` }
  const body = JSON.stringify({ language: 'python', dependencies: [name] })
  const answer = await fetch(`${url}/v1/environments`, { method: 'POST', headers, body })
  return { status: answer.status, code: ((await answer.json()) as { code?: string }).code }
}
const expectNothingHalfMade = async () => {
  const left = (await readdir(environments)).filter((name) => /^(new|gone|pack)-/.test(name))
  expect(left.length === 0, `nothing half-made is left${left.map((name) => ` but ${name}`).join()}`)
}
/** What is installed, as the store counts it, in bytes. */
const installedBytes = async () => {
  const names = (await readdir(environments)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
  const sizes = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(environments, name), 'utf8').catch(() => '')
      return text === '' ? 0 : (JSON.parse(text) as { bytes: number }).bytes
    }),
  )
  return sizes.reduce((sum, bytes) => sum + bytes, 0)
}
/** Keys of environments of which the workers have logged this, in the order in which they did. */
const logged = async (message: string) => {
  const lines = (await Promise.all([first, second].map(({ logFile }) => readFile(logFile, 'utf8'))))
    .join('')
    .split('\n')
  const found = lines.flatMap((line) => {
    if (!line.includes(`"msg":"${message}"`)) return []
    const { time, environment, key } = JSON.parse(line) as { time: number; environment: string; key?: string }
    return [{ time, key: key ?? environment }]
  })
  return found.toSorted((a, b) => a.time - b.time).map(({ key }) => key)
}
const folders = async () => (await readdir(environments)).filter((name) => /^[0-9a-f]{64}$/.test(name))

const trials: [string, (key: string) => Promise<void>][] = [
  [
    `${TENANTS} tenants ask for the same at once`,
    async () => {
      const keys = await Promise.all(Array.from({ length: TENANTS }, (_, number) => keyOf(`tenant-${number}`)))
      const jobs = await Promise.all(keys.map((key) => runJob(key, importing('shared'), ['shared'])))
      expect(
        jobs.every((job) => stdoutOf(job) === 'shared\n'),
        'every job imported it',
      )
      expect(asked('shared') === 1, `one build: the index was asked ${asked('shared')} times`)
    },
  ],
  [
    'a worker is killed in a build',
    async (key) => {
      add('slow')
      await second.stop()
      const release = index.hold('slow')
      const keys = await Promise.all(Array.from({ length: WAITING }, (_, number) => keyOf(`waiting-${number}`)))
      const jobs = Promise.all([key, ...keys].map((own) => runJob(own, importing('slow'), ['slow'])))
      await eventually('the build has begun', () => Promise.resolve(asked('slow') > 0), 60_000)
      await first.kill()
      release()
      await second.start()
      const served = (await jobs).filter((job) => stdoutOf(job) === 'slow\n').length
      expect(served === WAITING + 1, `another worker built it, and ${served} of ${WAITING + 1} jobs were served`)
      await first.start()
    },
  ],
  [
    'a host that has it not',
    async (key) => {
      expect(stdoutOf(await runJob(key, importing('shared'), ['shared'])) === 'shared\n', 'it is installed')
      const before = asked('shared')
      await Promise.all([first.stop(), second.stop()])
      for (const name of await readdir(environments)) await rm(join(environments, name), { recursive: true })
      await Promise.all([first.start(), second.start()])
      expect(stdoutOf(await runJob(key, importing('shared'), ['shared'])) === 'shared\n', 'the job imported it')
      expect(asked('shared') === before, 'it came from the file store, without being built')
    },
  ],
  [
    `${MANY} environments where there is room for fewer`,
    async (key) => {
      let [next, wrong] = [0, 0]
      const lasting = `${importing('shared')}\nimport time; time.sleep(20); open('/environment/shared.py').read()`
      const keep = async () => {
        const kept: Job[] = []
        while (next < MANY) kept.push(await runJob(key, lasting, ['shared']))
        return kept
      }
      const ask = async (asker: number) => {
        const own = await keyOf(`asker-${asker}`)
        while (next < MANY) {
          const name = `many${next++}`
          add(name, Buffer.alloc(MANY_BYTES))
          const job = await runJob(own, importing(name), [name])
          if (stdoutOf(job) === `${name}\n`) continue
          wrong += 1
          console.log(`  ${name}: ${job.status} ${job.message}`)
        }
      }
      const before = [await logged('environment built'), await logged('environment evicted')].map(
        ({ length }) => length,
      )
      let most = 0
      let isAsking = true
      const watch = async () => {
        while (isAsking) most = Math.max(most, await installedBytes())
      }
      const watched = watch()
      watched.catch(() => undefined)
      const kept = keep()
      try {
        await Promise.all(Array.from({ length: ASKERS }, (_, asker) => ask(asker)))
      } finally {
        isAsking = false
      }
      expect(wrong === 0, `${MANY - wrong} of ${MANY} jobs imported their own`)
      const there = await folders()
      await watched
      const bytes = (count: number) => `${(count / MIB).toFixed(1)} MiB`
      const fit = most <= ROOM_BYTES && (await installedBytes()) <= ROOM_BYTES
      expect(
        fit,
        `never more than ${bytes(most)} of ${bytes(ROOM_BYTES)}; ${there.length} with ${bytes(await installedBytes())} are left`,
      )
      const files = await Promise.all(there.map((folder) => readdir(join(environments, folder))))
      const left = files.flat().flatMap((name) => /^many(\d+)\.py$/.exec(name)?.[1] ?? [])
      const oldest = Math.min(...left.map(Number))
      // Those that are asked for at once come in any order.
      const isLast = oldest >= MANY - left.length - 2 * ASKERS
      expect(isLast, `they are the ${left.length} that were used last, from number ${oldest} on`)
      const built = (await logged('environment built')).slice(before[0])
      const evicted = (await logged('environment evicted')).slice(before[1]).filter((own) => built.includes(own))
      const places = evicted.map((own, place) => Math.abs(built.indexOf(own) - place))
      const apart = Math.max(...places)
      const isInOrder = evicted.length >= MANY - left.length - 2 * ASKERS && apart <= 2 * ASKERS
      expect(isInOrder, `${evicted.length} were evicted as they were used, at most ${apart} places apart`)
      const lasted = await kept
      expect(
        lasted.every(({ status }) => status === 'succeeded'),
        `${lasted.length} jobs that ran meanwhile kept their own`,
      )
      await expectNothingHalfMade()
    },
  ],
  [
    'the disk is full',
    async (key) => {
      const ballast = join(environments, 'ballast')
      /** Leaves so much of the disk while a set is asked for. */
      const askWith = async (leftBytes: number, name: string) => {
        await rm(ballast, { force: true })
        const { bavail, bsize } = await statfs(environments)
        await writeFile(ballast, Buffer.alloc(bavail * bsize - leftBytes))
        const answer = await install(key, name)
        await expectNothingHalfMade()
        return answer
      }
      add('heavy', Buffer.alloc(4 * MIB))
      index.add(
        wheel(
          'crumbs',
          '1.0',
          Array.from({ length: 400 }, (_, number): [string, string] => [`crumbs/${number}.txt`, 'x']).concat([
            ['crumbs/__init__.py', `NAME = 'crumbs'\n`],
          ]),
        ),
      )
      for (const [leftBytes, name, when] of [
        [MIB, 'heavy', 'while it is packed'],
        [MIB / 2, 'crumbs', 'while it is unpacked'],
      ] as const) {
        const { status, code } = await askWith(leftBytes, name)
        expect(status === 503 && code === 'environments-full', `${when}: ${status} ${code}`)
      }
      const job = await runJob(key, importing('heavy'), ['heavy'])
      expect(
        job.status === 'environment-failed' && /environments-full/.test(job.message ?? ''),
        `a job: ${job.message}`,
      )
      await rm(ballast)
      for (const name of ['heavy', 'crumbs']) {
        const after = stdoutOf(await runJob(key, importing(name), [name]))
        expect(after === `${name}\n`, `with room again ${name} is installed`)
      }
    },
  ],
  [
    'a job with packages against one without',
    async (key) => {
      add('usual')
      // Their hashes make its lock as long as that of a dozen packages with files for each machine.
      const elsewhere = (number: number) => ({
        ...wheel('usual', '1.0', [[`usual_${number}.py`, '']]),
        file: `usual-1.0-${number}-cp39-cp39-win32.whl`,
      })
      index.add(...Array.from({ length: OTHER_FILES }, (_, number) => elsewhere(number)))
      const plain = () => runJob(key, 'print(1)')
      const ahead = await keyOf('ahead')
      const others: [string, () => Promise<Job>][] = [
        ['packages', () => runJob(key, 'print(1)', ['usual'])],
        ['packages, and their import', () => runJob(key, importing('usual'), ['usual'])],
        ['packages, imported ahead', () => runJob(ahead, importing('usual'), ['usual'])],
      ]
      // Of one worker, so that each job finds the sandbox of the one before it.
      await second.stop()
      for (const [title, other] of others) {
        const { ratio, words } = await compareTimes(plain, other)
        expect(ratio <= MOST_RATIO, `${title}: ${words}`)
      }
      await second.start()
    },
  ],
  [
    'the index is away',
    async (key) => {
      expect(stdoutOf(await runJob(key, importing('shared'), ['shared'])) === 'shared\n', 'it is installed')
      await index.close()
      expect(stdoutOf(await runJob(key, importing('shared'), ['shared'])) === 'shared\n', 'what is installed goes on')
      const begun = performance.now()
      const job = await runJob(key, 'pass', ['something-new'])
      const seconds = (performance.now() - begun) / 1000
      expect(
        job.status === 'environment-failed' && /cannot be reached/.test(job.message ?? ''),
        `new ones fail after ${seconds.toFixed(1)} s: ${job.message?.split('\n')[0]}`,
      )
    },
  ],
]

try {
  const key = await keyOf('trial')
  add('shared')
  const words = process.argv.slice(2)
  for (const [title, trial] of trials) {
    if (words.length > 0 && !words.some((word) => title.includes(word))) continue
    console.log(title)
    await trial(key).catch((error: unknown) => expect(false, `${title}: ${(error as Error).message}`))
  }
} finally {
  const left = await installation.close()
  if (left > 0) failures.push(`${left} containers are left`)
  await index.close().catch(() => undefined)
  await run('umount', [environments])
  await rm(data, { recursive: true, force: true })
}
console.log(failures.length === 0 ? 'all held' : `${failures.length} things went wrong`)
process.exit(failures.length === 0 ? 0 : 1)
