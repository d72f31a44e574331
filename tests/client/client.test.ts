import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient, type RunyardError, type StreamedEvent } from '../../src/client/client.ts'
import { makeKey } from '../support/make-key.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
import { tar } from '../support/archives.ts'
import { openTcpLink, type TcpLink } from '../support/tcp-link.ts'

let platform: TestPlatform
let link: TcpLink
/** Talks to the gateway through a link that can be cut. */
let linked: ReturnType<typeof createClient>
let client: ReturnType<typeof createClient>
beforeAll(async () => {
  platform = await startPlatform({ ARTIFACT_MAX_BYTES: '65536' })
  link = await openTcpLink({ port: Number(new URL(platform.url).port), host: '127.0.0.1' })
  linked = createClient({ url: `http://127.0.0.1:${link.port}` })
  client = createClient({ url: platform.url })
})
afterAll(async () => {
  await link.close()
  await platform.close()
})

const python = (code: string) => ({ language: 'python', code })
const failure = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: RunyardError) => error,
  )
const stdoutOf = (events: StreamedEvent[]) =>
  events.map((event) => (event.type === 'stdout' ? event.data.data : '')).join('')

/** A `fetch` that asks the service to wait for one second where the client asks for sixty. */
const impatient: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers)
  if (headers.has('prefer')) headers.set('prefer', 'wait=1')
  return fetch((input as string).replace('wait=60', 'wait=1'), { ...init, headers })
}

test('`run` gives the finished job, a program that fails included', async () => {
  const job = await client.run({ ...python('import sys; print(input()); sys.exit(3)'), stdin: 'hello' })
  expect(job).toMatchObject({ state: 'finished', status: 'failed', stages: [{ exitCode: 3, stdout: 'hello\n' }] })
})

test('`run` waits for longer than the service does at one time', async () => {
  const patient = createClient({ url: platform.url, fetch: impatient })
  const job = await patient.run(python('import time; time.sleep(2.5); print("late")'))
  expect(job).toMatchObject({ status: 'succeeded', stages: [{ stdout: 'late\n' }] })
})

test('what is sent again because its answer was lost runs once', async () => {
  let sent = 0
  const lossy: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (init?.method !== 'POST' || ++sent > 2) return answer
    await answer.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  const metadata = { mark: 'sent thrice' }
  const job = await createClient({ url: platform.url, fetch: lossy }).run({ ...python('print(1)'), metadata })
  expect(sent).toBe(3)
  const marked: string[] = []
  for await (const one of client.list()) if (one.metadata['mark'] === metadata.mark) marked.push(one.id)
  expect(marked).toEqual([job.id])
})

test('a key for the request makes two calls one job, and another request with it is refused', async () => {
  const idempotencyKey = `own-${Date.now()}`
  const one = await client.submit(python('print(2)'), { idempotencyKey })
  expect((await client.run(python('print(2)'), { idempotencyKey })).id).toBe(one.id)
  expect(await failure(client.submit(python('print(3)'), { idempotencyKey }))).toMatchObject({
    name: 'RunyardError',
    status: 422,
    code: 'idempotency-mismatch',
  })
})

test('an error tells which fields are wrong, and nothing is tried again', async () => {
  let sent = 0
  const counting: typeof fetch = (input, init) => (sent++, fetch(input, init))
  const error = await failure(
    createClient({ url: platform.url, fetch: counting }).run({ ...python(''), limits: { wallMs: 10 ** 9 } }),
  )
  expect(error).toMatchObject({ status: 422, code: 'invalid-request', errors: [{ pointer: '/limits/wallMs' }] })
  expect(error.message).toBe(error.detail)
  expect(error.requestId).not.toBeNull()
  expect(sent).toBe(1)
})

test('screening’s findings come with the refusal', async () => {
  const error = await failure(client.run(python('import os\nos.system("rm -rf /")\n')))
  expect(error).toMatchObject({
    status: 403,
    code: 'submission-blocked',
    violations: [{ line: 2, rule: 'destructive-remove' }, { line: 2 }],
  })
})

test('a service that is not there is `unreachable`, after as many attempts as were asked for', async () => {
  let sent = 0
  const counting: typeof fetch = (input, init) => (sent++, fetch(input, init))
  const nobody = createClient({ url: 'http://127.0.0.1:1', fetch: counting, retries: 1 })
  expect(await failure(nobody.runtimes())).toMatchObject({ code: 'unreachable', status: 0 })
  expect(sent).toBe(2)
})

