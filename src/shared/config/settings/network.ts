import { inGroup, integer, type Setting, string } from './setting.ts'

/** Other systems whose protocols the gateway can speak. */
export const COMPAT_SYSTEMS = ['judge0', 'piston', 'jobe', 'sandboxfusion', 'codapi', 'e2b', 'jupyter'] as const

export const NETWORK_SETTINGS: readonly Setting[] = inGroup('Network', [
  {
    name: 'HOST',
    kind: string,
    default: '127.0.0.1',
    description: 'Address the gateway listens on. Only loopback is accepted while `AUTH` is `none`.',
  },
  { name: 'PORT', kind: integer(0, 65535), default: '3000', description: 'Port of the gateway.' },
  {
    name: 'TRUST_PROXY',
    kind: { type: 'list' },
    default: '',
    description:
      'Proxies whose `X-Forwarded-For` is believed: addresses, networks as CIDR, or `loopback`, comma-separated. Empty: none.',
  },
  {
    name: 'KEEP_ALIVE_SECONDS',
    kind: integer(1, 3600),
    default: '75',
    description:
      'How long an idle connection is kept. Longer than the balancer before the gateway keeps its own, or some of its requests fail with 502.',
  },
  {
    name: 'ALLOWED_ORIGINS',
    kind: { type: 'list' },
    default: '',
    description:
      'Origins of other pages that may call the gateway, e.g. `https://app.example.com`, comma-separated. The gateway itself sends no CORS headers. Empty: none.',
  },
  {
    name: 'COMPAT',
    kind: { type: 'list' },
    default: COMPAT_SYSTEMS.join(','),
    description:
      'Other systems whose protocols are served, each under its name (`/judge0`), comma-separated: [compatibility](compatibility/README.md). Empty: none.',
  },
  {
    name: 'MCP',
    kind: { type: 'choice', of: ['on', 'off'] },
    default: 'on',
    description:
      '`on`: serves the [Model Context Protocol](guides/mcp.md) at `/mcp`, for language models that run code.',
  },
  {
    name: 'E2B_SANDBOX_DOMAIN',
    kind: string,
    default: '',
    description:
      'Domain whose names (`49983-<id>.<domain>`, `api.<domain>`) are those of E2B sandboxes, behind a proxy with TLS: [E2B](compatibility/e2b.md#wildcard-names). Empty: clients name the sandbox in a header.',
  },
])
