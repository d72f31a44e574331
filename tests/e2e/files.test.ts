import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { StoredFile } from '../../src/shared/files/stored-file.ts'
import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { post, runJob, stageOf } from '../support/client.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const INLINE = 100_000

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({
    SCREENING: 'off',
    WORKER_CONCURRENCY: '1',
    ARTIFACT_INLINE_BYTES: String(INLINE),
    ARTIFACT_MAX_BYTES: String(20 * MIB),
    FILES_TENANT_MAX_BYTES: String(41 * MIB),
  })
})
afterAll(() => platform.close())

const put = async (content: Uint8Array | string): Promise<StoredFile> => {
  const response = await fetch(`${platform.url}/v1/files`, { method: 'POST', body: content })
  expect(response.status).toBe(201)
  return (await response.json()) as StoredFile
}
const remove = (id: string) => fetch(`${platform.url}/v1/files/${id}`, { method: 'DELETE' })
const run = (body: object): Promise<Job> => runJob(platform.url, body)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
/** Bytes that no part of a copy could be taken for another. */
const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 7919 + (i >> 13)) % 256)
const HASH = `
import hashlib, os, stat
for name in sorted(os.listdir('.')):
    if name != 'main.py':
        print(name, oct(os.stat(name).st_mode & 0o777), hashlib.sha256(open(name, 'rb').read()).hexdigest())`

describe('a job with files from the store', () => {
  test('finds them in its folder, whole, with their modes, beside those of the request', async () => {
    const large = bytes(9 * MIB + 17)
    const [one, empty] = [await put(large), await put('')]
    const job = await run({
      language: 'python',
      files: [
        { path: 'main.py', content: HASH },
        { path: 'large.bin', id: one.id, mode: '0600' },
        { path: 'empty', id: empty.id },
        { path: 'own', content: 'x' },
      ],
    })
    expect(stageOf(job).stdout.split('\n')).toEqual([
      `empty 0o644 ${sha256(new Uint8Array())}`,
      `large.bin 0o600 ${sha256(large)}`,
      `own 0o644 ${sha256(Buffer.from('x'))}`,
      '',
    ])
    await remove(one.id)
  })

  test('finds them anew in every test, though the one before wrote to them', async () => {
    const { id } = await put('as it was')
    const code = "print(open('data').read())\nopen('data', 'w').write('changed')"
    const files = [
      { path: 'main.py', content: code },
      { path: 'data', id },
    ]
    const job = await run({ language: 'python', files, tests: [{}, { expectedOutput: 'as it was' }] })
    expect([job.status, stageOf(job, 'test 2').stdout]).toEqual(['succeeded', 'as it was\n'])
    const compiled = [
      {
        path: 'main.c',
        content:
          '#include <stdio.h>\nint main(void) { char t[99] = ""; FILE *f = fopen("data", "r+"); fgets(t, 99, f); puts(t); rewind(f); fputs("no", f); fclose(f); }',
      },
      { path: 'data', id },
    ]
    const c = await run({ language: 'c', files: compiled, tests: [{}, { expectedOutput: 'as it was' }] })
    expect([c.status, stageOf(c, 'test 2').stdout]).toEqual(['succeeded', 'as it was\n'])
  })

  test('gets them though they were deleted while it waited', async () => {
    const { id } = await put('kept')
    const blocker = post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', code: 'sleep 2' })
    await blocker
    const waiting = post<Job>(
      `${platform.url}/v1/jobs`,
      {
        language: 'bash',
        files: [
          { path: 'main.sh', content: 'cat data' },
          { path: 'data', id },
        ],
      },
      { prefer: 'wait=60' },
    )
    const batch = await post<{ jobs: string[] }>(`${platform.url}/v1/batches`, {
      jobs: [
        {
          language: 'bash',
          files: [
            { path: 'main.sh', content: 'cat data' },
            { path: 'data', id },
          ],
        },
      ],
    })
    expect(batch.status).toBe(202)
    await remove(id)
    expect(stageOf((await waiting).body).stdout).toBe('kept')
    const response = await fetch(`${platform.url}/v1/jobs/${batch.body.jobs[0]}?wait=60`)
    expect(stageOf((await response.json()) as Job).stdout).toBe('kept')
  })

  test('in an image gets them too', async () => {
    const { id } = await put('in a container')
    const { body } = await post<{ stdout: string }>(`${platform.url}/api/containers/create`, {
      image: 'bash',
      command: ['cat', 'data'],
      files: [{ path: 'data', id }],
    })
    expect(body.stdout).toBe('in a container')
  })

  test('is told when they fit by their bytes, and not with what the program adds', async () => {
    const { id } = await put(new Uint8Array(3 * MIB))
    const code = 'head -c 3M /dev/zero > more || exit 3'
    const files = [
      { path: 'main.sh', content: code },
      { path: 'data', id },
    ]
    const job = await run({ language: 'bash', files, limits: { fileBytes: 4 * MIB } })
    expect([job.status, stageOf(job).exitCode, stageOf(job).limitsMet]).toEqual(['failed', 3, ['fileBytes']])
    await remove(id)
  })

  test('waits while the store has no answer for it, and fails with a word when its content is lost', async () => {
    const { id } = await put('lost')
    await rm(join(filesFolder(), 'objects'), { recursive: true })
    const job = await run({
      language: 'bash',
      files: [
        { path: 'main.sh', content: 'cat data' },
        { path: 'data', id },
      ],
    })
    expect([job.status, job.message]).toEqual([
      'internal-error',
      expect.stringMatching(/not in the file store; this is a fault of the service/),
    ])
  })
})

