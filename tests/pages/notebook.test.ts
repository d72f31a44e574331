import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Locator } from 'playwright-core'
import { eventually } from '../support/eventually.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { type NotebookPage, notebookReady, openNotebook } from './support/notebook.ts'
import { soon } from './support/operator.ts'
import { smallTargets } from './support/targets.ts'

let platform: TestPlatform
let browser: TestBrowser
/** One notebook, worked on by one test after another. */
let opened: NotebookPage
beforeAll(async () => {
  platform = await startPlatform({ SESSIONS_MEMORY_BYTES: String(4 * 1024 ** 3) })
  browser = await startBrowser()
  // What a result may not do is refused by the policy, which tells it.
  opened = await openNotebook(browser, platform.url, { acceptDownloads: true })
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

const focused = (place: number) =>
  soon(() => opened.cell(place).evaluate((element) => element === document.activeElement), true)
const contains = (place: number, text: string) =>
  eventually(`cell ${place} shows ${JSON.stringify(text)}`, async () =>
    (await output(place).textContent())?.includes(text),
  )
/** The editor of the active cell takes what is typed. */
const edited = () => opened.page.locator('.cell.active .cm-editor.cm-focused').waitFor()
const output = (place: number) => opened.cell(place).locator('.outputs')

describe('a notebook', () => {
  test('starts a session with the first cell that runs, and keeps variables from cell to cell', async () => {
    const { page, run, cell } = opened
    await page.getByText('No session yet').waitFor()
    await run(1, 'import sys\nx = 40\nprint("to stdout")\nprint("to stderr", file=sys.stderr)')
    await soon(() => output(1).textContent(), 'to stdout\nto stderr\n')
    expect(await output(1).locator('.stderr').allTextContents()).toEqual(['to stderr'])
    await page.getByRole('button', { name: '+ Code' }).click()
    await run(2, 'x + 2')
    await soon(() => output(2).textContent(), '42')
    expect(await cell(2).locator('.count').textContent()).toBe('[2]')
  })

  test('is used by keyboard as others are', async () => {
    const { page, cell } = opened
    const sources = () => page.locator('.cell').count()
    await page.keyboard.press('Escape')
    await focused(2)
    await page.keyboard.press('a')
    await cell(3).waitFor()
    await edited()
    await page.keyboard.insertText('"above"')
    await page.keyboard.press('Shift+Enter')
    await focused(3)
    await opened.idle()
    await soon(() => output(2).textContent(), "'above'")
    await page.keyboard.press('ArrowUp')
    await focused(2)
    await page.keyboard.press('m')
    await page.locator('.cell.markdown.active').waitFor()
    await focused(2)
    await page.keyboard.press('Enter')
    await edited()
    await page.keyboard.press('Escape')
    await focused(2)
    await page.keyboard.press('d')
    await page.keyboard.press('d')
    await page.getByText('The cell was deleted.').waitFor()
    await soon(sources, 2)
    await page.getByRole('button', { name: 'Undo' }).click()
    await cell(3).waitFor()
    await page.getByRole('button', { name: 'Delete cell 2' }).click()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await soon(sources, 2)
  })

  test('shows rich results, and tells errors with their colours', async () => {
    const { page, run } = opened
    await run(
      2,
      String.raw`
from IPython.display import display, HTML, SVG, Image, JSON, Latex, Markdown
import base64
display(Image(base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>parent.pwned = 1</script></svg>'))
display(Latex(r"$\frac{1}{3}$"))
display(Markdown("**bold** <b>not HTML</b>"))
display(JSON({"a": [1, {"b": None}]}))
handle = display("old", display_id=True)
handle.update("new")
1 / 0`,
    )
    await output(2).getByText('ZeroDivisionError').first().waitFor()
    const out = output(2)
    expect(await out.locator('img.picture').count()).toBe(2)
    for (const image of await out.locator('img.picture').all()) {
      await image.evaluate((element) => (element as HTMLImageElement).decode())
    }
    await out.locator('math mfrac').waitFor()
    await out.locator('strong', { hasText: 'bold' }).waitFor()
    await out.getByText('<b>').waitFor()
    await out.getByText('2 entries').or(out.getByText('1 entry')).first().waitFor()
    await out.getByText("'new'").waitFor()
    expect(await out.getByText("'old'").count()).toBe(0)
    expect(await out.locator('.error span[style*=color]').count()).toBeGreaterThan(0)
    expect(await seriousFaults(page)).toEqual([])
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
  })

  test('shows HTML in a frame that runs no script of it, reads nothing of the page and reaches nothing', async () => {
    let reached = 0
    const server = createServer((_req, res) => {
      reached += 1
      res.end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { page } = await openNotebook(browser, platform.url, { allow: [/./] })
    const hostile = `
from IPython.display import display, HTML
display(HTML("""<table><tr><td>in a table</td></tr></table>
<style>@import url("${elsewhere}/style"); body { background: url(${elsewhere}/ground) }</style>
<script>top.pwned = 'script'</script><img src="${elsewhere}/image" onerror="top.pwned = 'handler'">
<meta http-equiv="refresh" content="0;url=${elsewhere}/refresh"><iframe srcdoc="<script>top.pwned = 1</script>"></iframe>
<a id="out" href="${elsewhere}/link" target="_top">a link</a><form action="${elsewhere}/form"><button>b</button></form>"""))`
    await page.locator('.cm-content').first().click()
    await page.keyboard.insertText(hostile)
    await page.keyboard.press('Control+Enter')
    const frame = page.frameLocator('.html-result iframe')
    await frame.getByText('in a table').waitFor()
    await page.getByText('Scripts of a result do not run here.').waitFor()
    await frame.locator('#out').click()
    expect(
      await frame
        .locator('body')
        .evaluate(() => [origin, document.body.querySelectorAll('script, iframe, form, meta').length]),
    ).toEqual(['null', 0])
    const reach = frame.locator('body').evaluate(() =>
      fetch('/v1/runtimes').then(
        () => 'reached',
        () => 'refused',
      ),
    )
    expect(await reach).toBe('refused')
    expect(await page.evaluate(() => 'pwned' in globalThis)).toBe(false)
    expect(page.url()).toBe(`${platform.url}/notebook`)
    expect(reached).toBe(0)
    server.close()
    const height = await page
      .locator('.html-result iframe')
      .evaluate((element) => element.getBoundingClientRect().height)
    expect(height).toBeGreaterThan(20)
    await page.context().close()
  })

  test('asks for input in the cell, and can be interrupted', async () => {
    const { page, write, idle, cell } = opened
    await write(2, 'name = input("Who? ")\nprint("hello", name)\nprint("waits", flush=True)\nwhile True: pass')
    await page.keyboard.press('Control+Enter')
    await page.getByLabel('Who?').fill('Ada')
    await page.keyboard.press('Enter')
    await output(2).getByText('waits').waitFor()
    await contains(2, 'Who? Ada\nhello Ada\n')
    await page.getByRole('button', { name: 'Interrupt cell 2' }).click()
    await cell(2).getByText('KeyboardInterrupt').first().waitFor()
    await idle()
  })

  test('takes 10,000 lines, and goes on answering', async () => {
    const { run } = opened
    await run(2, 'for i in range(10_000): print("line", i)')
    await contains(2, 'line 9999\n')
    const seen = await output(2).evaluate((element) => ({
      lines: (element.textContent ?? '').split('\n').length - 1,
      elements: element.querySelectorAll('*').length,
    }))
    expect(seen.lines).toBe(10_000)
    expect(seen.elements).toBeLessThan(500)
  })

  test('has a panel for files: uploaded, seen by programs, downloaded, deleted', async () => {
    const { page, run } = opened
    await page.getByRole('button', { name: 'Files' }).click()
    const panel = page.getByRole('region', { name: 'Files' })
    await panel.getByText('The working folder of the session').waitFor()
    await panel
      .getByLabel('Upload')
      .setInputFiles({ name: 'data.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n1,2\n') })
    await panel.getByText('data.csv').first().waitFor()
    await run(2, 'print(open("data.csv").read())\nopen("made.txt", "w").write("made")')
    await contains(2, 'a,b\n1,2\n')
    await panel.getByText('made.txt').first().waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'Download made.txt' }).click(),
    ])
    expect(await readFile(await download.path(), 'utf8')).toBe('made')
    await panel.getByRole('button', { name: 'Delete made.txt' }).click()
    await panel.getByText('made.txt').first().waitFor({ state: 'detached' })
  })

  test('outlives a reload of the page, with its session', async () => {
    const { page, run } = opened
    await page.waitForFunction(() => localStorage.getItem('runyard.notebook')?.includes('data.csv'))
    await page.reload()
    await notebookReady(page)
    await page.getByText('Ready', { exact: true }).waitFor()
    await soon(() => output(1).textContent(), 'to stdout\nto stderr\n')
    await run(2, 'x')
    await soon(() => output(2).textContent(), '40')
  })

  test('is saved as a file, and opened from one', async () => {
    const { page, cell } = opened
    await page.getByText('File', { exact: true }).click()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as .ipynb' }).click(),
    ])
    const text = await readFile(await download.path(), 'utf8')
    expect(JSON.parse(text)).toMatchObject({
      nbformat: 4,
      nbformat_minor: 5,
      metadata: { kernelspec: { name: 'python3' } },
      cells: [
        { cell_type: 'code', outputs: [{ output_type: 'stream', name: 'stdout', text: ['to stdout\n'] }, {}] },
        { source: ['x'] },
      ],
    })
    const changed = text.replace('"x"', '"y = 1"')
    await page.getByText('File', { exact: true }).click()
    await page
      .getByLabel('Open .ipynb')
      .setInputFiles({ name: 'other.ipynb', mimeType: 'application/json', buffer: Buffer.from(changed) })
    await cell(2).getByText('y = 1').waitFor()
    await soon(() => output(1).textContent(), 'to stdout\nto stderr\n')
    await page.getByText('File', { exact: true }).click()
    await page
      .getByLabel('Open .ipynb')
      .setInputFiles({ name: 'no.ipynb', mimeType: 'text/plain', buffer: Buffer.from('no') })
    await page.getByText('The file is not JSON').waitFor()
  })

  test('says when its session has ended, and starts another with one button', async () => {
    const { page, run } = opened
    const { sessions } = (await (await fetch(`${platform.url}/v1/sessions?state=running`)).json()) as {
      sessions: { id: string }[]
    }
    for (const { id } of sessions) await fetch(`${platform.url}/v1/sessions/${id}`, { method: 'DELETE' })
    await page.getByText('The session has ended').waitFor()
    await page.getByRole('button', { name: 'Start a new session' }).click()
    await page.getByText('Ready', { exact: true }).waitFor()
    await run(2, '"x" in globals()')
    await soon(() => output(2).textContent(), 'False')
  })

  test('shows the packages to whoever asks for them, wherever they are among the cells', async () => {
    const { page } = opened
    const cells = [{ cell_type: 'raw', metadata: {}, source: 'a line\n'.repeat(200) }]
    const file = { cells, metadata: {}, nbformat: 4, nbformat_minor: 4 }
    await page.getByText('File', { exact: true }).click()
    const buffer = Buffer.from(JSON.stringify(file))
    await page.getByLabel('Open .ipynb').setInputFiles({ name: 'long.ipynb', mimeType: 'application/json', buffer })
    await page.getByText('a line').first().waitFor()
    const button = page.getByRole('button', { name: 'Packages' })
    const panel = page.getByRole('region', { name: 'Packages' })
    await page.mouse.wheel(0, 2000)
    await eventually('the cell is scrolled', () => page.evaluate('scrollY > 1000'))
    await button.click()
    const bottom = async (of: Locator) => {
      const box = await of.boundingBox()
      return box === null ? NaN : box.y + box.height
    }
    await eventually(
      'the panel is below the buttons',
      async () => (await panel.boundingBox())!.y > (await bottom(button)),
    )
    expect(await bottom(panel)).toBeLessThan(page.viewportSize()!.height)
    await button.click()
  })

  test('names the packages that its sessions begin with, which are saved with it, and tells how far they are', async () => {
    const { page } = opened
    const asked: unknown[] = []
    // Nothing is installed here: packages and session are had when the test has seen how far the installation is.
    const told = page.getByText('Installing packages: downloading numpy 2.3.1', { exact: true })
    let seen: Promise<void> | undefined
    const beSeen = () => (seen ??= told.waitFor())
    const environment = (state: string) => ({ json: { id: '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d10', state } })
    await page.route('**/v1/environments', async (route) => {
      const waits = (await route.request().headerValue('prefer')) !== 'wait=0'
      if (waits) await beSeen()
      await route.fulfill(environment(waits ? 'ready' : 'building'))
    })
    await page.route('**/v1/environments/*/events', (route) => {
      const data = JSON.stringify({ state: 'building', progress: 'downloading numpy 2.3.1', error: null })
      return route.fulfill({ contentType: 'text/event-stream', body: `id: 1\nevent: building\ndata: ${data}\n\n` })
    })
    await page.route('**/v1/sessions', async (route) => {
      const body = route.request().postDataJSON() as { language?: string } | null
      if (body) {
        asked.push(body)
        await beSeen()
      }
      await route.continue(body ? { postData: { language: body.language } } : {})
    })
    const file = { cells: [], metadata: { runyard: { dependencies: ['six'] } }, nbformat: 4, nbformat_minor: 5 }
    await page.getByText('File', { exact: true }).click()
    const buffer = Buffer.from(JSON.stringify(file))
    await page.getByLabel('Open .ipynb').setInputFiles({ name: 'a.ipynb', mimeType: 'application/json', buffer })
    await page.getByRole('button', { name: 'Packages' }).click()
    const field = page.getByLabel('Packages, one per line')
    await soon(() => field.inputValue(), 'six')
    await field.press('End')
    await field.press('Enter')
    await field.pressSequentially('numpy>=2')
    await page.getByRole('button', { name: 'Start a new session' }).click()
    await eventually('a session was asked for', () => asked.length > 0)
    await page.getByText('Ready', { exact: true }).waitFor()
    expect(asked).toEqual([{ language: 'python', dependencies: ['six', 'numpy>=2'] }])
    expect(await told.count()).toBe(0)
    await page.unrouteAll({ behavior: 'wait' })
    await page.reload()
    await notebookReady(page)
    await page.getByRole('button', { name: 'Packages' }).click()
    expect(await field.inputValue()).toBe('six\nnumpy>=2')
  })

  test('has no serious fault of accessibility in either theme, and fits a phone', async () => {
    const { page } = opened
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme })
      await page.locator(`html[data-theme=${theme}]`).waitFor()
      expect([theme, ...(await seriousFaults(page))]).toEqual([theme])
    }
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    expect(await smallTargets(page)).toEqual([])
    await opened.close()
  })
})
