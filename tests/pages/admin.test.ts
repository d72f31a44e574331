import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { Locator } from 'playwright-core'
import type { Job } from '../../src/shared/job.ts'
import { get, post } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { openTcpLink } from '../support/tcp-link.ts'
import { seriousFaults } from './support/accessibility.ts'
import { NETWORK_FAULTS, startBrowser, type TestBrowser, type TestPage } from './support/browser.ts'
import { goTo, openDashboard, soon, tile } from './support/operator.ts'
import { smallTargets } from './support/targets.ts'

let platform: TestPlatform
let browser: TestBrowser
let receiver: Server
let answer = 500
let admin: { authorization: string }
let acme: { authorization: string }
let opened: TestPage | undefined
beforeAll(async () => {
  receiver = createServer((req, res) => {
    req.resume()
    // The next attempt is an hour away: what the page shows of this one stays.
    res.writeHead(answer, answer === 500 ? { 'retry-after': '3600' } : {}).end('<b>not now</b>')
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  platform = await startPlatform({
    AUTH: 'optional',
    TRUST_PROXY: 'loopback',
    WORKER_CONCURRENCY: '1',
    WEBHOOK_ALLOW: '127.0.0.0/8',
  })
  admin = await makeKey(platform, 'ops', { scopes: ['admin'], name: 'operator' })
  acme = await makeKey(platform, 'acme', { name: 'shop' })
  browser = await startBrowser()
})
afterEach(async () => {
  const last = opened
  opened = undefined
  await last?.close()
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
  receiver.close()
})

const open = async (options: Parameters<TestBrowser['open']>[1] = {}) => {
  opened = await openDashboard(browser, platform, admin.authorization, options)
  return opened.page
}
const submit = async (request: Record<string, unknown>) =>
  (await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', ...request }, acme)).body
const run = async (request: Record<string, unknown>) =>
  (await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', ...request }, { ...acme, prefer: 'wait=30' })).body

describe('jobs', () => {
  test('are found by id, tenant and how they ended', async () => {
    const failed = await run({ code: 'exit 3' })
    const other = await run({ code: 'echo fine' })
    const page = await open()
    await goTo(page, 'Jobs')
    const ids = () => page.locator('tbody td[data-label="Job"]').allTextContents()
    await page.getByLabel('Ended').selectOption('failed')
    await soon(async () => (await ids()).join(), failed.id)
    await page.getByLabel('Ended').selectOption('')
    await page.getByLabel('Id').fill(other.id)
    await soon(async () => (await ids()).join(), other.id)
    await page.getByLabel('Tenant').fill('nobody')
    await page.getByText('No jobs match.').waitFor()
    await page.reload()
    expect(await page.getByLabel('Tenant').inputValue()).toBe('nobody')
  })

  test('of a page that comes once another filter was chosen are not shown among those of that filter', async () => {
    const { id } = await run({ code: 'exit 3' })
    const { body: job } = await get<Job>(`${platform.url}/v1/admin/jobs/${id}`, admin)
    const row = (name: string) => ({ ...job, id: id.replace(/.{8}$/, name), tenant: 'acme' })
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const page = await open()
    await page.route(/\/v1\/admin\/jobs\?/, async (route) => {
      const search = new URL(route.request().url()).searchParams
      const isOlder = search.has('cursor')
      if (isOlder) await held
      const name = search.has('status') ? 'filtered' : isOlder ? 'older___' : 'first___'
      await route.fulfill({ json: { jobs: [row(name)], next: name === 'first___' ? 'more' : null } })
    })
    await goTo(page, 'Jobs')
    const ids = async () =>
      (await page.locator('tbody td[data-label="Job"]').allTextContents()).map((text) => text.slice(-8))
    await page.getByRole('button', { name: 'Show older' }).click()
    await page.getByLabel('Ended').selectOption('failed')
    await soon(ids, ['filtered'])
    const late = page.waitForResponse((response) => response.url().includes('cursor='))
    release()
    await (await late).finished()
    // The page has had the late one when it asks for its list once more.
    await page.waitForResponse((response) => response.url().includes('status=failed'))
    expect(await ids()).toEqual(['filtered'])
  })

  test('show their output as it comes, as text, and can be cancelled', async () => {
    const code = `printf '<img src=x onerror=alert(1)>\\033]8;;http://evil.example\\033\\\\ \\u202eabc\\n'; echo oops >&2; while true; do echo tick; sleep 0.2; done`
    const { id } = await submit({ code })
    const page = await open()
    await goTo(page, 'Jobs')
    await page.getByRole('link', { name: id }).click()
    const output = page.getByRole('log', { name: 'Output of the job' })
    await output.getByText('oops').waitFor()
    expect(await output.textContent()).toContain('<img src=x onerror=alert(1)>')
    expect(await output.locator('img, a, script').count()).toBe(0)
    expect(await output.locator('.stderr').first().textContent()).toBe('oops')
    const lines = async () => (await output.textContent())?.split('tick').length ?? 0
    const before = await lines()
    await expect(
      page.waitForFunction(
        (count) => (document.querySelector('.output')?.textContent?.split('tick').length ?? 0) > count + 3,
        before,
      ),
    ).resolves.toBeDefined()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('button', { name: 'Cancel the job' }).click()
    await page.getByText('The job was cancelled.').waitFor()
    await page.locator('.facts').getByText('Cancelled').waitFor()
    expect((await get<Job>(`${platform.url}/v1/jobs/${id}`, acme)).body.status).toBe('cancelled')
  })

  test('run again, as a job of their own', async () => {
    const { id } = await run({ code: 'read name; echo "hello $name"', stdin: 'Ada\n' })
    const page = await open()
    await page.goto(`${platform.url}/admin/jobs/${id}`)
    await page.getByRole('button', { name: 'Run again …' }).click()
    const question = page.getByRole('dialog', { name: 'Run this job again?' })
    await question.getByText('a new job of the tenant acme').waitFor()
    expect(page.url()).toContain(id)
    await question.getByRole('button', { name: 'Run again' }).click()
    await page.waitForURL((url) => !url.pathname.endsWith(id))
    await page.getByRole('log', { name: 'Output of the job' }).getByText('hello Ada').waitFor()
    await page.locator('.facts').getByText('Succeeded').waitFor()
    const again = page.url().split('/').at(-1) ?? ''
    expect((await get<Job>(`${platform.url}/v1/jobs/${again}`, acme)).body.status).toBe('succeeded')
  })
})

test('an address is blocked and unblocked, and both hold at once', async () => {
  const from = { 'x-forwarded-for': '203.0.113.20' }
  const status = async () => (await fetch(`${platform.url}/v1/runtimes`, { headers: from })).status
  expect(await status()).toBe(200)
  const page = await open()
  await goTo(page, 'Security')
  await page.getByRole('button', { name: 'Block …', exact: true }).first().click()
  await page.getByLabel('Address, key or end user').fill('203.0.113.20')
  await page.getByLabel('Reason', { exact: true }).fill('tries <b>keys</b>')
  await page.getByRole('dialog').getByRole('button', { name: 'Block', exact: true }).click()
  await page
    .getByRole('region', { name: 'Blocked', exact: true })
    .getByText('address:203.0.113.20', { exact: true })
    .waitFor()
  expect(await status()).toBe(403)
  await page.getByRole('region', { name: 'Events' }).getByText('tries <b>keys</b>').waitFor()
  await page.getByRole('button', { name: 'Lift the block of address:203.0.113.20' }).click()
  await page.getByRole('button', { name: 'Lift it' }).click()
  await page.getByText('Nobody is blocked.').waitFor()
  expect(await status()).toBe(200)
  await page.getByRole('region', { name: 'Events' }).locator('.badge', { hasText: 'Unblocked' }).waitFor()
})

test('what cannot be blocked is refused with the reason', async () => {
  const page = await open({ allow: [/status of 422/] })
  await goTo(page, 'Security')
  await page.getByRole('button', { name: 'Block …', exact: true }).first().click()
  await page.getByLabel('Address, key or end user').fill('everybody')
  await page.getByRole('dialog').getByRole('button', { name: 'Block', exact: true }).click()
  await page.getByRole('dialog').getByRole('alert').getByText('must be "address:" and an IP address').waitFor()
})

test('a key is made with its limits, shown once, works, and is revoked', async () => {
  const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await goTo(page, 'Keys')
  await page.getByRole('button', { name: 'New key …' }).click()
  await page.getByLabel('Name', { exact: true }).fill('exams')
  await page.getByLabel('Tenant').fill('school')
  await page.getByLabel('Expires').selectOption({ label: 'In 30 days' })
  await page.getByText('Own rates and limits').click()
  await page.getByLabel('Wall time, ms').fill('2000')
  await page.getByLabel('Submissions a minute').fill('100')
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('button', { name: 'Create the key' }).click()
  const secret = await page.getByLabel('Key', { exact: true }).inputValue()
  expect(secret).toMatch(/^ry_[0-9a-f]{12}_[0-9a-f]{64}$/)
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('dialog').getByText('Copied.').waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret)
  await page.getByRole('button', { name: 'Done' }).click()
  const row = page.getByRole('row', { name: /exams/ })
  await row.getByText('wallMs 2000').waitFor()
  expect(await page.content()).not.toContain(secret)

  const headers = { authorization: `Bearer ${secret}` }
  expect((await get(`${platform.url}/v1/jobs`, headers)).status).toBe(200)
  const tooLong = await post(
    `${platform.url}/v1/jobs`,
    { language: 'bash', code: 'echo', limits: { wallMs: 3000 } },
    headers,
  )
  expect(tooLong.status).toBe(422)
  await row.getByRole('button', { name: 'Revoke exams' }).click()
  await page.getByRole('button', { name: 'Revoke it' }).click()
  await row.waitFor({ state: 'detached' })
  expect((await get(`${platform.url}/v1/jobs`, headers)).status).toBe(401)
  await page.getByText(/Show \d+ that ended/).click()
  await page.getByRole('row', { name: /exams/ }).getByText('revoked').waitFor()
})

test('a delivery shows its attempts, with answers as text, and is made again', async () => {
  answer = 500
  const { port } = receiver.address() as AddressInfo
  const { id } = await run({ code: 'echo hook', webhook: { url: `http://127.0.0.1:${port}/secret-path` } })
  const page = await open()
  await goTo(page, 'Webhooks')
  const item = page.locator('.deliveries > li').first()
  await item.getByText('1 attempt, 500').waitFor()
  await item.locator('summary').click()
  await item.getByText('<b>not now</b>').waitFor()
  await item.locator('.badge', { hasText: 'Retrying' }).waitFor()
  await item.getByText(/Next attempt (?:now|in \d.*) \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+\)/).waitFor()
  await item.getByRole('link', { name: `the job ${id}` }).waitFor()
  expect(await page.content()).not.toContain('secret-path')
  answer = 204
  await item.getByRole('button', { name: 'Redeliver' }).click()
  await item.getByText('Delivered').waitFor()
  await item.getByText('2 attempts, 204').waitFor()

  // A test event, to the same receiver; a delivery that waits for its next attempt is cancelled.
  answer = 500
  await page.getByText('Send a test event').click()
  await page.getByLabel('URL of the receiver').fill(`http://127.0.0.1:${port}/first`)
  await page.getByRole('button', { name: 'Send test event' }).click()
  await page.getByText('The test event was sent to the queue.').waitFor()
  const event = page.locator('.deliveries > li').filter({ hasText: 'A test event.' }).first()
  await event.getByText('1 attempt, 500').waitFor()
  await event.locator('.badge', { hasText: 'Retrying' }).waitFor()
  await event.getByRole('button', { name: 'Cancel' }).click()
  await page.getByText('The delivery is cancelled.').waitFor()
  await event.locator('.badge', { hasText: 'Cancelled' }).waitFor()
  expect(await event.getByRole('button', { name: 'Cancel' }).count()).toBe(0)
  answer = 204
})

test('files of all tenants are shown with their sizes, found by tenant, and deleted', async () => {
  const upload = async (name: string, headers: Record<string, string>) =>
    fetch(`${platform.url}/v1/files?name=${name}`, { method: 'POST', body: 'x'.repeat(2048), headers })
  const store = { scopes: ['files' as const] }
  await upload('of-acme.csv', await makeKey(platform, 'acme', store))
  await upload('of-bolt.csv', await makeKey(platform, 'bolt', store))
  const page = await open()
  await goTo(page, 'Files')
  await page.getByRole('row', { name: /of-acme\.csv.*acme.*2 KiB/ }).waitFor()
  await page.getByLabel('Tenant').fill('bolt')
  await page.getByRole('row', { name: /of-acme/ }).waitFor({ state: 'detached' })
  await page.getByText('2 KiB of 5 GiB used').waitFor()
  await page.getByRole('button', { name: 'Delete of-bolt.csv' }).click()
  await page.getByRole('button', { name: 'Delete it' }).click()
  await page.getByText('No files match.').waitFor()
  await goTo(page, 'Security')
  await page.getByRole('region', { name: 'Events' }).locator('.badge', { hasText: 'File deleted' }).waitFor()
})

test('sessions of all tenants are shown with their memory, found by tenant, and ended', async () => {
  const start = async (headers: Record<string, string>) => {
    const body = JSON.stringify({ language: 'bash', kernel: false, limits: { memoryBytes: 64 * 1024 * 1024 } })
    const how = { method: 'POST', body, headers: { ...headers, 'content-type': 'application/json' } }
    return ((await (await fetch(`${platform.url}/v1/sessions`, how)).json()) as { id: string }).id
  }
  const stay = { scopes: ['sessions' as const] }
  const acme = await start(await makeKey(platform, 'acme', stay))
  const bolt = await start(await makeKey(platform, 'bolt', stay))
  const page = await open()
  await goTo(page, 'Sessions')
  await page.getByRole('row', { name: new RegExp(`bash.*${acme}.*acme.*64 MiB`) }).waitFor()
  await page.getByLabel('Tenant').fill('bolt')
  await page.getByRole('row', { name: new RegExp(acme) }).waitFor({ state: 'detached' })
  await page.getByText('1 with 64 MiB of memory').waitFor()
  await page.getByRole('button', { name: `End session ${bolt}` }).click()
  await page.getByRole('button', { name: 'End it' }).click()
  await page.getByText('No session is running.').waitFor()
  await fetch(`${platform.url}/v1/admin/sessions/${acme}`, { method: 'DELETE', headers: admin })
})

test('a session of any tenant shows what is written in it as it comes, as text, and its end', async () => {
  const headers = { ...(await makeKey(platform, 'acme', { scopes: ['sessions'] })), prefer: 'wait=30' }
  const start = { language: 'bash', kernel: false, endUser: 'somebody' }
  const { id } = (await post<{ id: string }>(`${platform.url}/v1/sessions`, start, headers)).body
  const page = await open()
  await goTo(page, 'Sessions')
  await page.getByRole('link', { name: id }).click()
  await page.getByRole('heading', { name: id }).waitFor()
  await page.locator('.facts').getByText('acme somebody').waitFor()
  await page.getByText('No output yet.').waitFor()
  const command = { shell: 'echo "<b>one</b>"; read line; echo "$line"', interactive: true }
  const place = `${platform.url}/v1/sessions/${id}/commands`
  const made = (await post<{ id: string }>(place, command, { ...headers, prefer: 'respond-async' })).body
  const output = page.getByRole('log', { name: 'Output of the session' })
  await output.getByText('<b>one</b>', { exact: true }).waitFor()
  await post(`${place}/${made.id}/stdin`, { data: 'two\n', end: true }, headers)
  await output.getByText('two').waitFor()
  let reads = 0
  page.on('request', (request) => (reads += request.url().endsWith(`/v1/admin/sessions/${id}`) ? 1 : 0))
  for (let ran = 0; ran < 20; ran++) await post(place, { argv: ['true'] }, headers)
  await post(place, { argv: ['echo', 'three'] }, headers)
  await output.getByText('three', { exact: true }).waitFor()
  // What runs in it is no change of its state: it is read every few seconds.
  expect(reads).toBeLessThan(20)
  await page.getByRole('button', { name: 'End' }).click()
  await page.getByRole('button', { name: 'End it' }).click()
  await page.locator('.facts').getByText('ended: deleted').waitFor()
  const unknown = await get(`${platform.url}/v1/admin/sessions/${crypto.randomUUID()}`, admin)
  expect(unknown.status).toBe(404)
  const others = await get(`${platform.url}/v1/admin/sessions/${id}/events`, headers)
  expect(others.status).toBe(403)
})

test('what strangers write is shown as text, and turns nothing around', async () => {
  const hostile = '<img src=x onerror=alert(1)>\u202e"evil'
  const named = '<img src=x onerror=alert(1)><U+202E>"evil'
  await makeKey(platform, 'acme', { name: hostile })
  const { id } = await run({
    code: `echo x > '${hostile}.txt'`,
    metadata: { [hostile]: hostile },
    artifacts: ['*.txt'],
  })
  await fetch(`${platform.url}/v1/admin/blocks/address:203.0.113.66`, {
    method: 'PUT',
    headers: { ...admin, 'content-type': 'application/json' },
    body: JSON.stringify({ reason: hostile }),
  })
  const page = await open()
  const is = async (name: string, place: Locator) => {
    await place.getByText(named).first().waitFor()
    const alien = page.locator('main img, main script')
    expect([name, await alien.count(), (await page.content()).includes('\u202e')]).toEqual([name, 0, false])
  }
  await goTo(page, 'Keys')
  await is('keys', page.locator('.table'))
  await goTo(page, 'Security')
  await is('blocks', page.locator('.subjects'))
  await is('events', page.getByRole('region', { name: 'Events' }))
  await page.goto(`${platform.url}/admin/jobs/${id}`)
  await is('artifacts', page.locator('.plain'))
  expect(await page.locator('.whole').textContent()).toContain('onerror=alert(1)><U+202E>')
  await fetch(`${platform.url}/v1/admin/blocks/address:203.0.113.66`, { method: 'DELETE', headers: admin })
})

/** Programs with what each is told to be on the overview. */
const LOAD: { request: Record<string, unknown>; group: string; times: number }[] = [
  { request: { code: 'echo ok' }, group: 'Succeeded', times: 9 },
  { request: { code: 'exit 3' }, group: 'Failed', times: 3 },
  { request: { code: 'kill -SEGV $$' }, group: 'Failed', times: 1 },
  { request: { code: 'echo 1', expectedOutput: '2' }, group: 'Failed', times: 1 },
  { request: { code: 'sleep 9', limits: { wallMs: 300 } }, group: 'At a limit', times: 2 },
]

test('the figures are those of the jobs that ran', async () => {
  const page = await open()
  const chart = page.getByRole('img', { name: /^Jobs a second/ })
  /** What the chart tells those who do not see it, e.g. `{ Succeeded: 3, Failed: 1 }`. */
  const told = async () => {
    const label = (await chart.getAttribute('aria-label')) ?? ''
    return Object.fromEntries(
      [...label.matchAll(/([A-Z][a-z ]+) (\d+)/g)].map(([, name, count]) => [name, Number(count)]),
    )
  }
  const sum = (groups: Record<string, number>) => Object.values(groups).reduce((all, count) => all + count, 0)
  // The jobs before are counted within a second or so of their end.
  const counted = async () =>
    (await get<{ total: { jobs: number } }>(`${platform.url}/v1/admin/series`, admin)).body.total.jobs
  const ended = async () =>
    (await get<{ queue: { finished: number } }>(`${platform.url}/v1/admin/overview`, admin)).body.queue.finished
  await soon(counted, await ended())
  await page.reload()
  await page.getByLabel('1 hour').check()
  await soon(async () => sum(await told()), await ended())
  const expected = await told()
  for (const { request, group, times } of LOAD) {
    for (let n = 0; n < times; n++) await run(request)
    expected[group] = (expected[group] ?? 0) + times
  }
  const { id: stopped } = await submit({ code: 'sleep 60' })
  await soon(() => tile(page, 'Running'), '1 of 1')
  await fetch(`${platform.url}/v1/jobs/${stopped}`, { method: 'DELETE', headers: acme })
  expected['Cancelled'] = (expected['Cancelled'] ?? 0) + 1
  // The whole range is asked for anew every fifteen seconds.
  await soon(async () => JSON.stringify(await told()), JSON.stringify(expected))
  await soon(() => tile(page, 'Succeeded'), `${Math.round(((expected['Succeeded'] ?? 0) / sum(expected)) * 100)} %`)
  await page
    .getByRole('region', { name: 'Last hour' })
    .getByText(`${sum(expected)} jobs ended`)
    .waitFor()
  await page.getByLabel('5 min', { exact: true }).check()
  await page.getByRole('region', { name: 'Last 5 minutes' }).getByText('Latency p50').waitFor()

  const { id } = await submit({ code: 'sleep 60' })
  const waiting = await Promise.all([submit({ code: 'true' }), submit({ code: 'true', priority: 'high' })])
  await soon(() => tile(page, 'Running'), '1 of 1')
  await soon(() => tile(page, 'Queued'), '2')
  await page
    .locator('.facts', { hasText: 'Priority high' })
    .getByText(/^1, the first for/)
    .first()
    .waitFor()
  for (const one of [...waiting.map((job) => job.id), id]) {
    await fetch(`${platform.url}/v1/jobs/${one}`, { method: 'DELETE', headers: acme })
  }
  await soon(() => tile(page, 'Running'), '0 of 1')
})

test('a chart tells its figures to keys as to the pointer', async () => {
  await run({ code: 'true' })
  const page = await open()
  const chart = page.getByRole('img', { name: /^Jobs a second/ })
  await chart.focus()
  await page.keyboard.press('End')
  await page.keyboard.press('ArrowLeft')
  const told = page.locator('.chart', { has: chart }).getByRole('status')
  expect(await told.textContent()).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]\S+, Succeeded [\d.]+, Failed/)
  await page.keyboard.press('Escape')
  expect(await told.textContent()).toBe('')
})

