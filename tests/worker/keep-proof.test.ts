import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { pino } from 'pino'
import { keepProof } from '../../src/worker/sandbox/keep-proof.ts'

const log = pino({ level: 'silent' })
let dataDir: string
let proofs: number

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'runyard-proof-'))
  proofs = 0
})
afterEach(() => rm(dataDir, { recursive: true, force: true }))

const prove = (image: string) =>
  keepProof(
    dataDir,
    { image },
    async () => {
      proofs++
      await Promise.resolve()
    },
    log,
  )

test('what was proved of an image is not proved again', async () => {
  await prove('one')
  await prove('one')
  expect(proofs).toBe(1)
})

test('another image is proved anew', async () => {
  await prove('one')
  await prove('two')
  expect(proofs).toBe(2)
})

test('what was proved of one image still holds after another was proved', async () => {
  await prove('one')
  await prove('two')
  await prove('one')
  expect(proofs).toBe(2)
})

test('what could not be proved is tried at the next start', async () => {
  const failing = keepProof(dataDir, { image: 'one' }, () => Promise.reject(new Error('memory does not hold')), log)
  await expect(failing).rejects.toThrow('memory does not hold')
  await prove('one')
  expect(proofs).toBe(1)
})

test('a proof leaves one file in the data directory', async () => {
  await prove('one')
  await prove('two')
  expect(await readdir(dataDir)).toEqual(['limits-proof'])
})
