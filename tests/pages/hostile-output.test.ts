import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Page } from 'playwright-core'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { openPlayground, type PlaygroundPage } from './support/playground.ts'

let platform: TestPlatform
let browser: TestBrowser
/** The page that shows the corpus, one after another. */
let used: PlaygroundPage
beforeAll(async () => {
  platform = await startPlatform({ SCREENING: 'off', KILL_GRACE_MS: '200' })
  browser = await startBrowser()
  used = await openPlayground(browser, platform.url)
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

/** What strangers' programs write, as Python expressions. Each is followed by a line that says so. */
const CORPUS: Record<string, string> = {
  'a script': `'<script>document.title = "owned"</script><img src=x onerror="document.title=1"><svg onload=alert(1)>'`,
  'the end of an element': `'</div></main></body></html><h1>other page</h1>'`,
  'a template': `'{{constructor.constructor("alert(1)")()}} \${alert(1)} <%= 1 %>'`,
  'a link in a sequence': `'\\x1b]8;;javascript:alert(1)\\x07click\\x1b]8;;\\x07'`,
  'a title in a sequence': `'\\x1b]0;owned\\x07\\x1b]2;owned\\x1b\\\\'`,
  'the clipboard in a sequence': `'\\x1b]52;c;b3duZWQ=\\x07'`,
  'the end of the screen': `'\\x1b[2J\\x1b[H\\x1b[3J\\x1bc\\x1b[?1049h\\x1b[?25l'`,
  'movements of the cursor': `'\\x1b[1000A\\x1b[1000D\\x1b[10;10Hover\\x1b[5M\\x1b[5L'`,
  'questions to the terminal': `'\\x1b[c\\x1b[6n\\x1b[>q\\x1bP+q544e\\x1b\\\\\\x05'`,
  'a sequence without an end': `'\\x1b]0;' + 'x' * 5000`,
  'colours that are none': `'\\x1b[38;2;999;-1;foo m\\x1b[38;5;url(x)m\\x1b[' + '1;' * 500 + 'm'`,
  'a colour that is code': `'\\x1b[38;2;1;2;3;background:url(http://example.com)m red'`,
  'text that turns around': `'user\\u202e\\u2066// admin\\u2069 \\u2067x \\u202dy'`,
  'control characters': `''.join(chr(i) for i in range(32) if i != 10) + '\\x7f\\x80\\x9b31m\\x9d0;owned\\x07'`,
  'line ends of all kinds': `'a\\rb\\r\\nc\\vd\\fe\\x85f\\u2028g\\u2029h'`,
  'bytes that are no text': `'\\udcff\\udcfe\\udc80'`,
  'a million marks on a letter': `'z' + '\\u0301' * 20000`,
  'a huge line': `'x' * 700000`,
  'a line written over and over': `'\\r'.join('%d%%' % i for i in range(20000))`,
  'a colour for each letter': `''.join('\\x1b[%dmx' % (31 + i % 7) for i in range(20000))`,
}

/** How often the page could do something while it was busy, and for how long at most it could not. */
const WATCH = () => {
  const watched = { turns: 0, longestMs: 0 }
  let last = performance.now()
  setInterval(() => {
    const now = performance.now()
    watched.turns += 1
    watched.longestMs = Math.max(watched.longestMs, now - last)
    last = now
  }, 10)
  Object.assign(globalThis, { watched })
}

const elements = (page: Page) =>
  page.locator('#output').evaluate((output) => {
    const names = new Set<string>()
    const attributes = new Set<string>()
    for (const element of output.querySelectorAll('*')) {
      names.add(element.localName)
      for (const name of element.getAttributeNames()) attributes.add(name)
    }
    return { names: [...names].sort(), attributes: [...attributes].sort() }
  })

test.each(Object.entries(CORPUS))('%s does no harm', async (name, expression) => {
  const { page, write, run, shows, badge } = used
  const place = () => page.evaluate(() => [document.title, location.href])
  const before = await place()
  await write(
    `import sys\nsys.stdout.reconfigure(errors='surrogateescape')\nprint(${expression})\nprint('\\x1b[0m\\nstill here: ${name}')`,
  )
  await run()
  await badge('Succeeded')
  await shows(`still here: ${name}`)
  const made = await elements(page)
  expect(made.names.filter((one) => !['div', 'span'].includes(one))).toEqual([])
  expect(made.attributes.filter((one) => !['class', 'style'].includes(one))).toEqual([])
  expect(await place()).toEqual(before)
  expect(await page.locator('h1').allTextContents()).toEqual(['Playground'])
})

test('and the page that has shown all this did no wrong, and can be used on', async () => {
  await used.write('print("on it goes")')
  await used.run()
  await used.shows('on it goes')
  await used.close()
})

test('what turns text around or cannot be seen is shown by its name', async () => {
  const { write, run, badge, output, page, close } = await openPlayground(browser, platform.url)
  await write(`print('a\\u202eb\\x00c\\x1b[31mred\\x1b[0m\\x1b]0;title\\x07.')`)
  await run()
  await badge('Succeeded')
  expect(await output()).toBe('a<U+202E>b␀cred.\n')
  expect(await page.locator('#output .odd').allTextContents()).toEqual(['<U+202E>', '␀'])
  await close()
})

test('a hundred thousand lines come while the page goes on answering, all of them, in few elements', async () => {
  const { page, write, run, badge, close } = await openPlayground(browser, platform.url)
  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByLabel('Output (KiB)').fill('8192')
  await write('for i in range(100_000): print("line", i, "of a hundred thousand")')
  await page.evaluate(WATCH)
  await run()
  // Things are done meanwhile.
  await page.getByRole('tab', { name: 'Input' }).click()
  await page.getByLabel('Standard input').fill('typed while it came')
  await badge('Succeeded')
  await page.waitForFunction(() =>
    document.getElementById('output')?.textContent?.endsWith('line 99999 of a hundred thousand\n'),
  )
  const seen = await page.locator('#output').evaluate((output) => ({
    lines: (output.textContent ?? '').split('\n').length - 1,
    elements: output.querySelectorAll('*').length,
    atEnd: output.scrollHeight - output.scrollTop - output.clientHeight < 24,
  }))
  expect(seen.lines).toBe(100_000)
  expect(seen.elements).toBeLessThan(1_000)
  expect(seen.atEnd).toBe(true)
  expect(await page.getByLabel('Standard input').inputValue()).toBe('typed while it came')
  const { turns } = await page.evaluate(() => (globalThis as unknown as { watched: { turns: number } }).watched)
  expect(turns).toBeGreaterThan(20)
  // What is far up can be scrolled to.
  await page.locator('#output').evaluate((output) => output.scrollTo(0, 0))
  await page.locator('#output .block').first().waitFor({ state: 'visible' })
  // The other view is made of the same.
  await page.getByRole('group', { name: 'Stream to show' }).getByText('stderr').click()
  await page.waitForFunction(() => document.getElementById('output')?.textContent === '')
  await close()
})

test('a program that writes until it is stopped can be stopped', async () => {
  const { page, write, run, badge, shows, close } = await openPlayground(browser, platform.url)
  await page.getByRole('tab', { name: 'Limits' }).click()
  await page.getByLabel('Output (KiB)').fill('8192')
  await write(
    'import sys\ni = 0\nwhile True:\n    i += 1\n    sys.stdout.write(f"\\x1b[3{i % 8}m{i}\\x1b[0m <b>x</b>\\n")',
  )
  await run()
  await shows('<b>x</b>')
  await badge('Too much output')
  await page.getByText('output cut at 8 MiB').waitFor()
  await page.getByRole('button', { name: 'Run' }).click({ trial: true })
  await close()
})
