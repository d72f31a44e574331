import { ApiKey } from '../../../shared/access/api-key.ts'
import { NewApiKey } from '../../../shared/access/new-api-key.ts'
import { ApiKeyList, CreatedApiKey } from '../../access/admin-keys.ts'
import type { Operation } from '../../http/route.ts'
import { PATH } from '../../http/openapi/parameters.ts'

const common = { tag: 'Administration', scopes: ['admin'] } as const

const created: CreatedApiKey = {
  id: '4f2a91c07b3e',
  key: 'ry_4f2a91c07b3e_...',
  name: 'course platform',
  tenant: 'course',
  scopes: ['jobs'],
  rate: { perMinute: 600, burst: 100 },
  maxRunningJobs: null,
  limits: {},
  screening: null,
  webhook: null,
  createdAt: '2027-01-31T12:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
}
const { key: _key, ...kept } = created
const revoked: ApiKey = { ...kept, revokedAt: '2027-02-01T08:30:00.000Z' }

export const adminKeyOperations: readonly Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/v1/admin/keys',
    id: 'listKeys',
    summary: 'List the keys',
    description: 'Also those that are revoked or have expired. The secrets themselves are not kept.',
    answers: { 200: { description: 'The keys.', schema: ApiKeyList } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/keys',
    id: 'createKey',
    summary: 'Make a key',
    body: {
      schema: NewApiKey,
      examples: {
        platform: {
          summary: 'A key for a platform with many users',
          value: { name: 'course platform', tenant: 'course', scopes: ['jobs'], rate: { perMinute: 600, burst: 100 } },
        },
        visitor: {
          summary: 'A key that ends by itself and allows little',
          value: {
            name: 'visitor',
            tenant: 'visitors',
            maxRunningJobs: 1,
            limits: { wallMs: 5000, memoryBytes: 134_217_728 },
            screening: 'strict',
            expiresAt: '2099-12-31T23:59:59Z',
          },
        },
      },
    },
    answers: {
      201: {
        description: 'The key. `key` is shown this once.',
        schema: CreatedApiKey,
        examples: { platform: { summary: 'A key for a platform with many users', value: created } },
      },
    },
  },
  {
    ...common,
    method: 'delete',
    path: '/v1/admin/keys/{id}',
    id: 'revokeKey',
    summary: 'Revoke a key',
    description: 'It holds at once, on every gateway; streams that were opened with it end.',
    pathParameters: { id: PATH.key },
    answers: {
      200: {
        description: 'The key, which is revoked.',
        schema: ApiKey,
        examples: { revoked: { summary: 'A revoked key', value: revoked } },
      },
    },
  },
]
