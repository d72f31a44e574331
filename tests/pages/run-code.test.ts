import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Locator, Page } from 'playwright-core'
import { packageRoot } from '../../src/shared/package-root.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { startBrowser, type TestBrowser, type TestPage } from './support/browser.ts'

let platform: TestPlatform
let browser: TestBrowser
let site: { url: string; close: () => Promise<void> }
let opened: TestPage
let page: Page

/** The demonstration page's own server, as the guide starts it. */
async function startSite(env: Record<string, string>) {
  const file = join(packageRoot(), 'docs/guides/runnable-docs/server.mjs')
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    url: line.toString().trim(),
    async close() {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required' })
  const { authorization } = await makeKey(platform, 'docs', { scopes: ['sessions'] })
  site = await startSite({ PORT: '0', RUNYARD_URL: platform.url, RUNYARD_KEY: authorization.slice('Bearer '.length) })
  browser = await startBrowser()
  // That a frame may run and load nothing is what a test is about.
  const allow = [new RegExp(`^another origin: ${platform.url}/`), /Blocked script execution|Content Security Policy/]
  opened = await browser.open(site.url, { allow })
  page = opened.page
})
afterAll(async () => {
  await opened?.close()
  await browser?.close()
  await site?.close()
  await platform.close()
})

/** Text without empty lines. */
const linesOf = async (log: Locator) => (await log.innerText()).split('\n').filter((line) => line !== '')

const run = async (id: string, answer?: string) => {
  const element = page.locator(`#${id}`)
  await element.getByRole('button', { name: 'Run' }).click()
  if (answer !== undefined) {
    await element.getByRole('textbox', { name: 'Your name?' }).fill(answer)
    await element.getByRole('button', { name: 'Send' }).click()
  }
  await element.getByText('Done').waitFor()
  return element.getByRole('log')
}

test('the script is one file below 30 kB', () => {
  expect(readFileSync(join(packageRoot(), 'dist/pages/run-code.js')).length).toBeLessThan(30_000)
})

test('a page of another origin runs its code, which keeps its state, by a token', async () => {
  expect(await linesOf(await run('first'))).toEqual(['squares: 0 1 4 9 16 25 36 49 64 81', '285'])
  expect(await linesOf(await run('second'))).toEqual(['81'])
})

test('a reader changes the code and sees what is wrong with it', async () => {
  const element = page.locator('#second')
  await element.getByRole('textbox', { name: 'Code in python' }).fill('1 / 0')
  await element.getByRole('button', { name: 'Run' }).click()
  await element.getByText('Failed', { exact: true }).waitFor()
  expect(await element.getByRole('log').innerText()).toContain('ZeroDivisionError')
  await element.getByRole('button', { name: 'Reset' }).click()
  expect(await linesOf(await run('second'))).toEqual(['81'])
})

test('output is shown, pictures, and questions', async () => {
  expect(await linesOf(await run('third'))).toEqual(['step 0', 'step 1', 'step 2', 'step 3', 'step 4'])
  const picture = (await run('fourth')).getByRole('img')
  expect(await picture.evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth)).toBe(200)
  expect(await (await run('fifth', 'Ada')).innerText()).toContain('Hello, Ada!')
})

test('HTML that a program makes runs nothing and loads nothing', async () => {
  const element = page.locator('#second')
  const code = `from IPython.display import HTML\nHTML('<b>bold</b><script>parent.document.title = "taken"</script><img src=x onerror="parent.document.title = 1">')`
  await element.getByRole('textbox', { name: 'Code in python' }).fill(code)
  await run('second')
  await element.frameLocator('iframe').getByText('bold').waitFor()
  expect(await page.title()).toBe('A page that runs its code')
})

test('a long run is stopped', async () => {
  const element = page.locator('#third')
  await element.getByRole('textbox', { name: 'Code in python' }).fill('print("on"); import time; time.sleep(1000)')
  await element.getByRole('button', { name: 'Run' }).click()
  await element.getByText('on', { exact: true }).waitFor()
  await element.getByRole('button', { name: 'Stop' }).click()
  await element.getByText('Failed', { exact: true }).waitFor()
  expect(await element.getByRole('log').innerText()).toContain('KeyboardInterrupt')
})