test('a signal ends each call with its reason', async () => {
  const reason = new Error('no longer')
  const { id } = await client.submit(python('import time; time.sleep(20)'))
  const after = (ms: number) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(reason), ms)
    return controller.signal
  }
  expect(await failure(client.wait(id, { signal: after(100) }))).toBe(reason)
  const read = async () => {
    for await (const _event of client.stream(id, { signal: after(100) })) continue
  }
  expect(await failure(read())).toBe(reason)
  expect(await failure(client.get(id, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  const { status } = await client.cancel(id)
  expect(status).toBe('cancelled')
})

test('`stream` gives typed events in their order, from the first to the result', async () => {
  const { id } = await client.submit(python('import sys; print("out"); print("err", file=sys.stderr)'))
  const events: StreamedEvent[] = []
  for await (const event of client.stream(id)) events.push(event)
  expect(events[0]).toMatchObject({ type: 'state', data: { state: 'queued' } })
  expect(events.at(-1)).toMatchObject({ type: 'result', data: { id, status: 'succeeded' } })
  expect(stdoutOf(events)).toBe('out\n')
  const rest: StreamedEvent[] = []
  for await (const event of client.stream(id, { after: events.at(-2)?.id })) rest.push(event)
  expect(rest).toEqual(events.slice(-1))
})

test('`stream` goes on by itself when the connection is cut, with nothing lost and nothing twice', async () => {
  const { id } = await client.submit(
    python('import time\nfor i in range(30):\n    print(i, flush=True)\n    time.sleep(0.1)\n'),
  )
  const events: StreamedEvent[] = []
  let cuts = 0
  const told: boolean[] = []
  for await (const event of linked.stream(id, { onConnection: (connected) => told.push(connected) })) {
    events.push(event)
    if (event.type === 'stdout' && cuts < 2 && events.length > 6 * (cuts + 1)) {
      cuts += 1
      link.cut()
      setTimeout(() => link.mend(), 300)
    }
  }
  expect(cuts).toBe(2)
  expect(told.filter(Boolean)).toHaveLength(3)
  expect([told.at(0), told.at(-1), told.includes(false)]).toEqual([true, true, true])
  expect(stdoutOf(events)).toBe(Array.from({ length: 30 }, (_, i) => `${i}\n`).join(''))
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length)
})

test('`stream` of a job that is not there is refused at once', async () => {
  const read = async () => {
    for await (const _event of client.stream('01890a5d-ac96-774b-bcce-b302099a8057')) continue
  }
  expect(await failure(read())).toMatchObject({ status: 404, code: 'not-found' })
})

describe('`interactive`', () => {
  test('talks to a program: input in any size, its end, and the result', async () => {
    const job = await client.interactive(python('import sys\nprint(len(sys.stdin.read()))'))
    await job.write('é'.repeat(300_000))
    await job.write(new Uint8Array([0x41, 0x42]))
    await job.end()
    const events: StreamedEvent[] = []
    for await (const event of job) events.push(event)
    expect(stdoutOf(events)).toBe('300002\n')
    expect(await job.result).toMatchObject({ status: 'succeeded' })
    expect(await failure(job.write('more'))).toMatchObject({ code: 'job-ended' })
  })

  test('sends signals, and tells what is refused', async () => {
    const code =
      'import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: exit(7))\nprint("ready", flush=True)\ntime.sleep(20)'
    const job = await client.interactive(python(code))
    await job.end()
    expect(await failure(job.write('late'))).toMatchObject({ code: 'input-closed' })
    for await (const event of job) if (event.type === 'stdout') await job.signal('SIGUSR1')
    expect((await job.result).stages[0]?.exitCode).toBe(7)
  })

  test('goes on by itself when the connection is cut, with every line answered once', async () => {
    const told: boolean[] = []
    const onConnection = (connected: boolean) => void told.push(connected)
    const job = await linked.interactive(python('while True:\n    print(input() * 2, flush=True)'), { onConnection })
    const lines = Array.from({ length: 20 }, (_, i) => `<${i}>`)
    const writing = (async () => {
      for (const [at, line] of lines.entries()) {
        if (at === 5 || at === 12) {
          link.cut()
          setTimeout(() => link.mend(), 300)
        }
        await job.write(`${line}\n`)
      }
      await job.end()
    })()
    const events: StreamedEvent[] = []
    for await (const event of job) events.push(event)
    await writing
    expect(stdoutOf(events)).toBe(lines.map((line) => `${line}${line}\n`).join(''))
    expect([told.at(0), told.at(-1), told.includes(false)]).toEqual([true, true, true])
  })

  test('says why a job cannot be talked to', async () => {
    const job = await client.interactive('01890a5d-ac96-774b-bcce-b302099a8057')
    expect(await failure(job.result)).toMatchObject({ status: 404, code: 'not-found' })
    expect(await failure(job.write('x'))).toMatchObject({ code: 'not-found' })
  })

  test('is left by `close`, and the job goes on', async () => {
    const job = await client.interactive(python('print(input())'))
    job.close()
    for await (const _event of job) continue
    expect(await failure(job.result)).toMatchObject({ code: 'connection-closed' })
    const again = await client.interactive(job.id)
    await again.write('still here\n')
    expect(await again.result).toMatchObject({ status: 'succeeded' })
  })
})

