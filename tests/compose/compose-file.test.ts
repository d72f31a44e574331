import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { serviceCommand } from '../../src/host/service-command.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { SETTINGS } from '../../src/shared/config/settings.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

interface Service {
  image: string
  build?: { args: Record<string, string>; dockerfile: string }
  command?: string[]
  user?: string
  environment?: Record<string, string | number>
  volumes?: string[]
  ports?: string[]
  secrets?: string[]
  healthcheck?: { test: string[] }
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  stop_grace_period?: string
}

const root = packageRoot()
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const file = parse(read('compose.yaml'), { merge: true }) as {
  services: Record<'redis' | 'api' | 'worker' | 'proxy', Service>
  secrets: Record<string, { file: string }>
}
const { services } = file
const all = Object.entries(services)

/** With the defaults of what is left open. */
const filled = (text: string) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1').replaceAll('$$', '$')

test.each(all)('%s cannot write to its image, has no capability and gains none', (_name, service) => {
  expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges'] })
  expect(service).not.toHaveProperty('privileged')
  for (const key of ['cap_add', 'devices', 'network_mode', 'pid', 'ipc', 'userns_mode', 'group_add']) {
    expect(service).not.toHaveProperty(key)
  }
})

test.each(all)('%s has a check of its health', (_name, { healthcheck }) => {
  expect(healthcheck?.test[0]).toMatch(/^CMD/)
})

test.each(all)('%s does not run as root', (_name, { user, build }) => {
  if (user === undefined) expect(build?.dockerfile).toBe('Containerfile')
  else expect(filled(user)).toMatch(/^[1-9]\d*:[1-9]\d*$/)
  const users = [...read('Containerfile').matchAll(/^USER (.*)$/gm)].map(([, name]) => name)
  expect(users.at(-1)).toBe('${UID}:${GID}')
  expect(read('Containerfile')).toMatch(/^ARG UID=[1-9]\d*$/m)
})

test('nothing is published but the proxy, and that on loopback', () => {
  expect(all.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['proxy'])
  expect(services.proxy.ports?.map(filled)).toEqual(['127.0.0.1:3000:3000'])
})

test("the worker alone is given something of podman's, and that is the folder of its socket", () => {
  const mounts = Object.fromEntries(all.map(([name, { volumes = [] }]) => [name, volumes.map(filled)]))
  expect(mounts).toEqual({
    redis: ['queue:/data'],
    api: ['files:/var/lib/runyard/files'],
    worker: ['/run/runyard:/run/podman:ro', 'files:/var/lib/runyard/files'],
    proxy: ['./deploy/compose/haproxy.cfg:/etc/haproxy.cfg:ro'],
  })
  expect(services.worker.environment?.['PODMAN_SOCKET']).toBe('/run/podman/podman.sock')
})

test.each(['api', 'worker'] as const)('every setting of %s is one that there is, with a value it can have', (name) => {
  const settings = Object.entries(services[name].environment ?? {}).map(([key, value]) => [key, filled(String(value))])
  const known = new Set(SETTINGS.map((setting) => setting.name))
  expect(settings.map(([key]) => key).filter((key) => !known.has(key ?? ''))).toEqual([])
  const environment = Object.fromEntries(settings) as Record<string, string>
  // What the container finds there is no file of this machine.
  const config = loadConfig(root, { ...environment, REDIS_PASSWORD_FILE: '' })
  expect(config.redis).toMatchObject({ kind: 'server', node: { host: 'redis' } })
  expect(environment['REDIS_PASSWORD_FILE']).toBe('/run/secrets/redis-password')
  expect(services[name].secrets).toEqual(['redis-password'])
})

test('gateways ask for keys', () => {
  expect(services.api.environment).toMatchObject({ AUTH: 'required' })
})

test('a worker gets longer to stop than its running jobs get to end', () => {
  const drainMs = Number(SETTINGS.find(({ name }) => name === 'DRAIN_TIMEOUT_MS')?.default)
  const graceMs = Number(/^(\d+)s$/.exec(services.worker.stop_grace_period ?? '')?.[1]) * 1000
  // 5 s to put jobs back, and some for its sandboxes.
  expect(graceMs).toBeGreaterThanOrEqual(drainMs + 15_000)
})

test('gateway and worker are started as npm start starts them', () => {
  const started = (name: 'api' | 'worker') => ['node', ...serviceCommand('', name).slice(1)]
  const lines = read('Containerfile').split('\n')
  const inImage = JSON.parse(lines.find((line) => line.startsWith('CMD '))?.slice(4) ?? '[]') as string[]
  expect(inImage).toEqual(started('api'))
  expect(services.api.command).toBeUndefined()
  expect(services.worker.command).toEqual(started('worker'))
})

test('Redis writes an append-only file, evicts nothing, and is told its password where others cannot read it', () => {
  const script = services.redis.command?.at(-1) ?? ''
  expect(script).toContain('--appendonly yes')
  expect(script).toContain('--maxmemory-policy noeviction')
  expect(script).toMatch(/<<END\nrequirepass \$\$\(cat \/run\/secrets\/redis-password\)\nEND/)
  expect(script.split('<<END')[0]).not.toContain('requirepass')
  expect(services.redis.healthcheck?.test.join(' ')).not.toMatch(/-a |--pass/)
})

test('what Git does not hold is ignored by it, and by the build', () => {
  expect(file.secrets['redis-password']?.file).toMatch(/^\.\/\.runyard\//)
  expect(read('.gitignore').split('\n')).toEqual(expect.arrayContaining(['.runyard/', '.env']))
  const [first, ...exceptions] = read('.containerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  expect(first).toBe('*')
  expect(exceptions).not.toContain('!.runyard')
  expect(read('.dockerignore')).toBe(read('.containerignore'))
  const copied = [...read('Containerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  )
  expect(copied.length).toBeGreaterThan(5)
  for (const name of copied) {
    expect(existsSync(join(root, name))).toBe(true)
    expect(exceptions).toContain(`!${name.split('/')[0]}`)
  }
})
