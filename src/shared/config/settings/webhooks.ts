import { inGroup, integer, type Setting } from './setting.ts'

export const WEBHOOKS_SETTINGS: readonly Setting[] = inGroup('Webhooks', [
  {
    name: 'WEBHOOK_ALLOW',
    kind: { type: 'list' },
    default: '',
    description:
      'Internal networks that webhooks may reach, on every port: addresses and networks as CIDR, comma-separated. Empty: none.',
  },
  {
    name: 'WEBHOOK_DENY',
    kind: { type: 'list' },
    default: '',
    description:
      'Public networks that webhooks may not reach, e.g. the address by which others reach this machine. Empty: none.',
  },
  {
    name: 'WEBHOOK_PORTS',
    kind: { type: 'list' },
    default: '80,443,8080,8443',
    description: 'Ports that webhooks may reach, comma-separated. Networks in `WEBHOOK_ALLOW` are open on every port.',
  },
  {
    name: 'WEBHOOK_TIMEOUT_MS',
    kind: integer(100, 120_000),
    default: '15000',
    description: 'Time limit of one delivery of a webhook.',
  },
  {
    name: 'WEBHOOK_CONCURRENCY',
    kind: integer(1, 1024),
    default: '16',
    description: 'Webhook deliveries that one worker makes at a time.',
  },
  {
    name: 'WEBHOOK_DELIVERIES_KEPT_SECONDS',
    kind: integer(1, 1e9),
    default: '604800',
    description: 'How long a delivery and its attempts can be read.',
  },
])
