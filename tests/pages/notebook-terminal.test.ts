import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { openNotebook } from './support/notebook.ts'
import { smallTargets } from './support/targets.ts'

let platform: TestPlatform
let browser: TestBrowser
beforeAll(async () => {
  platform = await startPlatform({ SESSIONS_MEMORY_BYTES: String(4 * 1024 ** 3) })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

test('a terminal is a shell in the session of the notebook, and is there again when it was closed', async () => {
  const { page, run, cell, close } = await openNotebook(browser, platform.url)
  const screen = page.locator('.terminal-place .xterm-rows')
  const shows = (text: string) => screen.filter({ hasText: text }).waitFor()
  await page.getByRole('button', { name: 'Terminal', exact: true }).click()
  await page.getByText('F6 leaves it').waitFor()
  await page.keyboard.type('stty size; echo made-$((40 + 2)) | tee made.txt\n')
  await shows('made-42')
  await run(1, 'open("made.txt").read()')
  expect(await cell(1).locator('.outputs').textContent()).toBe("'made-42\\n'")
  await page.getByRole('button', { name: 'Close the terminal' }).click()
  await page.getByRole('button', { name: 'Terminal', exact: true }).click()
  await shows('made-42')
  expect(await seriousFaults(page)).toEqual([])
  await page.keyboard.type('exit 3\n')
  await page.getByText('The shell ended with exit code 3.').waitFor()
  await page.getByRole('button', { name: 'Start a shell' }).click()
  await page.getByText('F6 leaves it').waitFor()
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
  // What takes the keys of the terminal is as good as not there for a finger, which touches the screen around it.
  expect((await smallTargets(page)).filter((target) => !target.includes('xterm-helper-textarea'))).toEqual([])
  await close()
})