test('bull-board opens behind the same login and keeps to its policy', async () => {
  const { id } = await submit({ code: 'sleep 30 # hidden' })
  const page = await open()
  await page.getByRole('link', { name: 'Queues' }).click()
  await page.getByText('Runyard queues').first().waitFor()
  await page
    .getByRole('link', { name: /^active/i })
    .first()
    .waitFor()
  expect(await page.getByRole('link', { name: /^(?:completed|failed)/i }).count()).toBe(0)
  expect(await seriousFaults(page)).toEqual([])
  await page.goto(`${platform.url}/admin/queues/queue/jobs`)
  await page.getByText(id).first().waitFor()
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.content()).not.toContain('# hidden')
  await page.getByRole('link', { name: 'Dashboard' }).first().click()
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  await fetch(`${platform.url}/v1/jobs/${id}`, { method: 'DELETE', headers: acme })
})

test('figures of a gateway that does not answer are told to be old, until it answers', async () => {
  const link = await openTcpLink({ port: Number(new URL(platform.url).port), host: '127.0.0.1' })
  const url = `http://127.0.0.1:${link.port}`
  opened = await openDashboard(browser, { url }, admin.authorization, { allow: [NETWORK_FAULTS] })
  const { page } = opened
  const live = page.locator('.live')
  await live.getByText('Workers', { exact: true }).first().waitFor()
  link.cut()
  await page.getByText(/No data since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+/).waitFor()
  await page.getByText('Reconnecting').waitFor()
  expect([await live.getAttribute('data-stale'), await live.locator('.tile').count()]).toEqual(['true', 6])
  expect(await seriousFaults(page)).toEqual([])
  link.mend()
  await page.getByText('No data since').waitFor({ state: 'detached' })
  expect(await live.getAttribute('data-stale')).toBeNull()
  await link.close()
})