test('`list` reads page after page, narrowed', async () => {
  const { jobs } = await client.batch([1, 2, 3, 4, 5].map((exit) => python(`exit(${exit})`)))
  for (const id of jobs) await client.wait(id)
  const ids: string[] = []
  for await (const { id, status } of client.list({ status: 'failed', pageSize: 2 })) {
    expect(status).toBe('failed')
    ids.push(id)
    if (ids.length === 5) break
  }
  expect(ids.toSorted()).toEqual(jobs.toSorted())
})

test('a batch is read as a whole, and refused as a whole', async () => {
  const { id, jobs } = await client.batch([python('print(1)'), python('print(2)')])
  expect(await client.waitBatch(id)).toMatchObject({ counts: { finished: 2, queued: 0, running: 0 } })
  expect(await client.cancelBatch(id)).toMatchObject({ counts: { finished: 2, cancelled: 0 } })
  expect(await client.getBatch(id)).toMatchObject({ counts: { finished: 2 }, jobs: jobs.map((one) => ({ id: one })) })
  const error = await failure(client.batch([python('1'), { ...python('1'), limits: { wallMs: 0 } }]))
  expect(error.errors).toMatchObject([{ pointer: '/jobs/1/limits/wallMs' }])
})

test('a problem is stored, validated, exported, replaced, checked and judged again', async () => {
  const { problems } = client
  const folder = (answer: string) =>
    tar([
      ['1.in', '2'],
      ['1.ans', answer],
      ['submissions/accepted/a.py', 'print(int(input()) ** 2)'],
    ])
  expect(await problems.validate('Square', folder('5'))).toMatchObject({
    format: 'folder',
    examples: [{ name: 'accepted/a.py' }],
  })
  const { id, version } = await problems.create('Square', folder('5'))
  expect([version, (await problems.list())[0]?.id]).toEqual([1, id])
  const job = await client.run({ ...python('print(4)'), problem: id })
  expect(job.judging).toMatchObject({ verdict: 'wrong-answer', problem: { id, version: 1 } })
  expect(await problems.replace(id, 'Square', folder('4'))).toMatchObject({ version: 2 })
  expect(await problems.create('Copy', await problems.export(id))).toMatchObject({ tests: 1, submissions: 1 })
  expect(await problems.get(id)).toMatchObject({ name: 'Square', version: 2 })

  await client.waitBatch((await problems.check(id)).batch)
  expect(await problems.report(id)).toMatchObject({ state: 'passed', submissions: [{ name: 'accepted/a.py' }] })
  const { batch, jobs, left } = await problems.rejudge(id)
  expect([jobs.map(({ again }) => again.id), left]).toEqual([[job.id], []])
  const told: number[] = []
  const ended = await client.waitBatch(batch, { onProgress: ({ finished }) => told.push(finished) })
  expect(told.at(-1)).toBe(1)
  expect(ended.jobs[0]?.judging).toMatchObject({ verdict: 'accepted', problem: { id, version: 2 } })

  await problems.remove(id)
  expect(await failure(problems.get(id))).toMatchObject({ code: 'not-found' })
  const wrong = await failure(problems.create('None', tar([['1.in', '']])))
  expect(wrong.errors).toMatchObject([{ pointer: '/archive', detail: expect.stringContaining('has no answer') }])
})

test('artifacts come as bytes, whatever their names', async () => {
  const code = 'import os\nos.mkdir("a b")\nopen("a b/ü#?.bin", "wb").write(bytes(range(256)))'
  const { id, artifacts } = await client.run({ ...python(code), artifacts: ['**/*.bin'] })
  expect(artifacts).toMatchObject([{ path: 'a b/ü#?.bin', bytes: 256 }])
  expect([...(await client.artifact(id, 'a b/ü#?.bin'))]).toEqual(Array.from({ length: 256 }, (_, i) => i))
})

