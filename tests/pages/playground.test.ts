import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import type { Page } from 'playwright-core'
import { get, runJob } from '../support/client.ts'
import { startLoneGateway } from '../support/lone-gateway.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { openTcpLink } from '../support/tcp-link.ts'
import { NETWORK_FAULTS, startBrowser, type TestBrowser } from './support/browser.ts'
import { openPlayground, playgroundOn, ready } from './support/playground.ts'

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

const open = (path = '/', options = {}) => openPlayground(browser, platform.url + path, options)

describe('running a program', () => {
  test('the hello program of a language runs, and the page tells how it ended', async () => {
    const { page, run, badge, output, close } = await open()
    expect(await page.title()).toBe('Runyard playground')
    await run()
    await badge('Succeeded')
    expect(await output()).toBe('Hello, world!\n')
    const status = await page.locator('.status-line .facts').innerText()
    expect(status).toMatch(/exit code 0/)
    expect(status).toMatch(/[\d.]+ ms/)
    expect(status).toMatch(/[\d.]+ MiB/)
    expect(status).toMatch(/python 3\.\d+/)
    await page
      .getByRole('status')
      .filter({ hasText: /^Succeeded, exit code 0, / })
      .waitFor({ state: 'attached' })
    await close()
  })

  test('input, arguments and limits go with it', async () => {
    const { page, write, run, badge, output, close } = await open()
    await write('import sys\nprint(sys.argv[1:], sys.stdin.read())\nwhile True: pass')
    await page.getByLabel('Standard input').fill('one\ntwo')
    await page.getByLabel('Arguments, one per line').fill('a b\n\n"c"\n')
    await page.getByRole('tab', { name: 'Limits' }).click()
    await page.getByLabel('Time (s)', { exact: true }).fill('0.5')
    await run()
    await badge('Out of time')
    expect(await output()).toBe(`['a b', '', '"c"'] one\ntwo\n`)
    expect(await page.locator('.status-line .message').innerText()).toContain('500 ms')
    await close()
  })

  test('files that are attached run with it, large ones by way of the file store, until they are removed', async () => {
    const { page, write, run, badge, output, close } = await open()
    await write("import os\nprint(*[(n, os.stat(n).st_size) for n in sorted(os.listdir('.')) if n != 'main.py'])")
    await page.getByLabel('Attach files').setInputFiles([
      { name: 'small.txt', mimeType: 'text/plain', buffer: Buffer.from('é') },
      { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(100_000, 255) },
    ])
    await page.getByRole('button', { name: 'Remove large.bin' }).waitFor()
    await run()
    await badge('Succeeded')
    expect(await output()).toBe("('large.bin', 100000) ('small.txt', 2)\n")
    await page.getByRole('button', { name: 'Remove large.bin' }).click()
    await run()
    await page.getByText("('small.txt', 2)", { exact: true }).waitFor()
    await close()
  })

  test('stdout and stderr are told apart, and either can be seen alone', async () => {
    const { page, choose, write, run, badge, output, close } = await open()
    await choose('bash')
    await write('echo out; sleep 0.2; echo err >&2; sleep 0.2; echo out again')
    await run()
    await badge('Succeeded')
    expect(await output()).toBe('out\nerr\nout again\n')
    expect(await page.locator('#output .stderr').allTextContents()).toEqual(['err'])
    const only = (stream: string) => page.getByRole('group', { name: 'Stream to show' }).getByText(stream).click()
    await only('stderr')
    await page.waitForFunction(() => document.getElementById('output')?.textContent === 'err\n')
    await only('stdout')
    await page.waitForFunction(() => document.getElementById('output')?.textContent === 'out\nout again\n')
    await close()
  })

  test('what a compiler says stands under its own heading', async () => {
    const { page, choose, write, run, badge, close } = await open()
    await choose('c')
    await write('int main(void) { return x; }')
    await run()
    await badge('Did not compile')
    expect(await page.locator('#output .stage').allTextContents()).toEqual(['compile'])
    expect(await page.locator('#output .stderr').allTextContents()).toContainEqual(
      expect.stringContaining('undeclared'),
    )
    await write('#include <stdio.h>\nint main(void) { puts("compiled"); return 3; }')
    await run()
    await badge('Failed')
    expect(await page.locator('#output .stage').allTextContents()).toEqual(['compile', 'run'])
    expect(await page.locator('.status-line .facts').innerText()).toMatch(/exit code 3/)
    await close()
  })

  test('what screening notices is told, with a way to the line', async () => {
    const { page, write, run, badge, close } = await open()
    await write('# one\nimport os\nos.system("echo hi")')
    await run()
    await badge('Succeeded')
    await page.getByRole('button', { name: 'line 3' }).click()
    await page.locator('.cm-activeLine', { hasText: 'os.system' }).waitFor()
    await close()
  })
})

