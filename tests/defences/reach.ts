import { type Defence, edit } from './defence.ts'

const AGENT = 'src/worker/webhooks/guarded-agent.ts'
const AGENT_TEST = 'tests/worker/webhooks/guarded-agent.test.ts'

/** Where a webhook may not lead. */
export const REACH: readonly Defence[] = [
  {
    threat: 'an internal address as a literal',
    without: 'the check of addresses that need no name server',
    edits: edit(
      AGENT,
      'const refused = isIP(address) === 0 ? undefined : refusal(address)',
      "const refused = address === 'nowhere' ? refusal(address) : undefined",
    ),
    test: AGENT_TEST,
    name: 'however it is spelled: [::1]',
  },
  {
    threat: 'a name that resolves to an internal address',
    without: 'the check of what a name server answers',
    edits: edit(AGENT, 'if (!first || refused) return', 'if (!first) return'),
    test: AGENT_TEST,
    name: 'a name that leads to 127.0.0.1 is not connected to',
  },
  {
    threat: 'a name that resolves to an internal address',
    without: 'that one internal address among several is enough',
    edits: edit(AGENT, 'if (!first || refused) return', 'if (!first || refusals.length === addresses.length) return'),
    test: AGENT_TEST,
    name: 'one internal address among the several of a name is enough',
  },
  {
    threat: 'DNS rebinding between check and connect',
    without: 'that the connection goes to an address that was checked',
    edits: edit(
      AGENT,
      'if (options.all) callback(null, addresses)',
      'if (options.all) resolve(hostname, { ...options, all: true }, callback)',
    ),
    test: AGENT_TEST,
    name: 'a public address first and the loopback then',
  },
  {
    threat: 'an internal address in any spelling',
    without: 'the check of a URL before it is taken',
    edits: edit(
      'src/shared/webhooks/check-webhook-url.ts',
      'if (isInternalHost(hostname, reach)) {',
      "if (hostname === 'nowhere') {",
    ),
    test: 'tests/shared/webhooks/check-webhook-url.test.ts',
    name: 'an internal address is refused however it is spelled',
  },
  {
    threat: 'an internal address in any spelling',
    without: 'that IPv6 outside of what is given out is internal',
    edits: edit('src/shared/webhooks/internal-address.ts', ' || !address.match(GLOBAL_IPV6)', ''),
    test: 'tests/shared/webhooks/check-webhook-url.test.ts',
    name: 'an internal address is refused however it is spelled',
  },
  {
    threat: 'the platform of a cloud, behind public addresses',
    without: 'the list of them',
    edits: edit('src/shared/webhooks/internal-address.ts', '[...PLATFORMS, ...deny]', '[...deny]'),
    test: 'tests/shared/webhooks/check-webhook-url.test.ts',
    name: 'an internal address is refused however it is spelled: 168.63.129.16',
  },
  {
    threat: 'other services of a receiver',
    without: 'the list of ports',
    edits: edit(AGENT, 'ports === undefined || ports.includes(port)', 'ports?.length !== 0'),
    test: AGENT_TEST,
    name: 'a port that is not listed is refused',
  },
  {
    threat: 'a slow name server',
    without: 'a lookup that holds no thread',
    edits: edit(
      'src/worker/webhooks/send-webhook.ts',
      'resolve: resolve ?? names.resolve',
      "resolve: resolve ?? (process.getBuiltinModule('node:dns').lookup as never)",
    ),
    test: 'tests/worker/webhooks/name-lookup.test.ts',
    name: 'holds no thread of this process',
  },
]
