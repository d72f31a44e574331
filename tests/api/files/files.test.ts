import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createFileRecords } from '../../../src/shared/files/file-records.ts'
import type { StoredFile } from '../../../src/shared/files/stored-file.ts'
import { KIB } from '../../../src/shared/limits.ts'
import { packageRoot } from '../../../src/shared/package-root.ts'
import { eventually } from '../../support/eventually.ts'
import { type LoneGateway, startLoneGateway } from '../../support/lone-gateway.ts'

const MAX = 256 * KIB
type Headers = Record<string, string>

let gateway: LoneGateway
let files: string
let alice: Headers
let bob: Headers
beforeAll(async () => {
  gateway = await startLoneGateway({
    AUTH: 'required',
    UPLOAD_MAX_BYTES: String(MAX),
    FILES_TENANT_MAX_BYTES: String(2 * MAX),
    FILES_TENANT_MAX_FILES: '6',
    FILES_MAX_BYTES: String(3 * MAX),
    FILES_TTL_SECONDS: '3600',
  })
  files = `${gateway.url}/v1/files`
  alice = await newTenant('alice')
  bob = await newTenant('bob')
})
afterAll(() => gateway.close())

const newTenant = async (name: string): Promise<Headers> =>
  (await gateway.makeKey(name, { scopes: ['files', 'jobs'] })).headers
const put = async (content: string | Uint8Array, headers: Headers, query = '') => {
  const response = await fetch(`${files}${query}`, { method: 'POST', body: content, headers })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as StoredFile & { code: string; detail: string },
  }
}
const read = (path: string, headers: Headers) => fetch(files + path, { headers })
const remove = async (id: string, headers: Headers) =>
  (await fetch(`${files}/${id}`, { method: 'DELETE', headers })).status
