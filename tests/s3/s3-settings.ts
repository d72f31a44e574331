import { readFileSync } from 'node:fs'

/** The server that `npm run test:s3` has started. */
export function testS3() {
  const { S3_TEST_ENDPOINT, S3_TEST_BUCKET, S3_TEST_ACCESS_KEY, S3_TEST_SECRET_FILE } = process.env
  if (S3_TEST_ENDPOINT === undefined) throw new Error('there is no S3 server; run npm run test:s3')
  const secretFile = S3_TEST_SECRET_FILE ?? ''
  return {
    secretFile,
    settings: {
      endpoint: S3_TEST_ENDPOINT,
      bucket: S3_TEST_BUCKET ?? '',
      region: 'us-east-1',
      accessKeyId: S3_TEST_ACCESS_KEY ?? '',
      secretAccessKey: readFileSync(secretFile, 'utf8'),
    },
  }
}
