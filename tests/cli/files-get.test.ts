import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Command } from 'commander'
import { addFileCommands } from '../../src/cli/files.ts'
import { KIB, MIB } from '../../src/shared/limits.ts'

const PIECE = Buffer.alloc(64 * KIB, 'x')
const PIECES = 256

/** Answers with a file of 16 MiB, as fast as it is read. */
let service: Server
let sent = 0
beforeAll(async () => {
  service = createServer((_, res) => {
    sent = 0
    const more = () => {
      while (sent < PIECES * PIECE.length && !res.destroyed) {
        sent += PIECE.length
        if (!res.write(PIECE)) return void res.once('drain', more)
      }
      res.end()
    }
    res.writeHead(200, { 'content-type': 'application/octet-stream' })
    more()
  })
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
})
afterAll(() => {
  service.closeAllConnections()
  service.close()
})

async function get(stdout: Writable): Promise<void> {
  const { port } = service.address() as AddressInfo
  const program = new Command()
  const unused = () => {
    throw new Error('not for this command')
  }
  addFileCommands(program, {
    context: unused,
    env: { RUNYARD_URL: `http://127.0.0.1:${port}`, RUNYARD_KEY: 'ry_test' },
    streams: { stdout, stderr: stdout, note: unused },
    stdin: unused,
    stdout: process.stdout,
    signals: unused,
    setExitCode: unused,
  })
  await program.parseAsync(['files', 'get', '0193'], { from: 'user' })
}

test('`files get` holds one piece of the file for a reader that is slower than the service', async () => {
  let [waiting, most, taken] = [0, 0, 0]
  const slow = new Writable({
    write(piece: Buffer, _, done) {
      taken += piece.length
      // Others may be written meanwhile.
      setImmediate(() => setImmediate(() => done()))
    },
  })
  const write = slow.write.bind(slow) as (piece: Buffer, done?: (error?: Error | null) => void) => boolean
  slow.write = ((piece: Buffer, done?: (error?: Error | null) => void) => {
    most = Math.max(most, ++waiting)
    return write(piece, (error) => {
      waiting--
      done?.(error)
    })
  }) as Writable['write']
  await get(slow)
  expect([taken, most]).toEqual([16 * MIB, 1])
})

test('`files get` ends its download when nobody reads it any more', async () => {
  const gone = new Writable({ write: (_piece, _, done) => done(new Error('EPIPE')) })
  gone.on('error', () => undefined)
  await get(gone)
  expect(sent).toBeLessThan(16 * MIB)
})
