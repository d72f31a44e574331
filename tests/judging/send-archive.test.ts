import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import express from 'express'
import { sendArchive } from '../../src/api/problems/send-archive.ts'

let server: Server
let url: string
let pieces: Buffer[] = []
let sent: Promise<void> | undefined
beforeAll(async () => {
  const app = express()
  app.get('/', (_req, res) => void (sent = sendArchive(res, 'a "problem"', pieces)))
  server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

test.each([[[]], [[1]], [[2, 2]], [[1, 1, 1]], [[3, 0, 4]], [[100_000, 1, 65_537, 200_000]]])(
  'an archive in pieces of %j bytes is one base64, of the length that is announced',
  async (lengths) => {
    pieces = lengths.map((length) => randomBytes(length))
    const archive = Buffer.concat(pieces).toString('base64')
    const answer = await fetch(url)
    const text = await answer.text()
    expect(JSON.parse(text)).toEqual({ name: 'a "problem"', archive })
    expect(answer.headers.get('content-length')).toBe(String(text.length))
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(pieces).toEqual([])
  },
)

test('HEAD tells the length alone', async () => {
  const bytes = randomBytes(10)
  pieces = [bytes]
  const answer = await fetch(url, { method: 'HEAD' })
  const whole = JSON.stringify({ name: 'a "problem"', archive: bytes.toString('base64') })
  expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(whole.length)])
})

test('when the client goes away, the rest is given up', async () => {
  pieces = Array.from({ length: 64 }, () => Buffer.alloc(1024 * 1024))
  const asking = request(url).end()
  const [answer] = (await once(asking, 'response')) as [NodeJS.ReadableStream]
  await once(answer, 'readable')
  asking.destroy()
  await sent
  expect(pieces.length).toBeGreaterThan(0)
})
