// `npm run test:s3`: the tests of the S3 file store against a real server.
import { spawnSync } from 'node:child_process'
import { packageRoot } from '../../src/shared/package-root.ts'
import { startS3Server } from '../support/s3-server.ts'

const server = await startS3Server()
try {
  const env = {
    ...process.env,
    S3_TEST_ENDPOINT: server.endpoint,
    S3_TEST_BUCKET: server.bucket,
    S3_TEST_ACCESS_KEY: server.accessKeyId,
    S3_TEST_SECRET_FILE: server.secretFile,
  }
  const { status } = spawnSync('npm', ['run', '--silent', 'test:jest', '--', 'tests/s3'], {
    cwd: packageRoot(),
    env,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
} finally {
  await server.close()
}
