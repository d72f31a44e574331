import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createS3Store } from '../../src/shared/files/s3-store.ts'
import type { StoredFile } from '../../src/shared/files/stored-file.ts'
import type { Job } from '../../src/shared/job.ts'
import { MIB } from '../../src/shared/limits.ts'
import { post, stageOf } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { testS3 } from './s3-settings.ts'

const { settings, secretFile } = testS3()
let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({
    FILES_S3_ENDPOINT: settings.endpoint,
    FILES_S3_BUCKET: settings.bucket,
    FILES_S3_ACCESS_KEY_ID: settings.accessKeyId,
    FILES_S3_SECRET_ACCESS_KEY_FILE: secretFile,
    ARTIFACT_INLINE_BYTES: '1000',
    SCREENING: 'off',
  })
})
afterAll(() => platform.close())

test('files go by the bucket into jobs, and from jobs, and leave nothing in it', async () => {
  const content = Uint8Array.from({ length: 13 * MIB }, (_, i) => (i * 7919 + (i >> 13)) % 256)
  const sha256 = createHash('sha256').update(content).digest('hex')
  const uploaded = await fetch(`${platform.url}/v1/files?name=in.bin`, { method: 'POST', body: content })
  const file = (await uploaded.json()) as StoredFile
  expect(file).toMatchObject({ bytes: content.length, sha256 })
  const code =
    "import hashlib, shutil\nprint(hashlib.sha256(open('in.bin', 'rb').read()).hexdigest())\nshutil.copy('in.bin', 'out.bin')"
  const files = [
    { path: 'main.py', content: code },
    { path: 'in.bin', id: file.id },
  ]
  const { body: job } = await post<Job>(
    `${platform.url}/v1/jobs`,
    { language: 'python', files, artifacts: ['out.bin'] },
    { prefer: 'wait=60' },
  )
  expect(stageOf(job).stdout.trim()).toBe(sha256)
  const [artifact] = job.artifacts ?? []
  expect(artifact).toMatchObject({ path: 'out.bin', bytes: content.length })
  const part = await fetch(platform.url + artifact?.url, { headers: { range: 'bytes=7000000-7000099' } })
  expect(part.status).toBe(206)
  expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(7_000_000, 7_000_100))).toBe(true)
  const whole = await fetch(`${platform.url}/v1/files/${artifact?.fileId}/content`)
  expect(
    createHash('sha256')
      .update(Buffer.from(await whole.arrayBuffer()))
      .digest('hex'),
  ).toBe(sha256)
  for (const id of [file.id, artifact?.fileId]) await fetch(`${platform.url}/v1/files/${id}`, { method: 'DELETE' })
  const store = createS3Store(settings, platform.namespace)
  await eventually('the bucket is empty', async () => {
    for await (const _object of store.names()) return false
    return true
  })
  await store.close()
})
