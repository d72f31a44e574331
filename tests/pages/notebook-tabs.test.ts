import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { notebookOf, type NotebookPage, notebookReady, openNotebook } from './support/notebook.ts'

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

const sourcesOf = ({ page }: NotebookPage) => page.locator('.cell .cm-content').allInnerTexts()
const outputsOf = ({ page }: NotebookPage) => page.locator('.cell .outputs').allInnerTexts()
const shows = (what: string, probe: () => Promise<string[]>, expected: string[]) =>
  eventually(what, async () => {
    expect((await probe()).map((text) => text.trim())).toEqual(expected)
    return true
  })

test('a notebook in two tabs loses no cell, and each output stays with its cell', async () => {
  const first = await openNotebook(browser, platform.url)
  await first.run(1, 'x = "of the first"; print(x)')
  const second = notebookOf(await first.another(`${platform.url}/notebook`))
  await notebookReady(second.page)
  await shows('the second tab has the cell', () => sourcesOf(second), ['x = "of the first"; print(x)'])

  // Cells that each adds come to the other, while it has its own.
  await second.page.getByRole('button', { name: '+ Code' }).click()
  await second.write(2, 'x = "of the second"')
  await shows('the first tab has both', () => sourcesOf(first), ['x = "of the first"; print(x)', 'x = "of the second"'])
  await first.cell(2).locator('.cm-content').click()
  await first.page.getByRole('button', { name: '+ Code' }).click()
  await first.cell(3).waitFor()
  await first.write(3, 'print(x, 3)')
  const all = ['x = "of the first"; print(x)', 'x = "of the second"', 'print(x, 3)']
  await shows('the second tab has all', () => sourcesOf(second), all)

  // Each tab has a session of its own: what runs in one knows nothing of the other's variables.
  await second.run(2, 'x = "of the second"; print(x)')
  await first.run(3, 'print(x, 3)')
  const outputs = ['of the first', 'of the second', 'of the first 3']
  await shows('the outputs of the first', () => outputsOf(first), outputs)
  await shows('the outputs of the second', () => outputsOf(second), outputs)

  // Whoever is loaded anew finds all of it.
  for (const tab of [first, second]) {
    await tab.page.reload()
    await notebookReady(tab.page)
    await shows('its outputs', () => outputsOf(tab), outputs)
  }
  await second.close()
  await first.close()
})

test('where another tab took the place of all cells, a new one comes behind its first, and overwrites none', async () => {
  const first = await openNotebook(browser, platform.url)
  // It begins with a cell of its own, since nothing is kept yet.
  const second = notebookOf(await first.another(`${platform.url}/notebook`))
  await notebookReady(second.page)
  await first.write(1, 'x = "kept here"')
  await shows('the second tab has the cell', () => sourcesOf(second), ['x = "kept here"'])
  await second.page.getByRole('button', { name: '+ Code' }).click()
  await second.cell(2).locator('.cm-content').waitFor()
  await shows('the new cell is the second', () => sourcesOf(second), ['x = "kept here"', ''])
  await second.close()
  await first.close()
})

test('a new notebook in one tab leaves the cells of the other, which says so', async () => {
  const first = await openNotebook(browser, platform.url)
  await first.write(1, 'x = "kept here"')
  await first.page.waitForFunction(() => localStorage.getItem('runyard.notebook')?.includes('kept here'))
  const second = notebookOf(await first.another(`${platform.url}/notebook`))
  await notebookReady(second.page)
  await shows('the second tab has the cell', () => sourcesOf(second), ['x = "kept here"'])
  await second.page.locator('summary', { hasText: 'File' }).click()
  await second.page.getByRole('button', { name: 'New notebook' }).click()
  await first.page.getByText('Another tab has another notebook').waitFor()
  await shows('the first tab has its cell', () => sourcesOf(first), ['x = "kept here"'])
  await second.close()
  await first.close()
})