const stored = async (tenant: string) => Number((await gateway.redis.hget(gateway.keys.fileBytes, `of:${tenant}`)) ?? 0)
/** What lies in the file store of this gateway. */
const objects = async () => {
  const folder = join(packageRoot(), '.runyard/files', gateway.keys.prefix.slice(1, -1))
  return (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((one) => one.isFile())
    .map(({ name }) => name)
}

describe('a file', () => {
  test('is told by name, size, hash, type and times, and comes back byte by byte', async () => {
    const content = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 256)
    const made = await put(content, { ...alice, 'content-type': 'image/png' }, '?name=plot%20%C3%A9.png&ttlSeconds=60')
    const sha256 = createHash('sha256').update(content).digest('hex')
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ name: 'plot é.png', bytes: 100_000, sha256, contentType: 'image/png' })
    expect(made.headers.get('location')).toBe(`/v1/files/${made.body.id}`)
    expect(Date.parse(made.body.expiresAt) - Date.parse(made.body.createdAt)).toBe(60_000)
    expect(await (await read(`/${made.body.id}`, alice)).json()).toEqual(made.body)
    const answer = await read(`/${made.body.id}/content`, alice)
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-length': '100000',
      'content-type': 'application/octet-stream',
      'content-disposition': "attachment; filename*=UTF-8''plot%20%C3%A9.png",
      'accept-ranges': 'bytes',
      etag: `"${sha256}"`,
    })
    expect(await remove(made.body.id, alice)).toBe(204)
    expect((await read(`/${made.body.id}`, alice)).status).toBe(404)
    expect((await read(`/${made.body.id}/content`, alice)).status).toBe(404)
  })

  test('is read in parts, as RFC 9110 has it', async () => {
    const { id, sha256 } = (await put('0123456789', alice)).body
    const part = async (headers: Headers, method = 'GET') => {
      const answer = await fetch(`${files}/${id}/content`, { method, headers: { ...alice, ...headers } })
      return [answer.status, answer.headers.get('content-range'), await answer.text()]
    }
    expect(await part({ range: 'bytes=2-4' })).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await part({ range: 'bytes=-3' })).toEqual([206, 'bytes 7-9/10', '789'])
    expect(await part({ range: 'bytes=2-4', 'if-range': `"${sha256}"` })).toEqual([206, 'bytes 2-4/10', '234'])
    expect(await part({ range: 'bytes=2-4', 'if-range': '"other"' })).toEqual([200, null, '0123456789'])
    expect(await part({ range: 'bytes=0-1,3-4' })).toEqual([200, null, '0123456789'])
    expect(await part({ range: 'bytes=2-4' }, 'HEAD')).toEqual([200, null, ''])
    expect(await part({ 'if-none-match': `"${sha256}"` })).toEqual([304, null, ''])
    const [status, range, text] = await part({ range: 'bytes=10-' })
    expect([status, range]).toEqual([416, 'bytes */10'])
    expect(text).toContain('range-not-satisfiable')
    await remove(id, alice)
  })

  test('may be empty', async () => {
    const { status, body } = await put('', alice)
    expect([status, body.bytes]).toEqual([201, 0])
    expect(await (await read(`/${body.id}/content`, alice)).text()).toBe('')
    await remove(body.id, alice)
  })

  test('of another tenant does not exist', async () => {
    const { id } = (await put('of alice', alice)).body
    for (const path of [`/${id}`, `/${id}/content`]) expect((await read(path, bob)).status).toBe(404)
    expect(await remove(id, bob)).toBe(404)
    expect(((await (await read('', bob)).json()) as { files: unknown[] }).files).toEqual([])
    expect(await (await read(`/${id}/content`, alice)).text()).toBe('of alice')
    await remove(id, alice)
  })

  test('is one of a list, newest first, in pages', async () => {
    const carol = await newTenant('carol')
    const ids: string[] = []
    for (let i = 0; i < 3; i++) ids.unshift((await put(`${i}`, carol, `?name=${i}`)).body.id)
    const page = async (query: string) =>
      (await (await read(query, carol)).json()) as { files: StoredFile[]; next: string | null }
    const first = await page('?limit=2')
    expect(first.files.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    const second = await page(`?limit=2&cursor=${first.next}`)
    expect(second).toMatchObject({ files: [{ id: ids[2] }], next: null })
    for (const id of ids) await remove(id, carol)
  })

  test('that has expired is gone', async () => {
    const { id } = (await put('short', alice, '?ttlSeconds=1')).body
    await eventually('the file expires', async () => (await read(`/${id}`, alice)).status === 404)
  })
})

