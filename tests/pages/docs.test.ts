import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { ROUTES } from '../../src/api/routes.ts'
import { makeKey } from '../support/make-key.ts'
import { startLoneGateway } from '../support/lone-gateway.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser, type TestPage } from './support/browser.ts'

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

/**
 * What axe finds with two operations open. Closed ones that look alike are left out but for two: to compare the colours of all of
 * them takes axe most of its time. The page is to be loaded again before it is used for anything else.
 */
async function faultsOfOperations(page: Page): Promise<string[]> {
  await page.locator('.opblock').first().waitFor()
  expect(await page.getByRole('button', { name: 'authorization button' }).count()).toBeGreaterThan(5)
  for (const id of ['Jobs-submitJob', 'Jobs-cancelJob']) {
    const operation = page.locator(`#operations-${id}`)
    if (!(await operation.locator('.opblock-body').isVisible())) {
      await operation.locator('.opblock-summary-control').click()
    }
    await operation.locator('.opblock-body .responses-table').first().waitFor()
  }
  const kept = await page.evaluate(() => {
    const seen = new Map<string, number>()
    for (const operation of document.querySelectorAll('.opblock:not(.is-open)')) {
      const alike = (seen.get(operation.className) ?? 0) + 1
      seen.set(operation.className, alike)
      if (alike > 2) operation.remove()
    }
    return seen.size
  })
  // One way to look for each method, at the least.
  expect(kept).toBeGreaterThanOrEqual(5)
  return seriousFaults(page)
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

describe('where a key is required', () => {
  // The page draws more than a hundred operations, which takes a browser seconds: one opening of it serves all of these.
  let opened: TestPage
  let page: Page
  beforeAll(async () => {
    // The browser tells of every answer that is an error.
    opened = await browser.open(`${platform.url}/docs`, { allow: [/status of 401/] })
    page = opened.page
    await page.locator('.opblock').first().waitFor()
  })
  afterAll(() => opened.close())
  const dark = () => page.locator('html.dark-mode').count()

  test('the page shows every route, and what webhooks send', async () => {
    expect(await page.locator('.opblock-tag-section .opblock').count()).toBe(ROUTES.length)
    expect(await page.locator('.webhooks .opblock').count()).toBe(5)
  })

  test('a request tried out without a key is refused', async () => {
    const { status, body } = await submitExample(page)
    expect(status).toContain('401')
    expect(body).toContain('unauthenticated')
  })

  test('axe finds nothing serious in the light theme, nor in the dark one, which follows the system', async () => {
    expect(await dark()).toBe(0)
    expect(await faultsOfOperations(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.locator('html.dark-mode').waitFor()
    expect(await faultsOfOperations(page)).toEqual([])
  })

  test('the theme chosen on the other pages comes before that of the system', async () => {
    await page.evaluate(() => localStorage.setItem('runyard.theme', 'light'))
    await page.reload()
    await page.locator('.opblock').first().waitFor()
    expect(await dark()).toBe(0)
  })

  test('a request goes to the gateway that serves the page, with the key that was entered', async () => {
    const { authorization } = await makeKey(platform, 'reader', { scopes: ['jobs'] })
    await authorize(page, authorization.replace('Bearer ', ''))
    const { status, body } = await submitExample(page)
    expect(status).toContain('200')
    expect(body).toContain('"stdout": "Hello, world!\\n"')
  })
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
