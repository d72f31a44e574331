import { SCREENING_POLICIES } from '../../screening-policy.ts'
import { inGroup, integer, type Setting, string } from './setting.ts'

export const ACCESS_SETTINGS: readonly Setting[] = inGroup('Access', [
  {
    name: 'AUTH',
    kind: { type: 'choice', of: ['none', 'optional', 'required'] },
    default: 'none',
    description:
      '`none`: every caller is the tenant `local`. `optional`: callers without a key are separate tenants, by address. `required`: every caller needs a key.',
  },
  {
    name: 'RATE_PER_MINUTE',
    kind: integer(1, 1e9),
    default: '60',
    description: 'Submissions a minute, for each key or else each address; a key may have its own.',
  },
  {
    name: 'RATE_BURST',
    kind: integer(1, 1e6),
    default: '10',
    description: 'Submissions at once, after a pause; a key may have its own.',
  },
  {
    name: 'END_USER_RATE_PERCENT',
    kind: integer(1, 100),
    default: '50',
    description: 'Share of the rate and burst of a key that one end user (`endUser`) may use, in percent.',
  },
  {
    name: 'READ_RATE_PER_MINUTE',
    kind: integer(1, 1e9),
    default: '600',
    description: 'Other requests a minute, for each key or else each address.',
  },
  {
    name: 'READ_RATE_BURST',
    kind: integer(1, 1e6),
    default: '100',
    description: 'Other requests at once, after a pause.',
  },
  {
    name: 'ADMIN_SESSION_IDLE_SECONDS',
    kind: integer(60, 30 * 24 * 3600),
    default: '3600',
    description: 'A session of the dashboard ends after this idle time. An open dashboard is not idle.',
  },
  {
    name: 'ADMIN_SESSION_MAX_SECONDS',
    kind: integer(60, 30 * 24 * 3600),
    default: '43200',
    description: 'A session of the dashboard ends after this time, even if it is in use.',
  },
  {
    name: 'SCREENING',
    kind: { type: 'choice', of: SCREENING_POLICIES, isOptional: true },
    default: '',
    description:
      'Screening of code before it runs: `strict`, `standard` (refuses only what no honest program does) or `off`. Empty: `standard`, and under `/api` the value of `SCREENING_API`. A key may have its own.',
  },
  {
    name: 'SCREENING_API',
    kind: { type: 'choice', of: SCREENING_POLICIES, isOptional: true },
    default: '',
    description:
      'The same for `/api/repl/...` and `/api/containers/...`. Empty: `SCREENING` where that is set, else `strict`.',
  },
  {
    name: 'SCREENING_RULES',
    kind: string,
    default: '',
    description: "Path of a JSON file with the operator's own screening rules, used beside those of Runyard.",
  },
  {
    name: 'ABUSE_BLOCK_SCORE',
    kind: integer(0, 1e9),
    default: '100',
    description: 'Score of security events at which an address or key is blocked automatically. 0: never.',
  },
  {
    name: 'ABUSE_HALF_LIFE_SECONDS',
    kind: integer(1, 1e9),
    default: '600',
    description: 'Time in which a score decays to a half.',
  },
  {
    name: 'ABUSE_BLOCK_SECONDS',
    kind: integer(1, 1e9),
    default: '60',
    description: 'Length of a first block. Each further block within a day doubles it.',
  },
  {
    name: 'ABUSE_MAX_BLOCK_SECONDS',
    kind: integer(1, 1e9),
    default: '86400',
    description: 'The longest automatic block.',
  },
  {
    name: 'SECURITY_EVENTS_KEPT',
    kind: integer(1, 1e7),
    default: '10000',
    description: 'Number of security events to keep, approximately.',
  },
  {
    name: 'ALERT_WEBHOOK_URL',
    kind: string,
    default: '',
    description: 'URL that gets reports of blocks and escape attempts, by `POST`. Empty: none.',
  },
  {
    name: 'ALERT_WEBHOOK_SECRET',
    kind: string,
    default: '',
    description: 'Secret that signs these reports by Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.',
  },
])