describe('the same content', () => {
  test('takes room once in a tenant, and goes with its last file; another tenant has its own', async () => {
    const dave = await newTenant('dave')
    const content = Buffer.alloc(100_000, 'same')
    const [one, two] = [(await put(content, dave)).body, (await put(content, dave, '?name=again')).body]
    expect(await stored('dave')).toBe(100_000)
    const other = (await put(content, bob)).body
    expect(await stored('bob')).toBe(100_000)
    await remove(one.id, dave)
    expect((await (await read(`/${two.id}/content`, dave)).arrayBuffer()).byteLength).toBe(100_000)
    await remove(two.id, dave)
    expect(await stored('dave')).toBe(0)
    await remove(other.id, bob)
    await eventually('the store is empty', async () => (await objects()).length === 0)
  })

  test('sent again with its Idempotency-Key makes no second file, and other content is refused', async () => {
    const key = { ...alice, 'idempotency-key': 'once' }
    const first = await put('a', key)
    const second = await put('a', key)
    expect(second.body).toEqual(first.body)
    expect([first, second].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    const other = await put('b', key)
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-mismatch'])
    await remove(first.body.id, alice)
    expect(await stored('alice')).toBe(0)
  })
})

describe('an upload is refused', () => {
  test('that is larger than a file may be, announced or not, and leaves nothing', async () => {
    const announced = await put(Buffer.alloc(MAX + 1), alice)
    expect([announced.status, announced.body.code]).toEqual([413, 'too-large'])
    const chunked = request(files, { method: 'POST', headers: alice })
    chunked.on('error', () => undefined)
    let wanted = true
    const more = () => {
      if (!wanted) return
      if (chunked.write(Buffer.alloc(64 * KIB))) setImmediate(more)
      else chunked.once('drain', () => setImmediate(more))
    }
    more()
    const [res] = (await once(chunked, 'response')) as [IncomingMessage]
    wanted = false
    expect(res.statusCode).toBe(413)
    chunked.destroy()
    expect(await stored('alice')).toBe(0)
  })

  test('that the tenant has no room for, by bytes or by number', async () => {
    const erin = await newTenant('erin')
    const ids: string[] = []
    for (const letter of ['a', 'b']) ids.push((await put(Buffer.alloc(MAX, letter), erin)).body.id)
    const full = await put('c', erin)
    expect([full.status, full.body.code]).toEqual([507, 'storage-quota'])
    expect(full.body.detail).toMatch(/524288 bytes, and 524288 are allowed/)
    // What all tenants together may have is full then, too.
    await put(Buffer.alloc(MAX, 'd'), bob).then(({ body }) => ids.push(body.id))
    const all = await put('e', alice)
    expect([all.status, all.body.code]).toEqual([503, 'storage-full'])
    for (const [index, id] of ids.entries()) await remove(id, index < 2 ? erin : bob)
    const small = await Promise.all(Array.from({ length: 6 }, (_, i) => put(`${i}`, erin)))
    const seventh = await put('7', erin)
    expect([seventh.status, seventh.body.code]).toEqual([507, 'storage-quota'])
    for (const { body } of small) await remove(body.id, erin)
  })

  test('beyond the number of files when those that are on their way are counted', async () => {
    const frank = await newTenant('frank')
    const uploads = Array.from({ length: 6 }, () => request(files, { method: 'POST', headers: frank }))
    for (const upload of uploads) upload.flushHeaders()
    const answers = uploads.map((upload) => once(upload, 'response') as Promise<[IncomingMessage]>)
    const underWay = () => gateway.redis.zcard(gateway.keys.tenantUploads('frank'))
    await eventually('all have begun', async () => (await underWay()) === 6)
    const seventh = await put('7', frank)
    expect([seventh.status, seventh.body.code]).toEqual([507, 'storage-quota'])
    expect(seventh.body.detail).toBe('you have 6 files and uploads under way, and 6 are allowed; delete some first')
    uploads[0]?.destroy()
    await expect(answers[0]).rejects.toThrow()
    await eventually('one is given up', async () => (await underWay()) === 5)
    const eighth = await put('8', frank)
    expect(eighth.status).toBe(201)
    for (const [i, upload] of uploads.slice(1).entries()) upload.end(`${i}`)
    const made = await Promise.all(answers.slice(1))
    expect(made.map(([{ statusCode }]) => statusCode)).toEqual([201, 201, 201, 201, 201])
    for (const [res] of made) res.resume()
    expect(await underWay()).toBe(0)
    const { files: all } = (await (await read('', frank)).json()) as { files: StoredFile[] }
    for (const { id } of all) await remove(id, frank)
  })

  test('never for an upload that a gateway of an older version ended, once its lease is over', async () => {
    const { keys, redis } = gateway
    const records = createFileRecords(redis, keys, {
      ttlSeconds: 60,
      tenantMaxFiles: 1,
      tenantMaxBytes: MAX,
      maxBytes: MAX,
    })
    expect(await records.reserve('first', 'grace', 0, true)).toEqual({ kind: 'reserved' })
    await redis.del(keys.fileUpload('first'))
    await redis.zrem(keys.fileUploads, 'first')
    expect(await records.reserve('second', 'grace', 0, true)).toEqual({ kind: 'files', stored: 1 })
    await redis.zadd(keys.tenantUploads('grace'), 1, 'first')
    expect(await records.reserve('second', 'grace', 0, true)).toEqual({ kind: 'reserved' })
    expect(await redis.zscore(keys.tenantUploads('grace'), 'first')).toBeNull()
    await records.abandon('second')
    expect(await redis.zcard(keys.tenantUploads('grace'))).toBe(0)
    await records.removed(['second'])
  })

  test('with an encoding, a bad type, name or time', async () => {
    expect((await put('x', { ...alice, 'content-encoding': 'gzip' })).body.code).toBe('unsupported-media-type')
    expect((await put('x', { ...alice, 'content-type': 'nothing' })).body.code).toBe('unsupported-media-type')
    for (const query of ['?name=a%0Ab', `?name=${'%C3%A9'.repeat(200)}`, '?ttlSeconds=0', '?path=x']) {
      expect((await put('x', alice, query)).body.code).toBe('invalid-request')
    }
    expect((await put('x', { ...alice, 'idempotency-key': 'a b' })).body.code).toBe('invalid-header')
  })
})

test('an upload whose client goes away leaves nothing', async () => {
  const req = request(files, { method: 'POST', headers: { ...alice, 'content-length': '200000' } })
  req.on('error', () => undefined)
  req.write(Buffer.alloc(100_000))
  await eventually('room is reserved', async () => (await stored('alice')) === 200_000)
  req.destroy()
  await eventually('it is free again', async () => (await stored('alice')) === 0)
  await eventually('the store is empty', async () => (await objects()).length === 0)
})

describe('an operator', () => {
  interface Page {
    files: (StoredFile & { tenant: string })[]
    next: string | null
    storedBytes: number
    maxBytes: number
  }
  let operator: Headers
  beforeAll(async () => {
    operator = (await gateway.makeKey('ops', { scopes: ['admin'] })).headers
  })
  const page = async (query = '', headers = operator) => {
    const response = await fetch(`${gateway.url}/v1/admin/files${query}`, { headers })
    return { status: response.status, body: (await response.json()) as Page }
  }
  const removeAny = async (id: string, headers = operator) =>
    (await fetch(`${gateway.url}/v1/admin/files/${id}`, { method: 'DELETE', headers })).status

  test('sees the files of all tenants or of one, in pages, with what they take and when they expire', async () => {
    const [frank, grace] = [await newTenant('frank'), await newTenant('grace')]
    const first = (await put('12345', frank, '?name=first&ttlSeconds=600')).body
    const second = (await put('123', grace, '?name=second')).body
    const all = (await page('?limit=1')).body
    expect(all).toMatchObject({ files: [{ ...second, tenant: 'grace' }], storedBytes: 8, maxBytes: 3 * MAX })
    const rest = (await page(`?limit=1&cursor=${all.next}`)).body
    expect(rest).toMatchObject({ files: [{ ...first, tenant: 'frank' }], next: null })
    const own = (await page('?tenant=frank')).body
    expect(own).toEqual({ files: [{ ...first, tenant: 'frank' }], next: null, storedBytes: 5, maxBytes: 2 * MAX })
    expect((await page('?tenant=nobody')).body).toMatchObject({ files: [], storedBytes: 0 })
    for (const [id, owner] of [
      [first.id, frank],
      [second.id, grace],
    ] as const)
      await remove(id, owner)
  })

  test('deletes a file of any tenant, which frees its room; others may not', async () => {
    const { id } = (await put('of alice', alice)).body
    expect([(await page('', alice)).status, await removeAny(id, alice)]).toEqual([403, 403])
    expect((await read(`/${id}`, alice)).status).toBe(200)
    expect([await removeAny(id), await removeAny(id)]).toEqual([204, 404])
    expect((await read(`/${id}`, alice)).status).toBe(404)
    expect(await stored('alice')).toBe(0)
    await eventually('the store is empty', async () => (await objects()).length === 0)
  })

  test('is told which query or id cannot be used', async () => {
    for (const query of ['?limit=0', '?limit=101', '?cursor=x', '?tenant=', '?owner=x']) {
      expect([query, (await page(query)).status]).toEqual([query, 422])
    }
    expect(await removeAny('nosuch')).toBe(404)
  })
})

describe('a job that names a file', () => {
  const submit = async (body: object, headers: Headers = alice) => {
    const response = await fetch(`${gateway.url}/v1/jobs`, {
      method: 'POST',
      body: JSON.stringify({ language: 'bash', entrypoint: 'main.sh', ...body }),
      headers: { ...headers, 'content-type': 'application/json' },
    })
    return {
      status: response.status,
      body: (await response.json()) as {
        id: string
        errors?: { pointer: string; detail: string }[]
        warnings?: { pointer: string }[]
      },
    }
  }
  const program = { path: 'main.sh', content: 'cat data' }

  test('is refused when there is no such file of its tenant, or it is no file beside others', async () => {
    const { id } = (await put('data', bob)).body
    const errorsOf = async (...added: object[]) =>
      (await submit({ files: [program, ...added] })).body.errors?.map(({ pointer }) => pointer)
    expect(await errorsOf({ path: 'data', id })).toEqual(['/files/1/id'])
    expect(await errorsOf({ path: 'data', id: 'x' })).toEqual(['/files/1/id'])
    expect(await errorsOf({ path: 'data' })).toEqual(['/files/1/content'])
    expect(await errorsOf({ path: '../data', id }, { path: 'b', id, content: '' })).toEqual([
      '/files/1/path',
      '/files/2/id',
      '/files/1/id',
      '/files/2/id',
    ])
    await remove(id, bob)
  })

  test('is refused when the file is its program, or does not fit into its file system', async () => {
    const { id } = (await put(Buffer.alloc(MAX), alice)).body
    const entry = await submit({ files: [program, { path: 'data', id }], entrypoint: 'data' })
    expect(entry.body.errors).toMatchObject(
      [{ pointer: '/entrypoint', detail: /given by id/ }].map(({ pointer }) => ({ pointer })),
    )
    const small = await submit({ files: [program, { path: 'data', id }], limits: { fileBytes: 65_536 } })
    expect(small.status).toBe(422)
    expect(small.body.errors).toEqual([
      {
        pointer: '/limits/fileBytes',
        detail:
          'is 65536; the files take 266240 bytes; set it to more than that, and /limits/memoryBytes to at least twice as much',
      },
    ])
    await remove(id, alice)
  })

  test('keeps the content of the file while it waits, and lets it go when it is cancelled', async () => {
    const content = Buffer.alloc(1000, 'kept')
    const { id } = (await put(content, alice)).body
    const { status, body } = await submit({ files: [program, { path: 'data', id }] })
    expect(status).toBe(202)
    await remove(id, alice)
    expect((await read(`/${id}`, alice)).status).toBe(404)
    expect(await stored('alice')).toBe(1000)
    expect(await gateway.redis.zcard(gateway.keys.unusedBlobs)).toBe(1)
    await fetch(`${gateway.url}/v1/jobs/${body.id}`, { method: 'DELETE', headers: alice })
    // The sweep looks at it again some time later; here that is now.
    const [blob = ''] = await gateway.redis.zrange(gateway.keys.unusedBlobs, '0', '0')
    await gateway.redis.zadd(gateway.keys.unusedBlobs, '0', blob)
    await remove((await put('other', alice)).body.id, alice)
    await eventually('nothing is left', async () => (await stored('alice')) === 0 && (await objects()).length === 0)
  })

  test('leaves the places of others what they are in what is told of them', async () => {
    const { id } = (await put('data', alice)).body
    const windows = { path: 'main.sh', content: 'cat data\r\n' }
    const { status, body } = await submit({ files: [{ path: 'data', id }, windows] })
    expect([status, body.warnings]).toMatchObject([202, [{ pointer: '/files/1/content' }]])
  })
})