test('times have one form, with their zone, on every page', async () => {
  const page = await open({ timezoneId: 'America/New_York' })
  for (const name of ['Overview', 'Jobs', 'Security', 'Keys', 'Webhooks']) {
    await goTo(page, name)
    await page.locator('main time').first().waitFor()
    const times = await page
      .locator('main time')
      .evaluateAll((all) =>
        all.map((one) => [one.textContent, (one as HTMLElement).title !== '', one.getAttribute('datetime')]),
      )
    for (const [text, hasTitle, exact] of times) {
      expect([text, hasTitle, exact]).toEqual([
        expect.stringMatching(/^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d E[SD]T|just now|\d+ \S+ ago)$/),
        true,
        expect.stringMatching(/^\d{4}-.*Z$/),
      ])
    }
  }
})

describe.each([
  ['light', 'light', { width: 1280, height: 800 }],
  ['dark', 'dark', { width: 1280, height: 800 }],
  ['on a phone', 'dark', { width: 360, height: 740 }],
] as const)('%s', (_name, colorScheme, viewport) => {
  test('every page can be used by everybody, and is as wide as the screen', async () => {
    await run({ code: 'echo seen; echo heard >&2' })
    const page = await open({ colorScheme, viewport })
    for (const name of ['Overview', 'Jobs', 'Files', 'Security', 'Keys', 'Webhooks', 'Runtimes']) {
      await goTo(page, name)
      await page.waitForTimeout(300)
      expect([name, await seriousFaults(page)]).toEqual([name, []])
      if (viewport.width < 500) expect([name, await smallTargets(page)]).toEqual([name, []])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      expect([name, overflow]).toEqual([name, 0])
      // The navigation scrolls where it is too wide; its words do not run into each other.
      const cramped = await page
        .getByRole('navigation', { name: 'Dashboard' })
        .getByRole('link')
        .evaluateAll((links) => links.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent))
      expect([name, cramped]).toEqual([name, []])
    }
    await goTo(page, 'Jobs')
    await page.locator('tbody a').first().click()
    await page.locator('.facts').waitFor()
    await page.getByRole('log', { name: 'Output of the job' }).waitFor()
    expect(await seriousFaults(page)).toEqual([])
  })
})