describe('while it runs', () => {
  const FOREVER = 'import time\nprint("begun", flush=True)\nwhile True: time.sleep(1)'

  test('output is seen before the end, and Stop ends it', async () => {
    const { page, write, run, badge, shows, close } = await open()
    await write(FOREVER)
    await run()
    await shows('begun')
    await badge('Running')
    await page.getByRole('button', { name: 'Stop' }).click()
    await badge('Cancelled')
    await page.getByRole('button', { name: 'Run' }).waitFor()
    await close()
  })

  test('keys do the same: Ctrl-Enter runs, Escape stops', async () => {
    const { page, write, badge, shows, close } = await open()
    await write(FOREVER)
    await page.keyboard.press('Control+Enter')
    await shows('begun')
    await page.keyboard.press('Escape')
    await badge('Cancelled')
    await page.locator('h1').evaluate(() => (document.activeElement as HTMLElement).blur())
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Alt+l')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('language')
    await page.keyboard.press('Alt+o')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('output')
    await close()
  })

  test('a connection that is lost is found again, and nothing is missing or twice', async () => {
    const link = await openTcpLink({ port: Number(new URL(platform.url).port), host: '127.0.0.1' })
    const opened = await openPlayground(browser, `http://127.0.0.1:${link.port}`, { allow: [NETWORK_FAULTS] })
    const { page, choose, write, run, badge, shows, output, close } = opened
    await choose('bash')
    await write('for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep 0.3; done')
    await run()
    await shows('line 2')
    link.cut()
    await page.getByText('connection lost').waitFor()
    link.mend()
    await badge('Succeeded')
    expect(await output()).toBe(Array.from({ length: 10 }, (_, i) => `line ${i + 1}\n`).join(''))
    await close()
    await link.close()
  })
})

describe('thousands of lines', () => {
  const LINES = `
for i in $(seq 1 1500); do echo line $i; done
read
for i in $(seq 1501 3000); do echo line $i; done
`
  /** How far above its end the output is scrolled. */
  const above = (page: Page) =>
    page.locator('#output').evaluate((one) => Math.round(one.scrollHeight - one.scrollTop - one.clientHeight))

  test('are followed to the end, also when the room for them changes meanwhile', async () => {
    const { page, choose, write, run, badge, shows, close } = await open()
    await choose('bash')
    await write(LINES)
    await page.getByLabel('Interactive').check()
    await run()
    await shows('line 1500')
    await page.setViewportSize({ width: 1280, height: 620 })
    await page.getByLabel('Input to the program').press('Enter')
    await badge('Succeeded')
    await shows('line 3000')
    await page.waitForFunction(() => {
      const one = document.getElementById('output')
      return one && one.scrollHeight - one.scrollTop - one.clientHeight <= 2
    })
    expect(await page.getByRole('button', { name: 'Jump to end' }).count()).toBe(0)
    await close()
  })

  test('stay where somebody scrolled up to, which is said, with a way to the end', async () => {
    const { page, choose, write, run, badge, shows, close } = await open()
    await choose('bash')
    await write(LINES)
    await page.getByLabel('Interactive').check()
    await run()
    await shows('line 1500')
    await page.locator('#output').hover()
    await page.mouse.wheel(0, -600)
    await page.getByText('Following paused').waitFor()
    await page.getByLabel('Input to the program').press('Enter')
    await shows('line 3000')
    await badge('Succeeded')
    expect(await above(page)).toBeGreaterThan(1000)
    await page.getByRole('button', { name: 'Jump to end' }).click()
    expect(await above(page)).toBeLessThanOrEqual(2)
    await page.getByRole('button', { name: 'Jump to end' }).waitFor({ state: 'detached' })
    await close()
  })
})

