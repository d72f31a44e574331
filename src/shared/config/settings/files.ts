import { MIB } from '../../limits.ts'
import { inGroup, integer, type Setting, string } from './setting.ts'

export const FILES_SETTINGS: readonly Setting[] = inGroup('Files', [
  {
    name: 'FILES_DIR',
    kind: string,
    default: '',
    description:
      'Folder of the files that tenants upload and jobs make. Gateways and workers must see the same; on several machines that takes a shared file system or `FILES_S3_BUCKET`. Empty: `files` in `RUNYARD_DATA_DIR`. Relative to the package.',
  },
  {
    name: 'FILES_S3_BUCKET',
    kind: string,
    default: '',
    description: 'Bucket that holds files in place of `FILES_DIR`, on any server that speaks S3. Empty: none.',
  },
  {
    name: 'FILES_S3_ENDPOINT',
    kind: string,
    default: '',
    description:
      'Address of that server, e.g. `http://minio:9000`. Empty: `https://s3.REGION.amazonaws.com`. The bucket becomes the first step of the path.',
  },
  {
    name: 'FILES_S3_REGION',
    kind: string,
    default: 'us-east-1',
    description: 'Region of the bucket, which is part of every signature.',
  },
  {
    name: 'FILES_S3_ACCESS_KEY_ID',
    kind: string,
    default: '',
    description: 'Access key for the bucket.',
  },
  {
    name: 'FILES_S3_SECRET_ACCESS_KEY_FILE',
    kind: string,
    default: '',
    description: 'File with the secret of that access key.',
  },
  {
    name: 'UPLOAD_MAX_BYTES',
    kind: integer(1, 2 ** 40),
    default: String(256 * MIB),
    description: 'Largest file that can be uploaded, in bytes.',
  },
  {
    name: 'FILES_TTL_SECONDS',
    kind: integer(1, 1e9),
    default: '604800',
    description: 'How long a file is kept. An upload may ask for less.',
  },
  {
    name: 'FILES_TENANT_MAX_FILES',
    kind: integer(1, 1e7),
    default: '10000',
    description: 'Files of one tenant, those that are being uploaded among them. Further uploads are answered 507.',
  },
  {
    name: 'FILES_TENANT_MAX_BYTES',
    kind: integer(1),
    default: '5368709120',
    description: 'Bytes of the files of one tenant; the same content counts once. Further uploads are answered 507.',
  },
  {
    name: 'FILES_MAX_BYTES',
    kind: integer(1),
    default: '53687091200',
    description: 'Bytes of the files of all tenants. Further uploads are answered 503.',
  },
  {
    name: 'FILES_MIN_FREE_BYTES',
    kind: integer(0),
    default: String(1024 * MIB),
    description: 'Free bytes to leave on the disk of `FILES_DIR`. With fewer, uploads are answered 503.',
  },
])
