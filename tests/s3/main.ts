// `npm run test:s3`: the tests of the S3 file store against a real server, versitygw, which the Go toolchain installs on the first run.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from '../../src/host/child.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { eventually } from '../support/eventually.ts'
import { ownPort } from '../support/own-port.ts'

const SERVER = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0'
const ACCESS_KEY = 'test-access-key'
const SECRET = 'test-secret-access-key'
const BUCKET = 'runyard-test'

const root = packageRoot()
const tools = join(root, '.runyard/tools')
const server = join(tools, 'versitygw')
if (!existsSync(server)) {
  const { status } = spawnSync('go', ['install', SERVER], { env: { ...process.env, GOBIN: tools }, stdio: 'inherit' })
  if (status !== 0) {
    console.error(`go install ${SERVER} failed; the test needs Go 1.24 or later, and a module proxy`)
    process.exit(1)
  }
}

const folder = await mkdtemp(join(tmpdir(), 'runyard-s3-'))
const secretFile = join(folder, 'secret')
await mkdir(join(folder, 'data', BUCKET), { recursive: true })
await mkdir(join(folder, 'meta'))
await writeFile(secretFile, SECRET, { mode: 0o600 })
const port = await ownPort()
const child = await startChild({
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
  env: { ...process.env, ROOT_ACCESS_KEY_ID: ACCESS_KEY, ROOT_SECRET_ACCESS_KEY: SECRET },
  deathSignal: 'KILL',
})
try {
  const endpoint = `http://127.0.0.1:${port}`
  await eventually('the S3 server answers', () =>
    fetch(endpoint).then(
      () => true,
      () => false,
    ),
  )
  const env = {
    ...process.env,
    S3_TEST_ENDPOINT: endpoint,
    S3_TEST_BUCKET: BUCKET,
    S3_TEST_ACCESS_KEY: ACCESS_KEY,
    S3_TEST_SECRET_FILE: secretFile,
  }
  const { status } = spawnSync('npm', ['run', '--silent', 'test:jest', '--', 'tests/s3'], {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} finally {
  await child.stop()
  await rm(folder, { recursive: true, force: true })
}
