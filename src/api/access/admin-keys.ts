import { type Request, type Response, Router } from 'express'
import Type, { type Static } from 'typebox'
import { ApiKey } from '../../shared/access/api-key.ts'
import type { ApiKeys } from '../../shared/access/api-keys.ts'
import { NewApiKey, newApiKeyErrors } from '../../shared/access/new-api-key.ts'
import type { Config } from '../../shared/config/config.ts'
import { KIB } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import type { SecurityEvent, SecurityEventKind } from '../../shared/security/security-event.ts'
import { onlyMethods } from '../http/answer-problem.ts'
import { jsonBody } from '../http/body.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import { noQuery } from '../http/query.ts'
import { requestIdOf } from '../http/request-log.ts'
import { bodyValidator } from '../http/validate.ts'

export interface AdminKeysDeps {
  config: Pick<Config, 'limits' | 'webhooks'>
  apiKeys: Pick<ApiKeys, 'create' | 'list' | 'revoke'>
  /** Told of every key that is made or revoked. */
  audit: (event: SecurityEvent) => void
}

const MAX_BODY_BYTES = 16 * KIB
export const ApiKeyList = Type.Object({ keys: Type.Array(ApiKey) })
type ApiKeyList = Static<typeof ApiKeyList>

export const CreatedApiKey = Type.Object({
  ...ApiKey.properties,
  key: Type.String({ description: 'the key itself, `ry_...`: shown this once, and kept nowhere' }),
})
export type CreatedApiKey = Static<typeof CreatedApiKey>

const newApiKey = bodyValidator(NewApiKey)

/** `/v1/admin/keys`: list, make and revoke API keys. Which callers may is decided before. */
export function adminKeyRoutes({ config, apiKeys, audit }: AdminKeysDeps): Router {
  const router = Router()
  const tell = (kind: SecurityEventKind, res: Response, detail: string) => {
    const { address, keyId, tenant } = res.locals.caller
    audit({ kind, address, keyId, tenant, requestId: requestIdOf(res.req), jobId: null, detail })
  }

  router
    .route('/')
    .get(noQuery, async (_req, res) => {
      const list: ApiKeyList = { keys: await apiKeys.list() }
      res.set('Cache-Control', 'no-store').json(list)
    })
    .post(noQuery, jsonBody(MAX_BODY_BYTES), async (req, res) => {
      const fields = newApiKey(req.body)
      const errors = newApiKeyErrors(fields, config.limits.ceilings, Date.now(), config.webhooks)
      if (errors.length > 0) throw invalidRequest(errors)
      const { record, secretKey } = await apiKeys.create(fields)
      tell('key-created', res, `key ${record.id} ("${record.name}") of the tenant ${record.tenant} was made`)
      const { id, ...rest } = record
      const created: CreatedApiKey = { id, key: secretKey, ...rest }
      res.status(201).set('Cache-Control', 'no-store').json(created)
    })
    .all(onlyMethods('GET', 'POST'))

  router
    .route('/:id')
    .delete(noQuery, async (req: Request<{ id: string }>, res) => {
      const record = await apiKeys.revoke(req.params.id.toLowerCase())
      if (!record) throw new Problem('not-found', 'there is no such key')
      tell('key-revoked', res, `key ${record.id} ("${record.name}") of the tenant ${record.tenant} was revoked`)
      res.set('Cache-Control', 'no-store').json(record)
    })
    .all(onlyMethods('DELETE'))

  return router
}
