import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiKeys } from '../../src/shared/access/api-keys.ts'
import type { StoredFile } from '../../src/shared/files/stored-file.ts'
import { MIB } from '../../src/shared/limits.ts'
import { eventually } from '../support/eventually.ts'
import { startInstallation } from '../support/installation.ts'
import { startPackageIndex, wheel } from '../support/package-index.ts'
import { startS3Server } from '../support/s3-server.ts'
import { openTcpLink } from '../support/tcp-link.ts'
import { runJob, stdoutOf } from './run-job.ts'

/**
 * Two workers with folders of their own, as on two hosts, two gateways, and a file store in a bucket of a real S3 server: what one host
 * installed or stored is had by the other; a worker that dies while it fetches, a server that is away, content that is not what was stored.
 * `tsx tests/packages/two-hosts.ts`; words select parts by their titles.
 */
const PACKAGE_BYTES = 6 * MIB
const FILE_BYTES = 24 * MIB
/** Of an answer, after which a link says nothing more. */
const PART_BYTES = 2 * MIB
/** Artifacts above it go to the file store. */
const INLINE_BYTES = 1000

const [index, s3] = await Promise.all([startPackageIndex(), startS3Server()])
const link = await openTcpLink({ host: '127.0.0.1', port: s3.port })
const data = await mkdtemp(join(tmpdir(), 'ry-two-'))
const folderOf = (number: number) => join(data, `host-${number}`)
const installation = await startInstallation({
  name: 'two-hosts',
  workers: 2,
  gateways: 2,
  env: {
    PACKAGE_INDEX_PYPI: index.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    ENVIRONMENT_MAX_BYTES: String(32 * MIB),
    ARTIFACT_INLINE_BYTES: String(INLINE_BYTES),
    FILES_S3_ENDPOINT: s3.endpoint,
    FILES_S3_BUCKET: s3.bucket,
    FILES_S3_ACCESS_KEY_ID: s3.accessKeyId,
    FILES_S3_SECRET_ACCESS_KEY_FILE: s3.secretFile,
    WORKER_CONCURRENCY: '2',
  },
  workerEnv: (number) => ({
    RUNYARD_DATA_DIR: folderOf(number),
    ...(number === 2 && { FILES_S3_ENDPOINT: `http://127.0.0.1:${link.port}` }),
  }),
})
const [first, second] = installation.workers
const [url = '', otherUrl = ''] = installation.urls
if (!first || !second) throw new Error('there are no workers')
const apiKeys = createApiKeys(installation.connection, installation.keys)
const { secretKey: key } = await apiKeys.create({ name: 'trial', tenant: 'trial', scopes: ['jobs', 'files'] })
const failures: string[] = []
const expect = (isSo: boolean, what: string) => {
  console.log(`  ${isSo ? 'ok' : 'NOT'}  ${what}`)
  if (!isSo) failures.push(what)
}

const environments = join(folderOf(2), 'environments')
const namesOf = (folder: string) => readdir(folder).catch(() => [] as string[])
const asked = (name: string) => index.asked.filter((path) => path === `/simple/${name}/`).length
const importing = (name: string) => ({
  language: 'python',
  dependencies: [name],
  code: `import ${name}, hashlib; print(hashlib.sha256(open(${name}.__file__[:-2] + 'bin', 'rb').read()).hexdigest())`,
})
const bytesOf = (seed: number, bytes: number) => Buffer.alloc(bytes, createHash('sha512').update(`${seed}`).digest())
const sha256 = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
const contentOf = (name: string) => bytesOf(name.length, PACKAGE_BYTES)
const imports = async (name: string) =>
  stdoutOf(await runJob(url, key, importing(name))).trim() === sha256(contentOf(name))
const add = (name: string) =>
  index.add(
    wheel(name, '1.0', [
      [`${name}.py`, ''],
      [`${name}.bin`, contentOf(name)],
    ]),
  )
