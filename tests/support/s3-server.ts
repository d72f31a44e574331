import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, startChild } from '../../src/host/child.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { eventually } from './eventually.ts'
import { ownPort } from './own-port.ts'

const SERVER = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'
const SECRET = 'test-secret-access-key'

/** A real S3 server on loopback, versitygw, which the Go toolchain installs on the first use. */
export interface S3Server {
  port: number
  endpoint: string
  bucket: string
  accessKeyId: string
  secretFile: string
  /** Where the objects of the bucket lie, as files of their keys. */
  objects: string
  /** Resolves when it answers; on the same port each time. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Stops it and removes what it kept. */
  close(): Promise<void>
}

/** @throws Error when it cannot be installed or does not answer */
export async function startS3Server(): Promise<S3Server> {
  const tools = join(packageRoot(), '.runyard/tools')
  const server = join(tools, 'versitygw')
  if (!existsSync(server)) {
    const { status } = spawnSync('go', ['install', SERVER], { env: { ...process.env, GOBIN: tools }, stdio: 'inherit' })
    if (status !== 0)
      throw new Error(`go install ${SERVER} failed; the test needs Go 1.24 or later, and a module proxy`)
  }
  const folder = await mkdtemp(join(tmpdir(), 'runyard-s3-'))
  const bucket = 'runyard-test'
  const accessKeyId = 'test-access-key'
  const objects = join(folder, 'data', bucket)
  const secretFile = join(folder, 'secret')
  await mkdir(objects, { recursive: true })
  await mkdir(join(folder, 'meta'))
  await writeFile(secretFile, SECRET, { mode: 0o600 })
  const port = await ownPort()
  const endpoint = `http://127.0.0.1:${port}`
  let child: Child | undefined
  const own = {
    async start() {
      child = await startChild({
        name: 'versitygw',
        // Its metadata lies beside the objects: not every file system has extended attributes.
        command: [
          server,
          '--quiet',
          '--port',
          `127.0.0.1:${port}`,
          'posix',
          '--sidecar',
          join(folder, 'meta'),
          join(folder, 'data'),
        ],
        logFile: join(folder, 'log'),
        env: { ...process.env, ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: SECRET },
        deathSignal: 'KILL',
      })
      await eventually('the S3 server answers', () =>
        fetch(endpoint).then(
          () => true,
          () => false,
        ),
      )
    },
    async stop() {
      await child?.stop()
      child = undefined
    },
    async close() {
      await own.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await own.start().catch(async (error: unknown) => {
    await own.close()
    throw error
  })
  return { port, endpoint, bucket, accessKeyId, secretFile, objects, ...own }
}
