import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Chromium without a desktop, as Debian has it: a third less work than the whole one. Another one can be named. */
const INSTALLED = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']
const PROGRAM = process.env['RUNYARD_TEST_BROWSER'] ?? INSTALLED.find(existsSync) ?? INSTALLED[0] ?? ''

/** Far beyond what anything on a page takes on a machine that is slow or busy. */
const DEADLINE_MS = 120_000

const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Text, so that whoever checks types without those of browsers can open pages, too. */
const NOTE_VIOLATIONS = `addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
  noteViolation([violatedDirective, blockedURI, sample].join(' '))
})`

export type OpenOptions = BrowserContextOptions & {
  /** Errors on the console that a test is about. */
  allow?: RegExp[]
}

/** A browser whose pages may do nothing wrong. */
export interface TestBrowser {
  /** Opens a page in a profile of its own. */
  open: (url: string, options?: OpenOptions) => Promise<TestPage>
  close: () => Promise<void>
}

/**
 * What Chromium writes to the console when a test takes the network away from its page: which of net's error codes it names depends on
 * what the request was about when the connection ended.
 */
export const NETWORK_FAULTS = /^console: (?:Failed to load resource: net::ERR_|WebSocket connection)/

export interface TestPage {
  page: Page
  /** Opens another page in the same profile, as a second tab; what it does wrong is told when it is closed. */
  another: (url: string) => Promise<TestPage>
  /**
   * Closes the page.
   * @throws Error when it wrote an error to the console, failed in a script, broke its content security policy or asked another
   * origin for anything
   */
  close: () => Promise<void>
}

/** @throws Error that says how to get a browser when there is none */
export async function startBrowser(): Promise<TestBrowser> {
  if (!existsSync(PROGRAM)) {
    throw new Error(`there is no browser at ${PROGRAM}: npm test installs it, or name one in RUNYARD_TEST_BROWSER`)
  }
  const browser = await chromium.launch({ executablePath: PROGRAM, args: SWITCHES })
  return {
    open: (url, options) => openPage(browser, url, options),
    close: () => browser.close(),
  }
}

async function openPage(
  browser: Browser,
  url: string,
  { allow = [], ...options }: OpenOptions = {},
): Promise<TestPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  context.setDefaultTimeout(DEADLINE_MS)
  return openTab(context, url, allow, () => context.close())
}

async function openTab(
  context: BrowserContext,
  url: string,
  allow: readonly RegExp[],
  close: () => Promise<void>,
): Promise<TestPage> {
  const page = await context.newPage()
  const { origin } = new URL(url)
  const faults: string[] = []
  const note = (fault: string) => {
    if (!allow.some((pattern) => pattern.test(fault))) faults.push(fault)
  }
  page.on('console', (message) => message.type() === 'error' && note(`console: ${message.text()}`))
  page.on('pageerror', (error) => note(`script: ${error.stack ?? error.message}`))
  page.on('request', (request) => {
    const asked = request.url()
    if (new URL(asked).origin !== origin && !asked.startsWith('blob:')) note(`another origin: ${asked}`)
  })
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) note(`another origin: ${socket.url()}`)
  })
  await page.exposeFunction('noteViolation', (text: string) => note(`policy: ${text}`))
  await page.addInitScript(NOTE_VIOLATIONS)
  await page.goto(url)
  return {
    page,
    another: (to) => openTab(context, to, allow, () => Promise.resolve()),
    async close() {
      await page.close()
      await close()
      if (faults.length > 0) throw new Error(`the page did wrong:\n${faults.join('\n')}`)
    },
  }
}