/** Has one host run alone what follows. */
const only = async (own: 'first' | 'second' | 'both') => {
  for (const [worker, isWanted] of [
    [first, own !== 'second'],
    [second, own !== 'first'],
  ] as const) {
    if (worker.running && !isWanted) await worker.stop()
    if (!worker.running && isWanted) await worker.start()
  }
}
/** Installed by the first host alone; the second goes on alone. */
const installOnFirst = async (name: string) => {
  add(name)
  await only('first')
  expect(await imports(name), 'the first host installed it')
  await only('second')
}
/** What is awaited later fails there, if it fails before. */
const awaited = <T>(work: Promise<T>): Promise<T> => {
  work.catch(() => undefined)
  return work
}
const put = async (to: string, content: Uint8Array) => {
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${to}/v1/files?name=in.bin`, { method: 'POST', headers, body: Buffer.from(content) })
  return { status: answer.status, file: (await answer.json()) as StoredFile & { detail?: string } }
}
const get = (from: string, id: string, headers: Record<string, string> = {}) =>
  fetch(`${from}/v1/files/${id}/content`, { headers: { authorization: `Bearer ${key}`, ...headers } })
const hashing = (id: string) => ({
  language: 'python',
  files: [
    { path: 'main.py', content: "import hashlib\nprint(hashlib.sha256(open('in.bin', 'rb').read()).hexdigest())" },
    { path: 'in.bin', id },
  ],
  limits: { fileBytes: FILE_BYTES + MIB, memoryBytes: 3 * FILE_BYTES + 64 * MIB },
})
const expectNothingHalfMade = async () => {
  const left = (await namesOf(environments)).filter((name) => /^(new|gone|pack)-/.test(name))
  expect(left.length === 0, `nothing half-made is left${left.map((name) => ` but ${name}`).join()}`)
}
/** The object of the newest pack: environments are not stored by content. */
const newestObject = async () => {
  const folder = join(s3.objects, installation.namespace)
  const found = await Promise.all(
    (await readdir(folder)).map(async (name) => ({ name, ms: (await stat(join(folder, name))).mtimeMs })),
  )
  return join(folder, found.toSorted((a, b) => b.ms - a.ms)[0]?.name ?? '')
}

const trials: [string, () => Promise<void>][] = [
  [
    'a host that has it not',
    async () => {
      await installOnFirst('one')
      expect(await imports('one'), 'the job of the second imported it')
      expect(asked('one') === 1, `it came from the file store: the index was asked ${asked('one')} times`)
      await expectNothingHalfMade()
    },
  ],
  [
    'the file store gives other content',
    async () => {
      await installOnFirst('three')
      const object = await newestObject()
      const content = await readFile(object)
      content.writeUInt8(content.readUInt8(PACKAGE_BYTES / 2) ^ 1, PACKAGE_BYTES / 2)
      await writeFile(object, content)
      expect(await imports('three'), 'the second host did not use it')
      expect(asked('three') === 2, `it was built again: the index was asked ${asked('three')} times`)
      await expectNothingHalfMade()
    },
  ],
  [
    'files through one gateway and the other',
    async () => {
      await only('second')
      const content = bytesOf(0, FILE_BYTES)
      const { file } = await put(url, content)
      const whole = new Uint8Array(await (await get(otherUrl, file.id)).arrayBuffer())
      expect(sha256(whole) === sha256(content), `${FILE_BYTES / MIB} MiB put through one are got through the other`)
      const part = await get(otherUrl, file.id, { range: 'bytes=5000000-6000000' })
      const bytes = Buffer.from(await part.arrayBuffer())
      expect(part.status === 206 && bytes.equals(content.subarray(5_000_000, 6_000_001)), 'a range of it, too')
      const tail = await get(otherUrl, file.id, { range: 'bytes=-10' })
      expect(Buffer.from(await tail.arrayBuffer()).equals(content.subarray(-10)), 'its end, too')
      expect((await get(otherUrl, file.id, { range: `bytes=${FILE_BYTES}-` })).status === 416, 'beyond its end is 416')
      expect(stdoutOf(await runJob(otherUrl, key, hashing(file.id))).trim() === sha256(content), 'a job gets it')
    },
  ],
  [
    'a worker is killed while it fetches packages',
    async () => {
      await installOnFirst('fetched')
      link.freezeAfter(PART_BYTES)
      const done = awaited(imports('fetched'))
      await eventually('a part has come', async () => {
        const packs = (await namesOf(environments)).filter((name) => name.startsWith('pack-'))
        const sizes = await Promise.all(packs.map(async (name) => (await stat(join(environments, name))).size))
        return sizes.some((size) => size > 0 && size < PACKAGE_BYTES)
      })
      await second.kill()
      link.freezeAfter(Infinity)
      await second.start()
      expect(await done, 'the job was served')
      expect(asked('fetched') === 1, `from the file store: the index was asked ${asked('fetched')} times`)
      await expectNothingHalfMade()
    },
  ],
  [
    'a worker is killed while it fetches a file',
    async () => {
      await only('second')
      const content = bytesOf(7, FILE_BYTES)
      const { file } = await put(url, content)
      link.freezeAfter(PART_BYTES)
      const before = link.frozen
      const job = awaited(runJob(url, key, hashing(file.id)))
      await eventually('a part has come', () => link.frozen > before)
      await second.kill()
      link.freezeAfter(Infinity)
      await second.start()
      expect(stdoutOf(await job).trim() === sha256(content), 'the job has the whole file')
    },
  ],
  [
    'the connection ends while packages are fetched',
    async () => {
      await installOnFirst('broken')
      link.freezeAfter(PART_BYTES)
      const before = link.frozen
      const done = awaited(imports('broken'))
      await eventually('a part has come', () => link.frozen > before)
      link.cut()
      try {
        expect(await done, 'the job was served')
      } finally {
        link.freezeAfter(Infinity)
        link.mend()
      }
      expect(asked('broken') === 2, `it was built: the index was asked ${asked('broken')} times`)
      await expectNothingHalfMade()
    },
  ],
  [
    'the S3 server is away',
    async () => {
      await installOnFirst('away')
      const here = 'here'
      await installOnFirst(here)
      const content = bytesOf(9, MIB)
      const { file } = await put(url, content)
      expect(await imports(here), 'packages are installed')
      await s3.stop()
      expect(stdoutOf(await runJob(url, key, { language: 'python', code: 'print(1)' })) === '1\n', 'jobs go on')
      expect(await imports(here), 'jobs with packages that are here go on')
      expect(await imports('away'), 'those that are not here are built')
      add('new')
      expect(await imports('new'), 'new ones are installed')
      const refused = await put(url, content)
      expect(refused.status === 503, `an upload: ${refused.status} ${refused.file.detail}`)
      const unread = await get(url, file.id)
      expect(
        unread.status === 503,
        `a download: ${unread.status} ${((await unread.json()) as { detail: string }).detail}`,
      )
      const making = {
        language: 'python',
        code: `open('out', 'w').write('x' * ${2 * INLINE_BYTES})`,
        artifacts: ['out'],
      }
      const made = await runJob(url, key, making)
      expect(made.status === 'succeeded' && made.message !== null, `an artifact: ${made.status}, ${made.message}`)
      const waiting = awaited(runJob(url, key, hashing(file.id)))
      const begun = performance.now()
      expect(
        stdoutOf(await runJob(url, key, { language: 'python', code: 'print(2)' })) === '2\n',
        'others overtake one that waits',
      )
      await s3.start()
      expect(
        stdoutOf(await waiting).trim() === sha256(content),
        `a job with a file waits for the server: ${((performance.now() - begun) / 1000).toFixed(0)} s`,
      )
      expect((await put(url, content)).status === 201, 'then all goes on')
      await expectNothingHalfMade()
    },
  ],
]

try {
  const words = process.argv.slice(2)
  for (const [title, trial] of trials) {
    if (words.length > 0 && !words.some((word) => title.includes(word))) continue
    console.log(title)
    await trial().catch((error: unknown) => expect(false, `${title}: ${(error as Error).message}`))
  }
} finally {
  const left = await installation.close()
  expect(left === 0, `${left} containers are left`)
  await Promise.all([index.close(), link.close()])
  await s3.close()
  await rm(data, { recursive: true, force: true })
}
console.log(failures.length === 0 ? 'all held' : `${failures.length} things went wrong`)
process.exit(failures.length === 0 ? 0 : 1)
