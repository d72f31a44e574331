import { type Defence, edit } from './defence.ts'

const CONFIG_TEST = 'tests/shared/config.test.ts'

/** What holds before anybody has set anything. */
export const DEFAULTS: readonly Defence[] = [
  {
    threat: 'a non-loopback bind without authentication',
    without: 'the refusal to start on an address that others can reach',
    edits: edit(
      'src/shared/config/contradictions.ts',
      "if (config.auth === 'none' && !isLoopback(config.http.host)) {",
      'if (config.http.host === undefined) {',
    ),
    test: CONFIG_TEST,
    name: 'refuses {"HOST":"0.0.0.0"}',
  },
  {
    threat: 'a non-loopback bind without authentication',
    without: 'that only an address counts as 127.x, and no name that begins so',
    edits: edit(
      'src/shared/loopback.ts',
      "return isIP(host) === 4 && host.startsWith('127.')",
      "return isIP(host) !== 6 && host.startsWith('127.')",
    ),
    test: CONFIG_TEST,
    name: 'refuses {"HOST":"127.0.0.1.example.org"}',
  },
  {
    threat: 'a non-loopback bind without authentication',
    without: 'that a mode of authentication which there is not is refused',
    edits: edit('src/shared/config/environment.ts', 'if (!kind.of.includes(text)) {', 'if (kind.of.length === 0) {'),
    test: CONFIG_TEST,
    name: 'refuses {"AUTH":"off"}',
  },
  {
    threat: 'a non-loopback bind without authentication',
    without: 'loopback as the address that is listened on unless another is set',
    edits: edit(
      'src/shared/config/settings/network.ts',
      "name: 'HOST',\n    kind: string,\n    default: '127.0.0.1'",
      "name: 'HOST',\n    kind: string,\n    default: '0.0.0.0'",
    ),
    test: CONFIG_TEST,
    name: 'without any variable is the documented default',
  },
  {
    threat: 'a default key',
    without: 'that a new installation has no key',
    edits: edit(
      'src/api/serve.ts',
      '    await connected()\n',
      "    await connected()\n    const { createApiKeys } = await import('../shared/access/api-keys.ts')\n    await createApiKeys(core.redis, core.keys).create({ name: 'default', tenant: 'ops', scopes: ['admin'] })\n",
    ),
    test: 'tests/api/access/defaults.test.ts',
    name: 'there is no key',
  },
  {
    threat: 'a default password',
    without: 'that no password is built in',
    edits: edit(
      'src/shared/access/api-keys.ts',
      '      const text = parseKey(presented)\n',
      "      if (presented === 'changeme') {\n        return { id: '0', name: '', tenant: 'ops', scopes: ['admin'], rate: null, maxRunningJobs: null, limits: {}, screening: null, webhook: null, createdAt: '', expiresAt: null, revokedAt: null }\n      }\n      const text = parseKey(presented)\n",
    ),
    test: 'tests/api/access/defaults.test.ts',
    name: 'there is no key',
  },
  {
    threat: 'a default password',
    without: 'that the Redis of an installation has no port',
    edits: edit('src/host/redis.ts', "port: '0'", "port: '16399'"),
    test: 'tests/host/backends.test.ts',
    name: 'listens on no port',
  },
  {
    threat: 'a default password',
    without: 'that its socket lets its own user in alone',
    edits: edit('src/host/redis.ts', "unixsocketperm: '700'", "unixsocketperm: '777'"),
    test: 'tests/host/backends.test.ts',
    name: 'lets its own user in alone',
  },
]
