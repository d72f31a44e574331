// `npm run bench:files`: passes large files through the whole product (upload, job, artifact, download) and looks at how much memory
// gateway and worker take beyond what they have when idle; with `-- --s3`, by a bucket of a real S3 server. Exits with 1 when that is more than it may be.
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createClient, type StoredFile } from '../src/client/client.ts'
import { MIB } from '../src/shared/limits.ts'
import { packageRoot } from '../src/shared/package-root.ts'
import { residentBytes } from '../tests/support/processes.ts'
import { startS3Server } from '../tests/support/s3-server.ts'
import { startProduct } from './product.ts'
import { temporaryFolder } from './release-at-signal.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '20' },
    mib: { type: 'string', default: '200' },
    'at-once': { type: 'string', default: '2' },
    'most-mib': { type: 'string', default: '64' },
    s3: { type: 'boolean', default: false },
  },
})
const count = Number(values.files)
const bytes = Number(values.mib) * MIB
const atOnce = Number(values['at-once'])
const mostMib = Number(values['most-mib'])
/** After which nothing more is made ready. */
const IDLE_MS = 5000
const SAMPLE_MS = 50

const folder = await temporaryFolder('runyard-bench-files-')
const s3 = values.s3 ? await startS3Server() : undefined
const product = await startProduct(packageRoot(), {
  ...(s3 && {
    FILES_S3_ENDPOINT: s3.endpoint,
    FILES_S3_BUCKET: s3.bucket,
    FILES_S3_ACCESS_KEY_ID: s3.accessKeyId,
    FILES_S3_SECRET_ACCESS_KEY_FILE: s3.secretFile,
  }),
  FILES_DIR: folder.path,
  UPLOAD_MAX_BYTES: String(bytes),
  FILES_TENANT_MAX_BYTES: String(4 * bytes * atOnce),
  FILES_MAX_BYTES: String(4 * bytes * atOnce),
  FILES_MIN_FREE_BYTES: '0',
  ARTIFACT_MAX_BYTES: String(bytes),
  MAX_FILE_BYTES: String(3 * bytes),
  MAX_MEMORY_BYTES: String(8 * bytes),
  WORKER_CONCURRENCY: String(atOnce),
  POOL_READY: '0',
  LOG_LEVEL: 'warn',
})
try {
  const key = (await product.key('bench', ['jobs', 'files'])).authorization?.replace('Bearer ', '')
  const client = createClient({ url: product.url, key })
  const watched = ['gateway', 'worker'] as const
  const resident = () => watched.map((name) => residentBytes(product.pids[name]))

  /** One file all the way. @returns how long each step took, in ms */
  const pass = async (size: number): Promise<number[]> => {
    const began = [performance.now()]
    const step = () => began.push(performance.now())
    // No two are alike, so that each is stored.
    const first = randomBytes(16)
    const uploaded: StoredFile = await client.files.put(
      Readable.toWeb(Readable.from(pieces(first, size))) as ReadableStream<Uint8Array>,
      { name: 'in' },
    )
    step()
    const job = await client.run({
      language: 'python',
      files: [
        { path: 'main.py', content: "import os\nprint(os.stat('in').st_size)\nos.rename('in', 'out')" },
        { path: 'in', id: uploaded.id },
      ],
      artifacts: ['out'],
      limits: { fileBytes: size + MIB, memoryBytes: Math.max(64 * MIB, 2 * size + 64 * MIB) },
    })
    step()
    const artifact = job.artifacts?.[0]
    if (job.status !== 'succeeded' || !artifact?.fileId) throw new Error(`the job ended so: ${JSON.stringify(job)}`)
    const hash = createHash('sha256')
    for await (const piece of client.files.stream(artifact.fileId)) hash.update(piece)
    step()
    if (hash.digest('hex') !== uploaded.sha256) throw new Error('a file came back changed')
    for (const id of [uploaded.id, artifact.fileId]) await client.files.remove(id).catch(() => undefined)
    return began.slice(1).map((at, index) => at - (began[index] ?? 0))
  }

  for (let i = 0; i < 3; i++) await pass(9 * MIB)
  await sleep(IDLE_MS)
  const idle = resident()
  const peak = [...idle]
  const sampler = setInterval(() => {
    for (const [index, now] of resident().entries()) peak[index] = Math.max(peak[index] ?? 0, now)
  }, SAMPLE_MS)
  const times: number[][] = []
  let left = count
  const lane = async () => {
    while (left-- > 0) times.push(await pass(bytes))
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: atOnce }, lane))
  clearInterval(sampler)
  const seconds = (performance.now() - began) / 1000
  await sleep(IDLE_MS)
  const after = resident()
  const mib = (value = 0) => `${(value / MIB).toFixed(1)} MiB`
  const mean = (step: number) =>
    `${(times.reduce((sum, one) => sum + (one[step] ?? 0), 0) / times.length / 1000).toFixed(1)} s`
  console.log(
    `${count} files of ${mib(bytes)}, ${atOnce} at once, each up, through a job and down again: ${seconds.toFixed(0)} s`,
  )
  console.log(`upload ${mean(0)}, job ${mean(1)}, download ${mean(2)} on average`)
  for (const [index, name] of watched.entries()) {
    const more = (peak[index] ?? 0) - (idle[index] ?? 0)
    console.log(
      `${name}: ${mib(idle[index])} idle, ${mib(peak[index])} at most (${mib(more)} more), ${mib(after[index])} after`,
    )
    if (more > mostMib * MIB) process.exitCode = 1
  }
} finally {
  await product.close()
  await s3?.close()
  await folder.remove()
}

/** So many bytes that begin with these. */
function* pieces(first: Buffer, size: number): Generator<Buffer> {
  const block = Buffer.alloc(256 * 1024, 'runyard')
  first.copy(block)
  for (let at = 0; at < size; at += block.length) yield block.subarray(0, Math.min(block.length, size - at))
}
