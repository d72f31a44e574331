import type { Locator, Page } from 'playwright-core'
import { eventually } from '../../support/eventually.ts'
import type { OpenOptions, TestBrowser, TestPage } from './browser.ts'

/** The notebook, as a person uses it. Places of cells begin at 1. */
export interface NotebookPage extends TestPage {
  cell: (place: number) => Locator
  /** Replaces the source of a code cell. */
  write: (place: number, code: string) => Promise<void>
  /** Writes a cell, runs it with the keyboard, and waits for its end. */
  run: (place: number, code: string) => Promise<void>
  /** Waits until no cell runs. */
  idle: () => Promise<void>
}

export async function openNotebook(
  browser: TestBrowser,
  url: string,
  options: OpenOptions = {},
): Promise<NotebookPage> {
  const opened = await browser.open(`${url}/notebook`, options)
  await notebookReady(opened.page)
  return notebookOf(opened)
}

/** What a page shows that has been opened. */
export function notebookOf(opened: TestPage): NotebookPage {
  const { page } = opened
  const cell = (place: number) => page.locator('.cell').nth(place - 1)
  const write = async (place: number, code: string) => {
    await cell(place).locator('.cm-content').click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(code)
  }
  const idle = () => page.getByRole('status').filter({ hasText: 'Ready' }).waitFor({ timeout: 120_000 })
  return {
    ...opened,
    cell,
    write,
    idle,
    async run(place, code) {
      await write(place, code)
      const count = cell(place).locator('.count')
      const before = await count.textContent()
      await page.keyboard.press('Control+Enter')
      await eventually('the cell has run', async () => {
        const now = (await count.textContent()) ?? ''
        return now !== before && /\[\d+\]/.test(now)
      })
      await idle()
    },
  }
}

export const notebookReady = async (page: Page): Promise<void> => {
  await page.locator('#language option[value=python]').waitFor({ state: 'attached' })
  await page.locator('.cm-content').first().waitFor()
}
