import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { openPlayground, type PlaygroundPage } from './support/playground.ts'
import { smallTargets } from './support/targets.ts'

let platform: TestPlatform
let browser: TestBrowser
let opened: PlaygroundPage
beforeAll(async () => {
  platform = await startPlatform()
  browser = await startBrowser()
  opened = await openPlayground(browser, platform.url)
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

const verdicts = () => opened.page.locator('.verdicts tbody tr').allTextContents()

test('tests of one’s own are judged one by one, and what differs is shown', async () => {
  const { page, write, run, badge } = opened
  await write('a, b = map(int, input().split())\nprint("sum")\nprint(a + b if a < 5 else 0)')
  await page.getByRole('tab', { name: 'Tests' }).click()
  for (const [place, input, expected] of [
    [1, '1 2', 'sum\n3'],
    [2, '7 1', 'sum\n8\n'],
  ] as const) {
    await page.getByRole('button', { name: 'Add a test' }).click()
    await page.getByLabel(`Input of test ${place}`, { exact: true }).fill(input)
    await page.getByLabel(`Expected output of test ${place}`).fill(expected)
  }
  // There is no room for all of it: what is too much scrolls.
  await page.setViewportSize({ width: 1280, height: 500 })
  const parts = await page.locator('.own-test, .test-actions').evaluateAll((found) =>
    found.map((one) => {
      const inner = [...one.querySelectorAll('textarea, select')].map((field) => field.getBoundingClientRect().bottom)
      return Math.max(...inner) - one.getBoundingClientRect().bottom
    }),
  )
  expect(parts.map((below) => below <= 0.5)).toEqual([true, true, true])
  await page.setViewportSize({ width: 1280, height: 720 })
  await run()
  await badge('Wrong answer')
  await page.getByText('1 of 2 tests accepted').waitFor()
  expect(await verdicts()).toEqual([expect.stringContaining('Accepted'), expect.stringContaining('Wrong answer')])
  await page.getByRole('button', { name: 'Difference of test 2' }).click()
  const lines = page.locator('.difference > div')
  expect(await lines.allTextContents()).toEqual(['  sum', '− expected: 8', '+ written: 0'])
  // On a telephone, too, the button is wholly there.
  await page.setViewportSize({ width: 390, height: 720 })
  const beyond = await page.locator('.verdicts').evaluate((one) => one.scrollWidth - one.clientWidth)
  const right = await page
    .getByRole('button', { name: 'Difference of test 2' })
    .evaluate((one) => one.getBoundingClientRect().right)
  expect([beyond, right <= 390]).toEqual([0, true])
  await page.setViewportSize({ width: 1280, height: 720 })
  expect(await seriousFaults(page)).toEqual([])
})

test('another checker looks at the output otherwise, and a link to the job has the tests', async () => {
  const { page, write, run, badge } = opened
  await write('print("b\\na")')
  await page.getByRole('button', { name: 'Remove test 2' }).click()
  await page.getByLabel('Expected output of test 1').fill('a\nb')
  await page.getByLabel('Comparison', { exact: true }).selectOption('unordered-lines')
  await run()
  await badge('Succeeded')
  await page.getByText('1 of 1 tests accepted').waitFor()
  await page.getByRole('button', { name: 'Share' }).click()
  const link = await page.getByLabel('This job: the program and its output', { exact: true }).inputValue()
  const shared = await openPlayground(browser, link)
  await shared.page.getByRole('tab', { name: 'Tests' }).click()
  expect(await shared.page.getByLabel('Expected output of test 1').inputValue()).toBe('a\nb')
  expect(await shared.page.getByLabel('Comparison', { exact: true }).inputValue()).toBe('unordered-lines')
  await shared.close()
  await page.keyboard.press('Escape')
})

test('a checker of one’s own judges, says why, and goes with the job and with the link', async () => {
  const { page, write, run, badge } = opened
  await write('print(-7)')
  await page.getByLabel('Expected output of test 1').fill('7')
  await page.getByLabel('Comparison', { exact: true }).selectOption('program')
  await run()
  await badge('Wrong answer')
  await page.getByText('other words were expected').waitFor()
  const code =
    "import sys\nopen(sys.argv[3] + 'judgemessage.txt', 'w').write('the sign is free')\nsys.exit(43 - (abs(int(input())) == 7))"
  await page.getByLabel('Checker', { exact: true }).fill(code)
  await run()
  await badge('Succeeded')
  await page.getByText('To judges: the sign is free').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('button', { name: 'Share' }).click()
  for (const name of ['This job: the program and its output', 'The program alone']) {
    const link = await page.getByLabel(name, { exact: true }).inputValue()
    const shared = await openPlayground(browser, link)
    await shared.page.getByRole('tab', { name: 'Tests' }).click()
    expect(await shared.page.getByLabel('Comparison', { exact: true }).inputValue()).toBe('program')
    expect(await shared.page.getByLabel('Checker', { exact: true }).inputValue()).toBe(code)
    expect(await shared.page.getByLabel('Language of the checker').inputValue()).toBe('python')
    await shared.close()
  }
  await page.keyboard.press('Escape')
  await page.getByLabel('Checker', { exact: true }).fill('import sys\nsys.exit(1)')
  await page.getByLabel('How it answers').selectOption('testlib')
  await run()
  await badge('Wrong answer')
  await page.getByLabel('How it answers').selectOption('kattis')
  await run()
  await badge('Judge failed')
})

test('all of it fits a phone', async () => {
  const { page } = opened
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
  expect(await smallTargets(page)).toEqual([])
  await opened.close()
})
