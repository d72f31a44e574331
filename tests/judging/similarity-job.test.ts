import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createClient } from '../../src/client/client.ts'
import type { Job } from '../../src/shared/job.ts'
import type { Comparison, Similarity } from '../../src/shared/judging/similarity.ts'
import { tar } from '../support/archives.ts'
import { get, post, runJob } from '../support/client.ts'
import { loadServices } from '../support/load-services.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform, testRoot } from '../support/platform.ts'

type Key = { authorization: string }
let platform: TestPlatform
let acme: Key
let other: Key
let ops: Key
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required' })
  acme = await makeKey(platform, 'acme')
  other = await makeKey(platform, 'other')
  ops = await makeKey(platform, 'ops', { scopes: ['admin'] })
})
afterAll(() => platform.close())

const HOSTILE = '</pre><script>alert(1)</script>'
/** Long enough to have fingerprints, and no repetition of itself. */
const solution = (name: string, text: string) => `
read -r ${name} other
if [ "$${name}" -gt 3 ]; then total=$((${name} * 2 + other)); else total=$((other - 1)); fi
for step in 1 2 3; do case "$step" in 1) total=$((total % 7));; *) total=$((total | step));; esac; done
while [ "$total" -lt 10 ]; do total=$((total + ${name})); done # ${text}
printf '%s\\n' "$total" | tr -d ' ' | sort -u
`
const OTHER = 'cat > /dev/null\necho "$(seq 9 | head -n 2 | wc -l)" && true || exit 3\n'

async function storeProblem(): Promise<string> {
  const archive = tar([
    ['1.in', '1 2'],
    ['1.ans', '3'],
  ]).toString('base64')
  return (await post<{ id: string }>(`${platform.url}/v1/problems`, { name: '<b>Sum</b>', archive }, acme)).body.id
}
async function submit(problem: string, code: string, endUser: string): Promise<Job> {
  const request = { language: 'bash', code, problem, endUser }
  return runJob(platform.url, request, acme)
}
const at = (problem: string, more = '') => `${platform.url}/v1/problems/${problem}/similarity${more}`
const compare = (problem: string) => post<Comparison>(at(problem), '', { ...acme, prefer: 'wait=60' })

test('similar submissions are found by a worker, and quoted from submissions that are still there', async () => {
  const problem = await storeProblem()
  expect((await get(at(problem), acme)).body['detail']).toMatch(/not compared yet/)
  const [one, two] = [
    await submit(problem, solution('mine', HOSTILE), 's<1>'),
    await submit(problem, solution('yours', HOSTILE), 's2'),
  ]
  await submit(problem, OTHER, 's3')

  const ended = await compare(problem)
  expect(ended).toMatchObject({ status: 200, body: { state: 'finished', progress: null, compared: 3 } })
  expect(ended.headers.get('preference-applied')).toBe('wait=60')
  expect(ended.headers.get('location')).toBe(`/v1/problems/${problem}/similarity`)

  const { status, body } = await get<Similarity>(at(problem, '?code=true&wait=5'), acme)
  expect([status, body.id]).toEqual([200, ended.body.id])
  expect(body.pairs).toHaveLength(1)
  const [pair] = body.pairs
  expect(new Set([pair?.first, pair?.second])).toEqual(new Set([one.id, two.id]))
  expect(new Set(Object.values(pair?.endUsers ?? {}))).toEqual(new Set(['s2', 's<1>']))
  expect(pair?.parts[0]?.first.code).toContain(HOSTILE)

  const page = await fetch(at(problem, '/report?least=40'), { headers: acme })
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-.*; sandbox$/)
  expect(page.headers.get('cache-control')).toBe('no-store')
  const html = await page.text()
  expect(html).toContain('&lt;b&gt;Sum&lt;/b&gt;')
  expect(html).toContain('s&lt;1&gt;')
  expect(html).toContain('&lt;/pre&gt;&lt;script&gt;')
  expect(html).not.toMatch(/<script|<b>/)

  // For its tenant alone, and for operators.
  const statuses = await Promise.all(
    ['', '/report'].map(async (more) => (await fetch(at(problem, more), { headers: other })).status),
  )
  expect(statuses).toEqual([404, 404])
  expect((await post(at(problem), '', other)).status).toBe(404)
  const admin = `${platform.url}/v1/admin/problems/${problem}/similarity`
  expect((await fetch(`${admin}/report?tenant=acme`, { headers: acme })).status).toBe(403)
  expect((await fetch(`${admin}/report?tenant=other`, { headers: ops })).status).toBe(404)
  expect(await (await fetch(`${admin}/report?tenant=acme&least=40`, { headers: ops })).text()).toBe(html)
  const again = await post<Comparison>(`${admin}?tenant=acme`, '', ops)
  expect(again.status).toBe(202)
  expect(again.body.id).not.toBe(body.id)

  const client = createClient({ url: platform.url, key: acme.authorization.replace('Bearer ', '') })
  const told: string[] = []
  const found = await client.compareSubmissions(problem, { onProgress: ({ state }) => void told.push(state) })
  expect(told.length).toBeGreaterThan(0)
  expect(found.pairs).toHaveLength(1)
  expect(found.pairs[0]?.parts[0]?.first).not.toHaveProperty('code')
  expect(await client.similarityReport(problem, { least: 40 })).toContain('3 submissions compared')

  // One that another comparison has taken the place of.
  await expect(client.similarityReport(problem, { comparison: body.id })).rejects.toMatchObject({ code: 'not-found' })
  expect(await client.similarityReport(problem, { comparison: found.id })).toContain('3 submissions compared')

  await withRedis(async (redis, keys) => {
    // As after the loss of what the queue had of it.
    const lost = { ...found, pairs: undefined, id: body.id, state: 'queued', finishedAt: null }
    const record = JSON.stringify({ tenant: 'acme', problem, view: lost })
    await redis.hset(keys.problemSimilarity(problem), 'record', record)
  })
  expect((await get<Similarity>(at(problem, '?wait=60'), acme)).body).toMatchObject({ id: body.id, state: 'finished' })

  await forget(one.id)
  expect((await client.similarity(problem)).pairs).toEqual([])
  expect(await client.similarityReport(problem)).not.toContain(two.id)

  expect((await fetch(`${platform.url}/v1/problems/${problem}`, { method: 'DELETE', headers: acme })).status).toBe(204)
  expect((await get(at(problem), acme)).status).toBe(404)
})

type Services = Awaited<ReturnType<typeof loadServices>>

async function withRedis(
  use: (redis: ReturnType<Services['connectRedis']>, keys: ReturnType<Services['createKeys']>) => Promise<void>,
): Promise<void> {
  const { connectRedis, createKeys, loadConfig, pino } = await loadServices()
  const { redis: address } = loadConfig(testRoot, { REDIS_URL: process.env['RUNYARD_TEST_REDIS'] })
  if (!address) throw new Error('RUNYARD_TEST_REDIS is not set; run the tests with npm run test:jest')
  const redis = connectRedis(address, 'wait', 'test-expiry', pino({ level: 'silent' }))
  try {
    await use(redis, createKeys(platform.namespace))
  } finally {
    redis.disconnect()
  }
}

/** As when its result expires. */
const forget = (job: string) => withRedis(async (redis, keys) => expect(await redis.del(keys.job(job))).toBe(1))
