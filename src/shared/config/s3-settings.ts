import { ConfigError } from './config-error.ts'
import { readSecret } from './redis-address.ts'

/** A bucket, and how to use it. */
export interface S3Settings {
  /** e.g. `https://s3.eu-central-1.amazonaws.com`, `http://minio:9000`. The bucket becomes the first step of the path. */
  endpoint: string
  bucket: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

const OTHERS = ['FILES_S3_ENDPOINT', 'FILES_S3_ACCESS_KEY_ID', 'FILES_S3_SECRET_ACCESS_KEY_FILE'] as const

/**
 * @returns undefined when no bucket is configured
 * @throws ConfigError when a part is missing or means nothing
 */
export function s3Settings(text: (name: string) => string): S3Settings | undefined {
  const bucket = text('FILES_S3_BUCKET')
  if (bucket === '') {
    const other = OTHERS.find((name) => text(name) !== '')
    if (other !== undefined) throw new ConfigError(`${other} is set, and FILES_S3_BUCKET is not`)
    return undefined
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new ConfigError(`FILES_S3_BUCKET is "${bucket}"; allowed are 3 to 63 of a-z, 0-9, "." and "-"`)
  }
  const region = text('FILES_S3_REGION')
  const endpoint = text('FILES_S3_ENDPOINT') || `https://s3.${region}.amazonaws.com`
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new ConfigError(`FILES_S3_ENDPOINT is "${endpoint}"; it must begin with https:// or http://`)
  }
  const accessKeyId = text('FILES_S3_ACCESS_KEY_ID')
  const file = text('FILES_S3_SECRET_ACCESS_KEY_FILE')
  if (accessKeyId === '' || file === '') {
    throw new ConfigError(
      'FILES_S3_BUCKET is set, and FILES_S3_ACCESS_KEY_ID or FILES_S3_SECRET_ACCESS_KEY_FILE is not',
    )
  }
  return { endpoint, bucket, region, accessKeyId, secretAccessKey: readSecret('FILES_S3_SECRET_ACCESS_KEY_FILE', file) }
}
