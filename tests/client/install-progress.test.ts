import { expect, test } from '@jest/globals'
import { createClient } from '../../src/client/client.ts'

const ID = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d10'
const request = { language: 'python', set: 'python/data' }
const SESSION = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d11'
const environment = (state: string) => Response.json({ id: ID, state })

const problem = (code: string, status: number) =>
  Response.json(
    { code, status, title: code, detail: code },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )

/** A service that installs: it is ready once `told` resolves. */
function service(told: Promise<void>, firstState = 'queued', mayInstall = true) {
  const asked: string[] = []
  const answer: typeof fetch = async (url, init) => {
    const path = new URL(url instanceof Request ? url.url : url).pathname
    const prefer = new Headers(init?.headers).get('prefer')
    asked.push([init?.method ?? 'GET', path, ...(prefer === null ? [] : [prefer])].join(' '))
    if (path === '/v1/sessions') return Response.json({ id: SESSION })
    if (!mayInstall) return problem('insufficient-scope', 403)
    if (path.endsWith('/events')) {
      const data = JSON.stringify({ state: 'building', progress: 'installing numpy 2.3.1', error: null })
      const body = new ReadableStream<Uint8Array>({
        start(stream) {
          stream.enqueue(new TextEncoder().encode(`id: 1\nevent: building\ndata: ${data}\n\n`))
          init?.signal?.addEventListener('abort', () => stream.error(new Error('aborted')))
        },
      })
      return new Response(body)
    }
    if (prefer === 'wait=0') return environment(firstState)
    await told
    return environment('ready')
  }
  return { asked, client: createClient({ url: 'http://service.test', fetch: answer, retries: 0 }) }
}

test('whoever has packages installed is told what is done meanwhile', async () => {
  let resolve = () => {}
  const { asked, client } = service(new Promise((done) => (resolve = done)))
  const heard: string[] = []
  const onProgress = (progress: string) => {
    heard.push(progress)
    resolve()
  }
  expect(await client.environments.create(request, { onProgress })).toEqual({ id: ID, state: 'ready' })
  expect(heard).toEqual(['installing numpy 2.3.1'])
  expect(asked).toContain(`GET /v1/environments/${ID}/events`)
})

test('of packages that are there already nothing is told, and it is asked once', async () => {
  const { asked, client } = service(Promise.resolve(), 'ready')
  const onProgress = (progress: string) => expect(progress).toBe('nothing')
  expect(await client.environments.create(request, { onProgress })).toEqual({ id: ID, state: 'ready' })
  expect(asked).toEqual(['POST /v1/environments wait=0'])
})

test('whoever starts a session with packages is told the same, and the session is asked for when they are there', async () => {
  let resolve = () => {}
  const { asked, client } = service(new Promise((done) => (resolve = done)))
  const heard: string[] = []
  const onProgress = (progress: string) => {
    heard.push(progress)
    resolve()
  }
  const session = await client.sessions.create({ dependencies: ['numpy'] }, { onProgress })
  expect(session.id).toBe(SESSION)
  expect(heard).toEqual(['installing numpy 2.3.1'])
  expect(asked.indexOf('POST /v1/sessions wait=60')).toBe(asked.length - 1)
})

test('a session without packages, one whose start nobody follows, and a key that may not ask are one request, or go on', async () => {
  const onProgress = (progress: string) => expect(progress).toBe('nothing')
  const { asked, client } = service(Promise.resolve())
  await client.sessions.create({}, { onProgress })
  await client.sessions.create({ dependencies: ['numpy'] })
  expect(asked).toEqual(['POST /v1/sessions wait=60', 'POST /v1/sessions wait=60'])

  const other = service(Promise.resolve(), 'queued', false)
  expect((await other.client.sessions.create({ dependencies: ['numpy'] }, { onProgress })).id).toBe(SESSION)
  expect(other.asked).toEqual(['POST /v1/environments wait=0', 'POST /v1/sessions wait=60'])
})