describe('talking to a program', () => {
  const ECHO = `
import sys
print('What is your name?', end=' ', flush=True)
for line in sys.stdin:
    print('Hello,', line.strip() + '!', flush=True)
print('bye')`

  test('lines go in, answers come out, Ctrl-D ends the input', async () => {
    const { page, write, run, badge, shows, output, close } = await open()
    await write(ECHO)
    await page.getByLabel('Interactive').check()
    await run()
    await shows('What is your name?')
    const input = page.getByLabel('Input to the program')
    expect(await input.evaluate((element) => element === document.activeElement)).toBe(true)
    await input.fill('Ada')
    await input.press('Enter')
    await shows('Hello, Ada!')
    await input.press('ArrowUp')
    expect(await input.inputValue()).toBe('Ada')
    await input.fill('ÿ😀')
    await input.press('Enter')
    await shows('Hello, ÿ😀!')
    await input.press('Control+d')
    await badge('Succeeded')
    expect(await output()).toBe('What is your name? Ada\nHello, Ada!\nÿ😀\nHello, ÿ😀!\nbye\n')
    await input.waitFor({ state: 'detached' })
    await close()
  })

  test('a program that lacks its input is told so, and can be run with it', async () => {
    const { page, write, run, badge, shows, close } = await open()
    await write('print("Hello,", input())')
    await run()
    await badge('Failed')
    const hint = page.locator('.notice', { hasText: 'reads standard input' })
    await hint.getByRole('button', { name: 'Add input' }).click()
    await page.waitForFunction(() => document.activeElement?.id === 'stdin')
    await hint.getByRole('button', { name: 'Run interactively' }).click()
    await page.getByLabel('Input to the program').fill('Ada')
    await page.keyboard.press('Enter')
    await shows('Hello, Ada')
    await badge('Succeeded')
    expect([await hint.count(), await page.getByLabel('Interactive').isChecked()]).toEqual([0, true])
    await close()
  })

  test('Ctrl-C interrupts it', async () => {
    const { page, write, run, badge, shows, close } = await open()
    await write(
      'import sys\nprint("waits", flush=True)\ntry: sys.stdin.read()\nexcept KeyboardInterrupt: print("interrupted")',
    )
    await page.getByLabel('Interactive').check()
    await run()
    await shows('waits')
    await page.getByLabel('Input to the program').press('Control+c')
    await badge('Succeeded')
    await shows('interrupted')
    await close()
  })

  test('a lost connection loses no line', async () => {
    const link = await openTcpLink({ port: Number(new URL(platform.url).port), host: '127.0.0.1' })
    const opened = await openPlayground(browser, `http://127.0.0.1:${link.port}`, { allow: [NETWORK_FAULTS] })
    const { page, write, run, badge, shows, output, close } = opened
    await write(ECHO)
    await page.getByLabel('Interactive').check()
    await run()
    await shows('What is your name?')
    link.cut()
    await page.getByText('connection lost').waitFor()
    const input = page.getByLabel('Input to the program')
    await input.fill('Ada')
    await input.press('Enter')
    link.mend()
    await shows('Hello, Ada!')
    await input.press('Control+d')
    await badge('Succeeded')
    expect((await output()).match(/Hello, Ada!/g)).toHaveLength(1)
    await close()
    await link.close()
  })
})

