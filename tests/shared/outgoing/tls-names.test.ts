import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server } from 'node:tls'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packageRoot } from '../../../src/shared/package-root.ts'

let folder: string
let server: Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runyard-test-'))
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:good.example,IP:127.0.0.1')
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...newKey, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test authority')
  openssl('req', ...newKey, '-keyout', 'own.key', '-out', 'own.csr', '-subj', '/CN=own')
  openssl(
    'x509',
    '-req',
    '-in',
    'own.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-out',
    'own.crt',
    '-extfile',
    'names',
  )
  const [key, cert] = ['own.key', 'own.crt'].map((name) => readFileSync(join(folder, name)))
  server = createServer({ key, cert }, (socket) => {
    socket.on('error', () => undefined) // Whoever asks may go at any time.
    socket.once('data', () => socket.end('HTTP/1.1 204 No Content\r\n\r\n'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

/** Sends a webhook to each host, all of which lead to the server. */
const PROGRAM = `
import { sendWebhook } from './src/worker/webhooks/send-webhook.ts'
const resolve = (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
for (const host of ['good.example', 'bad.example', '127.0.0.1']) {
  const url = 'https://' + host + ':' + process.env.PORT
  const { status, error } = await sendWebhook(url, {}, '{}', { allow: ['127.0.0.1'], timeoutMs: 60_000, resolve })
  console.log(host, error ?? status)
}`

/** @param ca a file with an authority that is trusted */
async function outcomes(ca: string): Promise<string[]> {
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    NODE_EXTRA_CA_CERTS: ca,
    PORT: String((server.address() as AddressInfo).port),
  }
  const args = ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: packageRoot(), env })
  return stdout.trim().split('\n')
}

test('a certificate counts for the names in it, and only from an authority that is trusted', async () => {
  const trusted = ['good.example 204', 'bad.example tls-failed', '127.0.0.1 204']
  expect(await outcomes(join(folder, 'ca.crt'))).toEqual(trusted)
  const untrusted = ['good.example tls-failed', 'bad.example tls-failed', '127.0.0.1 tls-failed']
  expect(await outcomes('')).toEqual(untrusted)
})
