import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { get, post } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

/** What must never stand in a log. */
const SECRET = 'zq7-secret-marker'

interface Line {
  msg: string
  [field: string]: unknown
}

const texts: string[] = []
let platform: TestPlatform
let jobs: string
let headers: { authorization: string }
beforeAll(async () => {
  platform = await startPlatform(
    { AUTH: 'required', LOG_LEVEL: 'trace', KILL_GRACE_MS: '100', RATE_PER_MINUTE: '60', RATE_BURST: '20' },
    (line) => texts.push(line),
  )
  jobs = `${platform.url}/v1/jobs`
  headers = await makeKey(platform, 'alice')
})
afterAll(() => platform.close())

const lines = (): Line[] => texts.map((text) => JSON.parse(text) as Line)
/** The line of a kind, once it is there: the worker and the gateway write after they have answered. */
const toldOf = (kind: string) => eventually(`a line of ${kind}`, () => lines().find((line) => line['kind'] === kind))
/** What was told of a job, once its worker and the request that submitted it have told their last. */
const toldOfJob = (jobId: string) =>
  eventually(`the end of job ${jobId}`, () => {
    const told = lines().filter((line) => line['jobId'] === jobId)
    return ['job ended', 'request'].every((last) => told.some(({ msg }) => msg === last)) ? told : undefined
  })
const submit = (code: string, more: object = {}, extra: Record<string, string> = {}) =>
  post<Job>(jobs, { language: 'bash', code, ...more }, { ...headers, prefer: 'wait=30', ...extra })

describe('the log tells', () => {
  test('the way of a job, each line with the job, its tenant and the request', async () => {
    const answer = await submit('echo x')
    const requestId = answer.headers.get('x-request-id')
    const jobId = answer.body.id
    const told = await toldOfJob(jobId)
    const byGateway = told.filter(({ msg }) => msg === 'job accepted' || msg === 'request')
    const byWorker = told.filter((line) => !byGateway.includes(line))
    expect(byGateway.map(({ msg }) => msg)).toEqual(['job accepted', 'request'])
    expect(byWorker.map(({ msg }) => msg)).toEqual(['job started', 'job ended'])
    const [accepted, answered] = byGateway
    const [started, ended] = byWorker
    const keyId = /ry_([^_]+)_/.exec(headers.authorization)?.[1]
    const common = { jobId, tenant: 'alice', requestId }
    expect(accepted).toMatchObject({ ...common, keyId, language: 'bash', image: null })
    expect(started).toMatchObject({ ...common, attempt: 1 })
    expect(ended).toMatchObject({ ...common, attempt: 1, status: 'succeeded' })
    expect(answered).toMatchObject({
      tenant: 'alice',
      keyId,
      jobId,
      req: { id: requestId, method: 'POST', path: '/v1/jobs' },
      res: { statusCode: 200 },
    })
  })

  test('a submission that screening refused, by rule', async () => {
    const { headers: answered } = await submit(':(){ :|:& };:')
    const told = await toldOf('submission-blocked')
    expect(told).toMatchObject({
      msg: 'security event',
      level: 40,
      tenant: 'alice',
      requestId: answered.get('x-request-id'),
      detail: expect.stringMatching(/^screening refused it: \S/),
    })
  })

  test('a time limit that ended a job', async () => {
    const { body } = await submit('sleep 60', { limits: { wallMs: 200 } })
    const told = await toldOf('time-limit')
    expect(told).toMatchObject({
      msg: 'security event',
      jobId: body.id,
      tenant: 'alice',
      requestId: expect.any(String),
    })
  })

  test('a program that tried the walls of its sandbox', async () => {
    const code = 'import ctypes\nctypes.CDLL(None).mount(b"a", b"/", b"tmpfs", 0, None)\n'
    const { body } = await post<Job>(jobs, { language: 'python', code }, { ...headers, prefer: 'wait=30' })
    const told = await toldOf('escape-attempt')
    expect(told).toMatchObject({ jobId: body.id, tenant: 'alice', detail: 'the program tried mount' })
    expect(JSON.stringify(body)).not.toContain('refusedCalls')
  })

  test('a key that is not valid, and a rate that was exceeded', async () => {
    await get(jobs, { authorization: `Bearer ry_abcdefabcdef_${SECRET}` })
    expect(await toldOf('authentication-failed')).toMatchObject({ address: '127.0.0.1' })
    const limited = await makeKey(platform, 'limited', { rate: { perMinute: 1, burst: 1 } })
    for (let i = 0; i < 3; i++) await post(jobs, { language: 'bash', code: 'true' }, limited)
    expect(await toldOf('rate-limited')).toMatchObject({ tenant: 'limited' })
  })
})

test('no line has code, input, environment, keys, queries or output', async () => {
  const more = { stdin: SECRET, env: { WORD: SECRET }, args: [SECRET], metadata: { note: SECRET } }
  const { body } = await submit(`echo ${SECRET}; cat; echo $WORD`, more)
  expect(body.status).toBe('succeeded')
  await submit(`:(){ :|:& };: # ${SECRET}`)
  await submit(`echo ${SECRET}`, { colour: SECRET })
  await post(jobs, `{"language":"bash","code":"${SECRET}`, headers)
  await get(`${jobs}?note=${SECRET}`, headers)
  await fetch(`${platform.url}/v1/jobs`, { headers: { ...headers, cookie: SECRET, referer: SECRET } })
  await fetch(`${platform.url}/v1/jobs/${headers.authorization.slice('Bearer '.length)}`, { headers })
  await toldOfJob(body.id)
  const all = texts.join('')
  expect(all).not.toContain(SECRET)
  expect(all).not.toContain(headers.authorization.split('_')[2])
})