test('a kept request can be read, and run again', async () => {
  const { id } = await client.run({ ...python('print("again")'), keepRequest: true })
  const request = await client.getRequest(id)
  expect(request).toMatchObject({ language: 'python', code: 'print("again")' })
  if ('language' in request) expect((await client.run(request)).stages[0]?.stdout).toBe('again\n')
})

test('`runtimes` tells of the languages', async () => {
  const runtimes = await client.runtimes()
  expect(runtimes.find(({ language }) => language === 'python')).toMatchObject({ installed: true, fileName: 'main.py' })
})

test('a limit of the rate is waited for, and what asks for a key says so', async () => {
  const strict = await startPlatform({ AUTH: 'required' })
  try {
    const error = await failure(createClient({ url: strict.url }).run(python('1')))
    expect(error).toMatchObject({ status: 401, code: 'unauthenticated' })
    let key: string | undefined
    const keyed = createClient({ url: strict.url, key: () => key })
    expect(await failure(keyed.runtimes())).toMatchObject({ status: 401 })
    key = (await makeKey(strict, 'me')).authorization.slice('Bearer '.length)
    expect((await keyed.runtimes()).length).toBeGreaterThan(3)
  } finally {
    await strict.close()
  }
  const slow = await startPlatform({ RATE_PER_MINUTE: '60', RATE_BURST: '1' })
  try {
    const told: { code: string; pauseMs: number }[] = []
    const onRetry = ({ code }: RunyardError, pauseMs: number) => void told.push({ code, pauseMs })
    const limited = createClient({ url: slow.url, onRetry })
    const began = performance.now()
    const jobs = await Promise.all([1, 2, 3].map((n) => limited.submit(python(`print(${n})`))))
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(3)
    expect(told.length).toBeGreaterThanOrEqual(2)
    for (const { code, pauseMs } of told) {
      expect(code).toBe('rate-limited')
      expect(pauseMs).toBeGreaterThanOrEqual(1000)
    }
    for (const { id } of jobs) await limited.wait(id)
  } finally {
    await slow.close()
  }
})

test('files are stored, listed, read whole and in part, used in a job and removed', async () => {
  const content = new Uint8Array(300_000).map((_, i) => (i * 7919) % 256)
  const made = await client.files.put(new Blob([content], { type: 'image/png' }), { name: 'a b.png', ttlSeconds: 600 })
  expect(made).toMatchObject({ name: 'a b.png', bytes: 300_000, contentType: 'image/png' })
  expect(await client.files.get(made.id)).toEqual(made)
  const streamed = await client.files.put(new Blob(['streamed']).stream())
  const listed: string[] = []
  for await (const { id } of client.files.list()) listed.push(id)
  expect(listed.slice(0, 2)).toEqual([streamed.id, made.id])
  expect(Buffer.from(await client.files.read(made.id)).equals(content)).toBe(true)
  expect(await client.files.read(made.id, { start: 10, end: 19 })).toEqual(content.slice(10, 20))
  const pieces: Uint8Array[] = []
  for await (const piece of client.files.stream(made.id, { start: 299_000 })) pieces.push(piece)
  expect(Buffer.concat(pieces).equals(content.slice(299_000))).toBe(true)
  const code = "print(open('data').read())"
  const files = [
    { path: 'main.py', content: code },
    { path: 'data', id: streamed.id },
  ]
  expect(await client.run({ language: 'python', files })).toMatchObject({ stages: [{ stdout: 'streamed\n' }] })
  for (const id of listed.slice(0, 2)) await client.files.remove(id)
  expect(await failure(client.files.get(made.id))).toMatchObject({ code: 'not-found' })
})

test('an upload whose answer was lost is sent again, and is one file', async () => {
  let sent = 0
  const lossy: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init)
    if (init?.method !== 'POST' || ++sent > 1) return answer
    await answer.arrayBuffer()
    throw new TypeError('fetch failed')
  }
  const patient = createClient({ url: platform.url, fetch: lossy })
  const { id } = await patient.files.put('sent twice')
  expect(sent).toBe(2)
  const listed: string[] = []
  for await (const file of client.files.list()) listed.push(file.id)
  expect(listed).toEqual([id])
  await client.files.remove(id)
})
