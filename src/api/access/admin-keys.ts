import Type, { type Static } from 'typebox'
import { ApiKey } from '../../shared/access/api-key.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import { NewApiKey, newApiKeyErrors } from '../../shared/access/new-api-key.ts'
import type { Config } from '../../shared/config/config.ts'
import { KIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import type { Audit } from '../security/audit.ts'

export interface KeysNeeds {
  config: Pick<Config, 'limits' | 'webhooks'>
  apiKeys: Pick<ApiKeys, 'create' | 'list' | 'revoke'>
  audit: Audit
}

const MAX_BODY_BYTES = 16 * KIB

const ApiKeyList = Type.Object({ keys: Type.Array(ApiKey) })
const CreatedApiKey = Type.Object({
  ...ApiKey.properties,
  key: Type.String({ description: 'the key itself, `ry_...`: shown only now, and not stored' }),
})

const created: Static<typeof CreatedApiKey> = {
  id: '4f2a91c07b3e',
  key: 'ry_4f2a91c07b3e_...',
  name: 'course platform',
  tenant: 'course',
  scopes: ['jobs'],
  rate: { perMinute: 600, burst: 100 },
  maxRunningJobs: null,
  maxSessions: null,
  limits: {},
  screening: null,
  webhook: null,
  createdAt: '2027-01-31T12:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
}
const { key: _key, ...kept } = created
const revoked: ApiKey = { ...kept, revokedAt: '2027-02-01T08:30:00.000Z' }

const common = { tag: 'Administration', scopes: ['admin'], cache: 'no-store' } as const

/** List, make and revoke API keys. */
export const adminKeyRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/keys',
    id: 'listKeys',
    summary: 'List the keys',
    description: 'Includes revoked and expired keys. The secrets are not stored.',
    answers: { 200: { description: 'The keys.', schema: ApiKeyList } },
    schemas: { ApiKeyList },
    async handle({ apiKeys }: KeysNeeds, { send }) {
      send(200, { keys: await apiKeys.list() })
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/keys',
    id: 'createKey',
    summary: 'Create a key',
    body: {
      schema: NewApiKey,
      examples: {
        platform: {
          summary: 'A key for a platform with many users',
          value: { name: 'course platform', tenant: 'course', scopes: ['jobs'], rate: { perMinute: 600, burst: 100 } },
        },
        visitor: {
          summary: 'A key that expires and allows little',
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
      maxBytes: MAX_BODY_BYTES,
    },
    answers: {
      201: {
        description: 'The key. Only this answer contains `key`.',
        schema: CreatedApiKey,
        examples: { platform: { summary: 'A key for a platform with many users', value: created } },
      },
    },
    schemas: { CreatedApiKey },
    async handle({ config, apiKeys, audit }: KeysNeeds, request) {
      const fields = request.body
      const errors = newApiKeyErrors(fields, config.limits.ceilings, Date.now(), config.webhooks)
      if (errors.length > 0) throw invalidRequest(errors)
      const { record, secretKey } = await apiKeys.create(fields)
      const { id, ...rest } = record
      audit(request, 'key-created', `key ${id} ("${record.name}") of the tenant ${record.tenant} was made`)
      request.send(201, { id, key: secretKey, ...rest })
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: '/v1/admin/keys/:id',
    id: 'revokeKey',
    summary: 'Revoke a key',
    description: 'Takes effect at once on every gateway. Streams that were opened with the key end.',
    params: { id: PATH.key },
    answers: {
      200: {
        description: 'The revoked key.',
        schema: ApiKey,
        examples: { revoked: { summary: 'A revoked key', value: revoked } },
      },
    },
    async handle({ apiKeys, audit }: KeysNeeds, request) {
      const record = await apiKeys.revoke(request.params.id.toLowerCase())
      if (!record) throw new Problem('not-found', 'the key does not exist')
      audit(request, 'key-revoked', `key ${record.id} ("${record.name}") of the tenant ${record.tenant} was revoked`)
      request.send(200, record)
    },
  }),
]
