import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { loadConfig } from '../../src/shared/config/config.ts'
import { checkRedis } from '../../src/cli/doctor/redis-check.ts'
import { type Installation, startInstallation } from '../support/installation.ts'
import { QUICK, startLoad, faultOf } from '../support/mixed-load.ts'
import { createPatientClient } from '../support/patient-client.ts'
import { testRoot } from '../support/platform.ts'
import { createRedisServers, type RedisProcess } from '../support/redis-servers.ts'
import { eventually } from '../support/eventually.ts'

/** The lines of the user, as the documentation has them; of the namespaces of tests here. */
const ACL =
  /ACL SETUSER runyard on '>PASSWORD' (.+)/.exec(readFileSync(join(testRoot, 'docs/redis.md'), 'utf8'))?.[1] ?? ''
const PASSWORD = 'a b/c@d:%e'

const servers = createRedisServers()
const folder = mkdtempSync(join(tmpdir(), 'runyard-tls-'))
const file = (name: string) => join(folder, name)
let server: RedisProcess
let settings: Record<string, string>
let installation: Installation | undefined

beforeAll(async () => {
  makeCertificates()
  writeFileSync(file('password'), `${PASSWORD}\n`)
  const rules = ACL.replaceAll("'", '').replaceAll('{runyard}', '{locked-')
  expect(rules).toContain('~{locked-')
  server = await servers.start(
    [
      'tls-port PORT',
      `tls-cert-file ${file('server.crt')}`,
      `tls-key-file ${file('server.key')}`,
      `tls-ca-cert-file ${file('ca.crt')}`,
      'tls-auth-clients yes',
      'appendonly yes',
      'requirepass of-the-operator',
      `user runyard on ">${PASSWORD}" ${rules}`,
    ],
    {
      password: 'of-the-operator',
      tls: {
        ca: readFileSync(file('ca.crt')),
        cert: readFileSync(file('client.crt')),
        key: readFileSync(file('client.key')),
      },
    },
  )
  settings = {
    REDIS_URL: `rediss://runyard@localhost:${server.port}`,
    REDIS_PASSWORD_FILE: file('password'),
    REDIS_TLS_CA_FILE: file('ca.crt'),
    REDIS_TLS_CERT_FILE: file('client.crt'),
    REDIS_TLS_KEY_FILE: file('client.key'),
  }
})
afterAll(async () => {
  await installation?.close()
  await servers.close()
  rmSync(folder, { recursive: true, force: true })
})

test('over TLS with certificates both ways, as a user that may touch nothing but its own keys, jobs run', async () => {
  const { REDIS_URL: foreignRedis = '', ...env } = settings
  installation = await startInstallation({ name: 'locked', workers: 1, gateways: 1, foreignRedis, env })
  const client = createPatientClient(installation.urls, { mostPauseMs: 1000 })
  const load = startLoad(client, [QUICK], 10)
  await eventually('five jobs were submitted', () => load.jobs.length >= 5)
  await load.stop()
  for (const submitted of load.jobs) {
    const job = await client.untilEnded(submitted.id, Date.now() + 10_000)
    expect(faultOf(job, submitted)).toBeUndefined()
  }
  expect(await server.ask('ACL', 'LOG')).toEqual([])
})

test('runyard doctor gets in with the same settings, and says why it does not with others', async () => {
  const check = (env: Record<string, string>) => checkRedis(loadConfig(testRoot, { ...settings, ...env }))
  expect(await check({})).toMatchObject({ state: 'ok' })
  expect(await check({ REDIS_TLS_CA_FILE: '' })).toMatchObject({
    detail: expect.stringMatching(/self-signed|unable to/),
  })
  writeFileSync(file('wrong'), 'wrong')
  expect(await check({ REDIS_PASSWORD_FILE: file('wrong') })).toMatchObject({
    detail: expect.stringMatching(/WRONGPASS/),
  })
})

function makeCertificates(): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-subj',
    '/CN=test authority',
  )
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  for (const name of ['server', 'client']) {
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    )
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-out',
      `${name}.crt`,
      '-extfile',
      'names',
    )
  }
}