describe('what was typed', () => {
  test('is there again after a reload, for each language', async () => {
    const { page, choose, write, program, close } = await open()
    await write('print("mine")')
    await choose('bash')
    await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('echo'))
    await write('echo mine too')
    await page.reload()
    await ready(page)
    await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('mine too'))
    await choose('python')
    await page.waitForFunction(() => document.querySelector('.cm-content')?.textContent === 'print("mine")')
    expect(await program()).toBe('print("mine")')
    await close()
  })

  test('comes back after a reset, by the offer to undo it and by the editor itself', async () => {
    const { page, write, program, close } = await open()
    const code = 'print("mine")'
    const reset = async () => {
      await page.getByRole('button', { name: 'Reset' }).click()
      await page.locator('.cm-content', { hasText: 'Hello, world' }).waitFor()
    }
    await write(code)
    await page.getByLabel('Standard input').fill('my input')
    await reset()
    expect(await page.getByLabel('Standard input').inputValue()).toBe('')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.locator('.cm-content', { hasText: 'mine' }).waitFor()
    expect([await program(), await page.getByLabel('Standard input').inputValue()]).toEqual([code, 'my input'])
    await reset()
    await page.getByRole('textbox', { name: 'Program' }).click()
    await page.keyboard.press('Control+z')
    await page.locator('.cm-content', { hasText: 'mine' }).waitFor()
    await page.reload()
    await ready(page)
    await page.locator('.cm-content', { hasText: 'mine' }).waitFor()
    expect(await program()).toBe(code)
    await close()
  })

  test('is not lost to a program that came by a link and was run', async () => {
    const first = await open()
    await first.write('print("by link")')
    await first.page.getByRole('button', { name: 'Share' }).click()
    await first.page.waitForFunction(() => document.querySelector<HTMLInputElement>('dialog input')?.value !== '')
    const link = await first.page.getByLabel(/^The program alone/).inputValue()
    await first.page.keyboard.press('Escape')
    await first.write('print("mine")')
    await first.page.goto('about:blank')
    await first.page.goto(link)
    await ready(first.page)
    await first.page.locator('.cm-content', { hasText: 'by link' }).waitFor()
    await first.run()
    await first.badge('Succeeded')
    await first.page.getByRole('button', { name: 'Restore draft' }).click()
    await first.page.locator('.cm-content', { hasText: 'mine' }).waitFor()
    expect(await first.program()).toBe('print("mine")')
    await first.close()
  })
})

