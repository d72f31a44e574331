import { once } from 'node:events'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { type FileStore, StoreUnavailable } from '../../../src/shared/files/file-store.ts'
import { S3_TIMES } from '../../../src/shared/files/s3-requests.ts'
import { createS3Store } from '../../../src/shared/files/s3-store.ts'
import { MIB, MINUTE } from '../../../src/shared/limits.ts'

/** Silence is given up soon, but not while a server that answers is slow to; nothing is tried again. */
const TIMES = { connectMs: MINUTE, stallMs: 2000, completeMs: 2000, tryingMs: 0, pausesMs: [0, 0, 0] }
/** At a server that answers nothing. */
const AT_ONCE = { ...TIMES, stallMs: 50, completeMs: 50 }
const NAME = '0b0e7a52-8f4f-4c1e-9d53-4a8e3a7a9c10'

const closings: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closings.splice(0)) await close()
})

/** A bucket at a server of the test's own. */
async function bucketAt(server: Server, times = TIMES): Promise<FileStore> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const secrets = { accessKeyId: 'test', secretAccessKey: 'test' }
  const endpoint = `http://127.0.0.1:${port}`
  const store = createS3Store({ endpoint, bucket: 'bucket', region: 'us-east-1', ...secrets }, 'test', times)
  closings.push(async () => {
    await store.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return store
}

/** Takes connections, reads what comes, and says nothing. */
const silent = () => createServer((socket) => void socket.resume())
/** Answers as long as `answer` does. @returns with what was asked */
function answering(answer: (req: IncomingMessage, res: ServerResponse) => void) {
  const asked: string[] = []
  const server = createHttpServer((req, res) => {
    asked.push(req.method ?? '')
    req.resume().once('end', () => answer(req, res))
  })
  return { server, asked }
}

async function* content(bytes: number) {
  for (let left = bytes; left > 0; left -= MIB) yield Buffer.alloc(Math.min(left, MIB))
}
async function listed(store: FileStore) {
  for await (const { name } of store.names()) return name
}
const nothingMoved = /nothing moved for (50|2000) ms/

test.each<[string, (store: FileStore) => Promise<unknown>]>([
  ['a put', (store) => store.put(NAME, content(10))],
  ['a put in parts', (store) => store.put(NAME, content(6 * MIB))],
  ['reading', (store) => store.open(NAME)],
  ['removing', (store) => store.remove(NAME)],
  ['listing', listed],
])('%s at a server that accepts connections and never answers fails', async (_title, act) => {
  const error: unknown = await act(await bucketAt(silent(), AT_ONCE)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(StoreUnavailable)
  expect((error as Error).message).toMatch(nothingMoved)
})

test('a request that was not answered is sent again as long as there is time', async () => {
  const { server, asked } = answering(() => undefined)
  const store = await bucketAt(server, { ...AT_ONCE, tryingMs: MINUTE })
  await expect(store.open(NAME)).rejects.toThrow(nothingMoved)
  expect(asked).toEqual(['GET', 'GET', 'GET', 'GET'])
})

test('a caller learns within a minute that the server is silent', () => {
  expect(S3_TIMES.tryingMs + S3_TIMES.stallMs).toBeLessThan(MINUTE)
})

test('puts that wait for their turn fail with the first that the server does not answer', async () => {
  const store = await bucketAt(silent(), { ...TIMES, stallMs: 1000 })
  const puts = Array.from({ length: 60 }, (_, number) => store.put(NAME.replace(/10$/, `${number + 10}`), content(10)))
  const ended = await Promise.allSettled(puts)
  for (const one of ended) expect(one).toMatchObject({ status: 'rejected', reason: { name: 'StoreUnavailable' } })
  // Those that had their turn, and none of those that waited.
  const reasons = new Set(ended.map((one) => (one as PromiseRejectedResult).reason as unknown))
  expect(reasons.size).toBe(6)
})

test('a server that falls silent between two parts is not asked to clear up', async () => {
  const { server, asked } = answering(({ method }, res) => {
    if (method === 'POST')
      res.end('<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>')
  })
  const store = await bucketAt(server)
  await expect(store.put(NAME, content(6 * MIB))).rejects.toBeInstanceOf(StoreUnavailable)
  expect(asked).toEqual(['POST', 'PUT'])
})

test('an upload that the server cannot complete is told as its failure, and cleared', async () => {
  const { server, asked } = answering(({ method, url = '' }, res) => {
    const begun = '<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>'
    if (method === 'POST') res.end(url.includes('uploads') ? begun : '<Error><Code>InternalError</Code></Error>')
    else res.end()
  })
  const store = await bucketAt(server)
  await expect(store.put(NAME, content(6 * MIB))).rejects.toThrow(StoreUnavailable)
  expect(asked).toEqual(['POST', 'PUT', 'PUT', 'POST', 'DELETE'])
})

test('an answer that breaks off in silence is no answer', async () => {
  const { server } = answering((_req, res) => void res.write('<ListBucketResult>'))
  await expect(listed(await bucketAt(server))).rejects.toBeInstanceOf(StoreUnavailable)
})

test('content that stops coming ends with an error', async () => {
  const { server } = answering((_req, res) => void res.writeHead(200, { 'content-length': '10' }).write('half'))
  const opened = await (await bucketAt(server)).open(NAME)
  await expect(opened.toArray()).rejects.toThrow(nothingMoved)
})
