import { TenantSecrets, type WebhookSecrets } from '../../shared/webhooks/webhook-secrets.ts'
import { defineRoute } from '../http/route.ts'

export interface SecretNeeds {
  secrets: WebhookSecrets
}

const common = { tag: 'Webhooks', scopes: ['jobs', 'containers'], cache: 'no-store' } as const

/** What the caller's webhooks are signed with. */
export const webhookSecretRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/webhook-secret',
    id: 'readWebhookSecret',
    summary: 'Read your webhook secret',
    description: 'The secret that signs your webhooks. The first request creates it.',
    answers: { 200: { description: 'The secret.', schema: TenantSecrets } },
    async handle({ secrets }: SecretNeeds, { caller, send }) {
      send(200, await secrets.read(caller.tenant))
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/webhook-secret/rotate',
    id: 'rotateWebhookSecret',
    summary: 'Rotate your webhook secret',
    description: 'The new secret signs at once. The old one also signs for 24 hours.',
    answers: { 200: { description: 'The new secret and those that still sign.', schema: TenantSecrets } },
    async handle({ secrets }: SecretNeeds, { caller, send }) {
      send(200, await secrets.rotate(caller.tenant))
    },
  }),
]
