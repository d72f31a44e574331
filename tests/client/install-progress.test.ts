import { expect, test } from '@jest/globals'
import { createClient } from '../../src/client/client.ts'

const ID = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d10'
const request = { language: 'python', set: 'python/data' }
const SESSION = '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d11'
const started = () => Response.json({ id: SESSION })
const environment = (state: string) => Response.json({ id: ID, state })

const problem = (code: string, status: number) =>
  Response.json(
    { code, status, title: code, detail: code },
    { status, headers: { 'content-type': 'application/problem+json' } },
  )

/**
 * A service that installs: it is ready once `told` resolves.
 * @param starts answers who wants a session; at once unless given
 */
function service(
  told: Promise<void>,
  firstState = 'queued',
  mayInstall = true,
  starts: (times: number) => Promise<Response> = async () => started(),
) {
  let sessions = 0
  const asked: string[] = []
  const answer: typeof fetch = async (url, init) => {
    const path = new URL(url instanceof Request ? url.url : url).pathname
    const prefer = new Headers(init?.headers).get('prefer')
    asked.push([init?.method ?? 'GET', path, ...(prefer === null ? [] : [prefer])].join(' '))
    if (path === '/v1/sessions') return starts(++sessions)
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

const START = 'POST /v1/sessions wait=60'
const dependencies = ['numpy']

test('whoever starts a session with packages is told the same while it is asked for', async () => {
  let resolve = () => {}
  const told = new Promise<void>((done) => (resolve = done))
  const { asked, client } = service(told, 'queued', true, () => told.then(started))
  const heard: string[] = []
  const onProgress = (progress: string) => {
    heard.push(progress)
    resolve()
  }
  const session = await client.sessions.create({ dependencies }, { onProgress })
  expect(session.id).toBe(SESSION)
  expect(heard).toEqual(['installing numpy 2.3.1'])
  expect(asked.filter((one) => one === START)).toHaveLength(1)
})

test.each([true, false])(
  'one whose packages take long is asked for again when they are there: told %s',
  async (isTold) => {
    let resolve = () => {}
    const told = new Promise<void>((done) => (resolve = done))
    const { asked, client } = service(told, 'queued', true, async (times) => {
      if (!isTold) resolve()
      return times === 1 ? problem('unavailable', 503) : started()
    })
    const options = { onProgress: resolve, retries: 1, shouldRetry: () => true }
    const session = await client.sessions.create({ dependencies }, isTold ? options : {})
    expect(session.id).toBe(SESSION)
    expect(asked.filter((one) => one === START)).toHaveLength(2)
    expect(asked.lastIndexOf(START)).toBeGreaterThan(asked.indexOf('POST /v1/environments wait=60'))
  },
)

test('a session that is refused is refused before its packages are there', async () => {
  const never = new Promise<void>(() => {})
  const { client } = service(never, 'queued', true, async () => problem('invalid-request', 422))
  const onProgress = () => undefined
  await expect(client.sessions.create({ dependencies }, { onProgress })).rejects.toMatchObject({
    code: 'invalid-request',
  })
})

test('a session without packages, and one whose start nobody follows, are one request', async () => {
  const onProgress = (progress: string) => expect(progress).toBe('nothing')
  const { asked, client } = service(Promise.resolve())
  await client.sessions.create({}, { onProgress })
  await client.sessions.create({ dependencies })
  expect(asked).toEqual([START, START])
})

test('a key that may not ask for packages has its session all the same', async () => {
  const onProgress = (progress: string) => expect(progress).toBe('nothing')
  const { asked, client } = service(Promise.resolve(), 'queued', false, async (times) =>
    times === 1 ? problem('unavailable', 503) : started(),
  )
  expect((await client.sessions.create({ dependencies }, { onProgress })).id).toBe(SESSION)
  expect(asked).toEqual([START, 'POST /v1/environments wait=0', START])
})

test('a client that does not repeat what failed does so for no session with packages either', async () => {
  let asked = 0
  const answer = async () => {
    asked++
    return problem('rate-limited', 429)
  }
  const client = createClient({ url: 'http://service.test', fetch: answer, shouldRetry: () => false })
  await expect(client.sessions.create({ dependencies })).rejects.toMatchObject({ code: 'rate-limited' })
  expect(asked).toBe(1)
})
