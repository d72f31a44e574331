import { expect } from '@jest/globals'
import type { Page } from 'playwright-core'
import { eventually } from '../../support/eventually.ts'
import type { TestPlatform } from '../../support/platform.ts'
import type { TestBrowser, TestPage } from './browser.ts'

/** Logs in to the dashboard of a platform. @param authorization the header that shows a key */
export async function openDashboard(
  browser: TestBrowser,
  platform: Pick<TestPlatform, 'url'>,
  authorization: string,
  options: Parameters<TestBrowser['open']>[1] = {},
): Promise<TestPage> {
  const opened = await browser.open(`${platform.url}/admin`, options)
  await logIn(opened.page, authorization)
  await opened.page.getByRole('heading', { name: 'Overview' }).waitFor()
  return opened
}

export async function logIn(page: Page, authorization: string): Promise<void> {
  await page.getByLabel('Key with the scope admin').fill(authorization.slice('Bearer '.length))
  await page.getByRole('button', { name: 'Log in' }).click()
}

/** Goes to a page of the dashboard by its navigation. */
export async function goTo(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name }).click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
}

/** The figure of a tile on the overview. */
export const tile = (page: Page, name: string): Promise<string | null> =>
  page.locator('.tile', { hasText: name }).locator('.figure').textContent()

/** Asks until the answer is as it should be. */
export async function soon<T>(ask: () => Promise<T>, expected: T): Promise<void> {
  await eventually(`it is ${JSON.stringify(expected)}`, async () => {
    expect(await ask()).toEqual(expected)
    return true
  })
}
