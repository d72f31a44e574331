import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { createAdminSessions } from '../../src/shared/access/admin-sessions.ts'
import { eventually } from '../support/eventually.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { startBrowser, type TestBrowser, type TestPage } from './support/browser.ts'
import { seriousFaults } from './support/accessibility.ts'
import { logIn, openDashboard } from './support/operator.ts'

let gateway: LoneGateway
let browser: TestBrowser
let opened: TestPage | undefined
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'required' })
  browser = await startBrowser()
})
afterEach(async () => {
  const last = opened
  opened = undefined
  await last?.close()
})
afterAll(async () => {
  await browser?.close()
  await gateway.close()
})

/** What Chromium says of every answer that is a refusal. */
const refused = (...statuses: number[]) => statuses.map((status) => new RegExp(`status of ${status}`))
const admin = () => gateway.makeKey('ops', { scopes: ['admin'], name: 'night shift' })

test('a wrong key, and one of low scope, are refused with the reason', async () => {
  opened = await browser.open(`${gateway.url}/admin`, { allow: refused(401, 403) })
  const { page } = opened
  await logIn(page, `Bearer ry_${'a'.repeat(12)}_${'b'.repeat(64)}`)
  await page.getByRole('alert').getByText('the key is invalid').waitFor()
  await logIn(page, (await gateway.makeKey('acme')).headers.authorization)
  await page.getByRole('alert').getByText('a key with the scope admin is needed').waitFor()
  expect(await page.context().cookies()).toEqual([])
  expect(await seriousFaults(page)).toEqual([])
})

test('an admin key opens it, a reload keeps it open, and no script can read what opens it', async () => {
  const { headers } = await admin()
  opened = await openDashboard(browser, gateway, headers.authorization)
  const { page } = opened
  await page.reload()
  await page.getByText('night shift').waitFor()
  expect(
    await page.evaluate(() => [document.cookie, JSON.stringify(localStorage), JSON.stringify(sessionStorage)]),
  ).toEqual(['', '{}', '{}'])
  expect(await page.context().cookies()).toMatchObject([
    { name: expect.stringMatching(/^runyard-session-\d+$/), httpOnly: true, sameSite: 'Strict', path: '/' },
  ])
})

test('logging out closes it, here and for whoever kept the cookie', async () => {
  const { headers } = await admin()
  opened = await openDashboard(browser, gateway, headers.authorization)
  const { page } = opened
  const [cookie] = await page.context().cookies()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByText('You are logged out.').waitFor()
  expect(await page.context().cookies()).toEqual([])
  const kept = await fetch(`${gateway.url}/v1/admin/keys`, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } })
  expect(kept.status).toBe(401)
  await page.reload()
  await page.getByLabel('Key with the scope admin').waitFor()
})

test('a link of the command line opens it once, and does not stay in the address', async () => {
  const sessions = createAdminSessions(gateway.redis, gateway.keys, { idleSeconds: 60, maxSeconds: 60 })
  const url = `${gateway.url}/admin#link=${await sessions.makeLink()}`
  opened = await browser.open(url)
  await opened.page.getByText('local operator').waitFor()
  expect(opened.page.url()).toBe(`${gateway.url}/admin`)
  await opened.close()
  opened = await browser.open(url, { allow: refused(401) })
  await opened.page.getByRole('alert').getByText('the link is invalid').waitFor()
})

test('a session whose key is revoked ends within seconds, and says so', async () => {
  const { id, headers } = await admin()
  opened = await openDashboard(browser, gateway, headers.authorization, { allow: refused(401) })
  await gateway.revoke(id)
  await opened.page.getByText('The session has ended').waitFor()
  await opened.page.getByLabel('Key with the scope admin').waitFor()
})

test('a page of another port of this machine cannot use the session', async () => {
  const { headers } = await admin()
  opened = await openDashboard(browser, gateway, headers.authorization, {
    allow: [/another origin/, /CORS|ERR_FAILED|net::|status of/],
  })
  const other = createServer((_req, res) => void res.setHeader('content-type', 'text/html').end('<p>a page')).listen(
    0,
    '127.0.0.1',
  )
  await once(other, 'listening')
  try {
    const page = await opened.page.context().newPage()
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)
    const outcome = await page.evaluate(async (url) => {
      const tries = [
        fetch(`${url}/v1/admin/keys`, { credentials: 'include' }),
        fetch(`${url}/v1/admin/blocks/address:203.0.113.9`, {
          method: 'PUT',
          credentials: 'include',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        }),
        fetch(`${url}/v1/admin/session`, { method: 'DELETE', credentials: 'include' }),
      ]
      return (await Promise.allSettled(tries)).map(({ status }) => status)
    }, gateway.url)
    expect(outcome).toEqual(['rejected', 'rejected', 'rejected'])
    // What needs no preflight gets there, with the cookie, since another port is the same site. Nothing comes of it.
    await page.evaluate(
      (url) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => undefined),
      `${gateway.url}/v1/admin/runtimes/python/install`,
    )
    await eventually('the gateway tells that it refused the request', () =>
      /"path":"\/v1\/admin\/runtimes\/python\/install".*"statusCode":403/.test(gateway.log()),
    )
    expect(await gateway.redis.exists(gateway.keys.installations)).toBe(0)
  } finally {
    other.close()
  }
})
