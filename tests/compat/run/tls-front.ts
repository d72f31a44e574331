import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import type { Socket } from 'node:net'

/** What stands before a gateway where its names are wildcards: TLS, with a certificate for all names of a domain. */
export interface TlsFront {
  port: number
  /** Of the authority that its certificate is of. */
  caFile: string
  /** A forward proxy that takes every name for this front, as a name server would. */
  proxyUrl: string
  /** Where requests go, as they are. */
  forwardTo: (url: string) => void
  close: () => void
}

/** @param folder for its certificates. @throws Error without the command openssl */
export async function startTlsFront(folder: string, domain: string): Promise<TlsFront> {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...newKey, '-days', '2', '-keyout', 'ca.key', '-out', 'ca.crt', '-subj', '/CN=test authority')
  openssl('req', ...newKey, '-keyout', 'front.key', '-out', 'front.csr', '-subj', '/CN=front')
  writeFileSync(join(folder, 'names'), `subjectAltName=DNS:${domain},DNS:*.${domain}\n`)
  openssl(
    'x509',
    '-req',
    '-in',
    'front.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-out',
    'front.crt',
    '-extfile',
    'names',
  )
  const read = (name: string) => readFileSync(join(folder, name))

  let target = ''
  const front = createTlsServer({ key: read('front.key'), cert: read('front.crt') }, (req, res) => {
    const { method = 'GET', headers, url = '' } = req
    const onward = request(`${target}${url}`, { method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      res.flushHeaders()
      answer.on('error', () => res.destroy())
      answer.pipe(res)
    })
    onward.on('error', () => res.destroy())
    res.on('close', () => onward.destroy())
    req.pipe(onward)
  })
  const proxy = createServer()
  const sockets = new Set<Socket>()
  proxy.on('connect', (_req, socket: Socket, head: Buffer) => {
    const onward = connect((front.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.write(head)
      socket.pipe(onward).pipe(socket)
    })
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => [socket, onward].forEach((end) => end.destroy()))
    }
  })
  for (const server of [front, proxy]) await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (front.address() as AddressInfo).port,
    caFile: join(folder, 'ca.crt'),
    proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    forwardTo: (url) => (target = url),
    close() {
      for (const socket of sockets) socket.destroy()
      front.closeAllConnections()
      front.close()
      proxy.close()
    },
  }
}
