import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { ROUTES } from '../../src/api/routes.ts'
import { makeKey } from '../support/make-key.ts'
import { startLoneGateway } from '../support/lone-gateway.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'

// What a page does wrong (an error on the console, a request to another origin, a breach of its policy) fails `close`.

let platform: TestPlatform
let browser: TestBrowser
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required', POOL_READY: '0' })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

/** Enters a key under Authorize, as a bearer token. */
async function authorize(page: Page, key: string): Promise<void> {
  await page.getByRole('button', { name: 'Authorize' }).first().click()
  const dialog = page.locator('.modal-ux')
  await dialog.getByLabel('auth-bearer-value').fill(key)
  await dialog.getByRole('button', { name: 'Apply credentials' }).first().click()
  await dialog.getByRole('button', { name: 'Close' }).first().click()
}

/** Sends the first example of `POST /v1/jobs`. @returns status and body of the answer */
async function submitExample(page: Page): Promise<{ status: string; body: string }> {
  const operation = page.locator('#operations-Jobs-submitJob')
  if (!(await operation.locator('.opblock-body').isVisible())) {
    await operation.locator('.opblock-summary-control').click()
  }
  await operation.getByRole('button', { name: 'Execute' }).click()
  const live = operation.locator('.live-responses-table .response')
  await live.waitFor()
  return {
    status: await live.locator('.response-col_status').innerText(),
    body: await live.locator('.highlight-code').innerText(),
  }
}

test('the page shows every route, and what webhooks send', async () => {
  const opened = await browser.open(`${platform.url}/docs`)
  const { page } = opened
  await page.locator('.opblock').first().waitFor()
  const shown = await page.locator('.opblock-tag-section .opblock').count()
  expect(shown).toBe(ROUTES.length)
  expect(await page.locator('.webhooks .opblock').count()).toBe(3)
  await opened.close()
})

test('a request tried out goes to the gateway that serves the page, with the key that was entered', async () => {
  const { authorization } = await makeKey(platform, 'reader', { scopes: ['jobs'] })
  // The browser tells of every answer that is an error; the first one is.
  const opened = await browser.open(`${platform.url}/docs`, { allow: [/status of 401/] })
  const { page } = opened
  const refused = await submitExample(page)
  expect(refused).toEqual({ status: expect.stringContaining('401'), body: expect.stringContaining('unauthenticated') })
  await page.reload()
  await authorize(page, authorization.replace('Bearer ', ''))
  const { status, body } = await submitExample(page)
  expect(status).toContain('200')
  expect(body).toContain('"stdout": "Hello, world!\\n"')
  await opened.close()
})

test.each(['light', 'dark'] as const)('axe finds nothing serious in the %s theme', async (colorScheme) => {
  const opened = await browser.open(`${platform.url}/docs`, { colorScheme })
  const { page } = opened
  await page.locator('.opblock').first().waitFor()
  expect(await page.getByRole('button', { name: 'authorization button' }).count()).toBeGreaterThan(20)
  for (const id of ['Jobs-submitJob', 'Jobs-cancelJob']) {
    const operation = page.locator(`#operations-${id}`)
    await operation.locator('.opblock-summary-control').click()
    await operation.locator('.opblock-body .responses-table').first().waitFor()
  }
  expect(await seriousFaults(page)).toEqual([])
  await opened.close()
})

test('where nobody needs a key, only what always takes one has a lock', async () => {
  const gateway = await startLoneGateway()
  const opened = await browser.open(`${gateway.url}/docs`)
  const { page } = opened
  const locks = (tag: string) => page.locator(`[id^=operations-${tag}-] .authorization__btn`).count()
  await page.locator('.opblock').first().waitFor()
  expect(await locks('Jobs')).toBe(0)
  expect(await locks('Administration')).toBeGreaterThan(10)
  await opened.close()
  await gateway.close()
})

test('the page is light or dark as the system is, or as was chosen on the other pages', async () => {
  const opened = await browser.open(`${platform.url}/docs`, { colorScheme: 'dark' })
  const { page } = opened
  const dark = page.locator('html.dark-mode')
  await dark.waitFor()
  await page.evaluate(() => localStorage.setItem('runyard.theme', 'light'))
  await page.reload()
  await page.locator('.opblock').first().waitFor()
  expect(await dark.count()).toBe(0)
  await opened.close()
})