describe('sharing', () => {
  test('the link to a job shows the program as it was run, and its output', async () => {
    const first = await open()
    await first.choose('bash')
    await first.write('read name; echo "shared by $name"; echo "and $1" >&2; exit 4')
    await first.page.getByLabel('Standard input').fill('me')
    await first.page.getByLabel('Arguments, one per line').fill('more')
    await first.run()
    await first.badge('Failed')
    await first.page.getByRole('button', { name: 'Share' }).click()
    const link = await first.page.getByLabel(/^This job/).inputValue()
    expect(link).toMatch(new RegExp(`^${platform.url}/\\?job=[0-9a-f-]{36}$`))
    await first.close()

    const second = await browser.open(link)
    const shared = playgroundOn(second.page)
    await ready(second.page)
    // How it ended is known before its output is there.
    await shared.badge('Failed')
    await shared.shows('and more')
    expect(await shared.output()).toContain('shared by me\n')
    expect(await second.page.locator('#output .stderr').allTextContents()).toEqual(['and more'])
    expect(await shared.program()).toBe('read name; echo "shared by $name"; echo "and $1" >&2; exit 4')
    expect(await second.page.getByLabel('Language').inputValue()).toBe('bash')
    expect(await second.page.getByLabel('Standard input').inputValue()).toBe('me')
    // A visit leaves no trace in what the visitor has typed, and runs as it stands.
    expect(await second.page.evaluate(() => localStorage.getItem('runyard.code.bash'))).toBeNull()
    await shared.run()
    await shared.badge('Failed')
    expect(new URL(second.page.url()).search).toBe('')
    await second.close()
  })

  test('the link to a job that runs shows what comes', async () => {
    const first = await open()
    await first.write('import time\nprint("begun", flush=True)\ntime.sleep(60)')
    await first.run()
    await first.shows('begun')
    await first.page.getByRole('button', { name: 'Share' }).click()
    const link = await first.page.getByLabel(/^This job/).inputValue()
    await first.page.keyboard.press('Escape')
    const second = await browser.open(link)
    const shared = playgroundOn(second.page)
    await shared.shows('begun')
    await shared.badge('Running')
    await second.page.getByRole('button', { name: 'Stop' }).click()
    await first.badge('Cancelled')
    await shared.badge('Cancelled')
    await first.close()
    await second.close()
  })

  test('its dialog is open as soon as it is there: Escape never stops the program behind it', async () => {
    const { page, close } = await open()
    const share = await page.getByRole('button', { name: 'Share' }).elementHandle()
    const isOpen = await share?.evaluate(
      (button) =>
        new Promise((resolve) => {
          const look = () => {
            const dialog = document.querySelector('dialog')
            if (dialog) resolve(dialog.open)
          }
          new MutationObserver(look).observe(document.body, { childList: true, subtree: true })
          ;(button as HTMLButtonElement).click()
        }),
    )
    expect(isOpen).toBe(true)
    await close()
  })

  test('a program travels in the link alone', async () => {
    const first = await open()
    const code = 'print("ünïcode " * 3)\n# <script>alert(1)</script>'
    await first.write(code)
    await first.page.getByRole('button', { name: 'Share' }).click()
    const field = first.page.getByLabel(/^The program alone/)
    await first.page.waitForFunction(() => document.querySelector<HTMLInputElement>('dialog input')?.value !== '')
    const link = await field.inputValue()
    expect(link).toContain('/#program=')
    await first.close()

    const second = await browser.open(link)
    await ready(second.page)
    const shared = playgroundOn(second.page)
    await second.page.waitForFunction(() => document.querySelector('.cm-content')?.textContent?.includes('ünïcode'))
    expect(await shared.program()).toBe(code)
    await shared.run()
    await shared.badge('Succeeded')
    await second.close()
  })

  test('a job whose events are kept no longer shows its output all the same', async () => {
    const redis = new Redis(process.env['RUNYARD_TEST_REDIS'] ?? '')
    const code = 'for i in 1 2 3; do echo line $i; sleep 0.1; done; echo fault >&2'
    const ids = await Promise.all(
      [1, 2].map(async () => (await runJob(platform.url, { language: 'bash', code, keepRequest: false })).id),
    )
    const events = (id = '') => `{${platform.namespace}}:events:${id}`
    await redis.xtrim(events(ids[0]), 'MAXLEN', 3)
    await redis.del(events(ids[1]))
    redis.disconnect()
    for (const id of ids) {
      const { page, badge, shows, output, close } = await open(`/?job=${id}`)
      await badge('Succeeded')
      await shows('fault')
      expect(await output()).toBe('line 1\nline 2\nline 3\nfault\n')
      await page.getByText('Some events of this job have expired').waitFor()
      await page.getByText('was not kept').waitFor()
      await close()
    }
  })

  test('a link to a job that is not there says so, and a broken one too', async () => {
    const allow = [/status of 404/]
    const none = await open('/?job=01890000-0000-7000-8000-000000000000', { allow })
    await none.page.getByRole('alert').filter({ hasText: 'the job does not exist' }).waitFor()
    await none.close()
    const broken = await open('/#program=AAAA')
    await broken.page.getByText('cannot be read').waitFor()
    await broken.close()
  })
})

test('languages that are not installed are told apart, and how to install them', async () => {
  const gateway = await startLoneGateway()
  const { body } = await get<{ runtimes: { language: string; installed: boolean }[] }>(`${gateway.url}/v1/runtimes`)
  const { page, choose, close } = await openPlayground(browser, gateway.url)
  const idsOf = (wanted: boolean) =>
    body.runtimes.filter(({ installed }) => installed === wanted).map(({ language }) => language)
  const shown = (label: string) =>
    page
      .locator(`#language optgroup[label="${label}"] option`)
      .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value))
  expect(idsOf(true)).toEqual(['bash', 'c', 'python'])
  expect(await shown('Installed')).toEqual(idsOf(true))
  expect(await shown('Not installed')).toEqual(idsOf(false))
  await choose('ruby')
  await page.getByText('npx runyard languages install ruby').waitFor()
  await close()
  await gateway.close()
})