test('keys alone get from page to page, and the content is told', async () => {
  const page = await open()
  await page.reload()
  await page.locator('.tile-groups').waitFor()
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content')
  await page.getByRole('link', { name: 'Keys', exact: true }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor()
  expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
  expect(await page.title()).toBe('Keys · Runyard')
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
})

test('every time on every page says its zone, or says it where it is pointed at', async () => {
  const store = await makeKey(platform, 'acme', { scopes: ['files' as const] })
  await fetch(`${platform.url}/v1/files?name=dated.csv`, { method: 'POST', body: 'x', headers: store })
  const { id } = await run({ code: 'echo dated' })
  const page = await open()
  const withZone = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+/
  const timesOf = async () =>
    page
      .locator('main time')
      .evaluateAll((times) => times.map((one) => `${one.textContent} (${one.getAttribute('title')})`))
  const bare = async () => {
    expect((await timesOf()).filter((shown) => !withZone.test(shown))).toEqual([])
    const text = await page.locator('main').innerText()
    expect(text.match(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?!:\d\d [A-Z+])|\d:\d\d ?[AP]M\b/g)).toBeNull()
  }
  for (const name of ['Files', 'Sessions', 'Packages', 'Runtimes', 'Jobs']) {
    await goTo(page, name)
    await page.locator('main section, main table, main .card').first().waitFor()
    if (name === 'Files') await page.getByRole('row', { name: /dated\.csv/ }).waitFor()
    await bare()
    if (name === 'Files') expect((await timesOf()).length).toBeGreaterThan(0)
  }
  await page.locator('tbody a', { hasText: id }).first().click()
  // The page has its place for the output before it has the job.
  await page.locator('.facts time').first().waitFor()
  await bare()
  expect((await timesOf()).length).toBeGreaterThan(0)
})