const filesFolder = () => join(platform.env['RUNYARD_DATA_DIR'] ?? '.runyard', 'files', platform.namespace)

describe('artifacts beyond what stays in Redis', () => {
  const download = async (url: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(platform.url + url, { headers })
    return { status: answer.status, content: Buffer.from(await answer.arrayBuffer()) }
  }

  test('are files of the tenant, downloaded as the others, in parts too, and good for the next job', async () => {
    const code = `
open('small', 'wb').write(b's' * 1000)
open('large', 'wb').write(bytes((i * 7919 + (i >> 13)) % 256 for i in range(5_000_000)))`
    const job = await run({ language: 'python', code, artifacts: ['small', 'large'] })
    const expected = bytes(5_000_000)
    expect(job).toMatchObject({ status: 'succeeded', artifactsTruncated: false, message: null })
    const [large, small] = job.artifacts ?? []
    expect(small).toEqual({ path: 'small', bytes: 1000, url: `/v1/jobs/${job.id}/artifacts/small` })
    expect(large).toMatchObject({ path: 'large', bytes: 5_000_000, fileId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    expect(sha256((await download(large?.url ?? '')).content)).toBe(sha256(expected))
    const part = await download(large?.url ?? '', { range: 'bytes=1000000-1000009' })
    // Only numbers are compared: of five million bytes jest would print each as a line, in gigabytes of memory.
    expect([part.status, part.content.length]).toEqual([206, 10])
    expect(part.content.equals(expected.subarray(1_000_000, 1_000_010))).toBe(true)
    const file = (await (await fetch(`${platform.url}/v1/files/${large?.fileId}`)).json()) as StoredFile
    expect(file).toMatchObject({ name: 'large', bytes: 5_000_000, sha256: sha256(expected), jobId: job.id })
    const next = await run({
      language: 'python',
      files: [
        { path: 'main.py', content: HASH },
        { path: 'in', id: file.id },
      ],
    })
    expect(stageOf(next).stdout).toContain(sha256(expected))
    await remove(file.id)
    expect((await download(large?.url ?? '')).status).toBe(404)
  })

  test('are missing, and said to be, when the tenant has no room for them', async () => {
    const filler = [await put(bytes(20 * MIB)), await put(bytes(20 * MIB - 1))]
    const code = 'head -c 2M /dev/zero > a; head -c 10 /dev/zero > b'
    const job = await run({ language: 'bash', code, artifacts: ['a', 'b'] })
    expect(job).toMatchObject({
      status: 'succeeded',
      artifactsTruncated: true,
      message: 'artifacts are missing: 1 for which your quota of files has no room',
    })
    expect(job.artifacts?.map(({ path }) => path)).toEqual(['b'])
    for (const { id } of filler) await remove(id)
  })
})
