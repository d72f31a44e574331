import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { ready } from './support/playground.ts'

const KB = 1000

let gateway: LoneGateway
let browser: TestBrowser
beforeAll(async () => {
  gateway = await startLoneGateway()
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway.close()
})

/** Bytes of all answers as they came over the wire, headers included, until the page can be used. */
async function loadedBytes(
  path: string,
  isReady: (opened: Awaited<ReturnType<TestBrowser['open']>>) => Promise<unknown>,
) {
  const opened = await browser.open('about:blank')
  const { page } = opened
  const network = await page.context().newCDPSession(page)
  await network.send('Network.enable')
  let bytes = 0
  network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
  await page.goto(gateway.url + path)
  await isReady(opened)
  await page.waitForLoadState('networkidle')
  const first = bytes
  await page.reload()
  await isReady(opened)
  await page.waitForLoadState('networkidle')
  return { first, again: bytes - first }
}

test('the playground loads with less than 250 kB, its editor and highlighting included, and hardly anything again', async () => {
  const { first, again } = await loadedBytes('/', async ({ page }) => {
    await ready(page)
    await page.locator('.cm-line span').first().waitFor()
  })
  expect(first).toBeGreaterThan(50 * KB)
  expect(first).toBeLessThan(250 * KB)
  expect(again).toBeLessThan(20 * KB)
})
