import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { openPlayground, type PlaygroundPage } from './support/playground.ts'
import { smallTargets } from './support/targets.ts'

let platform: TestPlatform
let browser: TestBrowser
beforeAll(async () => {
  platform = await startPlatform({ SCREENING: 'standard', KILL_GRACE_MS: '200' })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

const COLOURS = `
import os, sys
for i in range(30, 38): print(f'\\x1b[{i}mcolour\\x1b[{i + 60}mbright\\x1b[0m \\x1b[1mbold\\x1b[2mfaint\\x1b[0m')
os.system('true')
print('odd \\u202e', file=sys.stderr)
`

/** What is done with the page, one after another, each with how it is then. */
const STEPS: [string, (opened: PlaygroundPage) => Promise<unknown>][] = [
  ['as it opens', async () => undefined],
  [
    'with output of all kinds, and warnings',
    async ({ write, run, badge }) => {
      await write(COLOURS)
      await run()
      await badge('Succeeded')
    },
  ],
  [
    'with the links to share',
    async ({ page }) => {
      await page.getByRole('button', { name: 'Share' }).click()
      await page.getByRole('dialog').waitFor()
    },
  ],
  [
    'with the keys',
    async ({ page }) => {
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    },
  ],
  [
    'while a program takes input',
    async ({ page, write, run, shows }) => {
      await page.keyboard.press('Escape')
      await write('print("waits", flush=True)\ninput()')
      await page.getByLabel('Interactive').check()
      await run()
      await shows('waits')
    },
  ],
  [
    'with an error',
    async ({ page, run, badge }) => {
      await page.getByLabel('Input to the program').press('Enter')
      await badge('Succeeded')
      await page.getByRole('tab', { name: 'Limits' }).click()
      await page.getByLabel('Processes').fill('many')
      await run()
      await page.getByRole('alert').waitFor()
    },
  ],
]

test.each(['light', 'dark'] as const)('axe finds nothing serious in the %s theme', async (colorScheme) => {
  const opened = await openPlayground(browser, platform.url, { colorScheme, allow: [/status of 422/] })
  for (const [name, step] of STEPS) {
    await step(opened)
    expect([name, ...(await seriousFaults(opened.page))]).toEqual([name])
  }
  await opened.close()
})

test('on a phone all of it can be reached, and nothing is wider than the screen', async () => {
  const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
  const opened = await openPlayground(browser, platform.url, phone)
  const { page, write, badge, shows } = opened
  await write(`print('a long line ' * 50)`)
  await page.getByRole('button', { name: 'Run' }).tap()
  await badge('Succeeded')
  await shows('a long line')
  const { wide, seen } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    seen: document.querySelector('.output-pane')?.getBoundingClientRect().top,
  }))
  expect(wide).toBe(390)
  expect(seen).toBeLessThan(844)
  for (const name of ['Share', 'Reset']) await page.getByRole('button', { name }).tap({ trial: true })
  expect(await smallTargets(page)).toEqual([])
  await page.getByLabel('Standard input').fill('typed')
  // Each part can be seen whole above the button that runs.
  for (const selector of ['.status-line', '.output-frame', '.tabs', '.options']) {
    const free = await page.evaluate((wanted) => {
      const part = document.querySelector(wanted)
      part?.scrollIntoView({ block: 'end' })
      const bar = document.querySelector('.go')?.getBoundingClientRect()
      return (bar?.top ?? 0) - (part?.getBoundingClientRect().bottom ?? Infinity)
    }, selector)
    expect([selector, free >= 0]).toEqual([selector, true])
  }
  await page.getByRole('tab', { name: 'Limits' }).tap()
  expect(await smallTargets(page)).toEqual([])
  expect(await seriousFaults(page)).toEqual([])
  await opened.close()
})

test('by keyboard alone: from the first key to a run, and out of the editor again', async () => {
  const { page, badge, close } = await openPlayground(browser, platform.url)
  const focused = () =>
    page.evaluate(() => {
      const { activeElement: at } = document
      return at?.getAttribute('aria-label') ?? at?.textContent?.trim() ?? ''
    })
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Skip to the output')
  const stops: string[] = []
  for (let i = 0; i < 20 && stops.at(-1) !== 'Program'; i++) {
    await page.keyboard.press('Tab')
    stops.push(await focused())
  }
  expect(stops.at(-1)).toBe('Program')
  expect(stops).toEqual(expect.arrayContaining([expect.stringContaining('Python'), expect.stringMatching(/^Run/)]))
  // Tab indents in the editor; after Escape it leaves.
  await page.keyboard.press('Tab')
  expect(await focused()).toBe('Program')
  await page.keyboard.press('Control+z')
  await page.keyboard.press('Control+Enter')
  await badge('Succeeded')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Tab')
  expect(await focused()).not.toBe('Program')
  await close()
})
