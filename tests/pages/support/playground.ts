import type { Page } from 'playwright-core'
import { type OpenOptions, type TestBrowser, type TestPage } from './browser.ts'

/** The playground, as a person uses it. */
export interface PlaygroundPage extends TestPage {
  /** Chooses a language by its id. */
  choose: (language: string) => Promise<void>
  /** Replaces the program. */
  write: (code: string) => Promise<void>
  /** The program as the editor shows it. */
  program: () => Promise<string>
  run: () => Promise<void>
  /** Waits until the job is told to be so, e.g. `Succeeded`. */
  badge: (words: string) => Promise<void>
  /** What the output shows, as text. */
  output: () => Promise<string>
  /** Waits until the output shows this text. */
  shows: (text: string) => Promise<void>
}

export async function openPlayground(
  browser: TestBrowser,
  url: string,
  options: OpenOptions = {},
): Promise<PlaygroundPage> {
  const opened = await browser.open(url, options)
  await ready(opened.page)
  return { ...opened, ...playgroundOn(opened.page) }
}

/** Waits until the languages and the editor are there. */
export async function ready(page: Page): Promise<void> {
  await page.locator('.cm-content').waitFor()
  await page.locator('#language optgroup').first().waitFor({ state: 'attached' })
}

export function playgroundOn(page: Page): Omit<PlaygroundPage, keyof TestPage> {
  const output = page.locator('#output')
  return {
    async choose(language) {
      await page.getByLabel('Language').selectOption(language)
    },
    async write(code) {
      await page.getByRole('textbox', { name: 'Program' }).click()
      await page.keyboard.press('Control+a')
      await page.keyboard.insertText(code)
    },
    // Lines of the editor are elements of their own.
    program: async () => (await page.locator('.cm-line').allTextContents()).join('\n'),
    run: () => page.getByRole('button', { name: 'Run' }).click(),
    badge: (words) => page.locator('.status-line .badge', { hasText: words }).waitFor({ timeout: 120_000 }),
    output: async () => (await output.textContent()) ?? '',
    shows: (text) => output.filter({ hasText: text }).waitFor({ timeout: 120_000 }),
  }
}
