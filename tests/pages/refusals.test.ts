import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeKey } from '../support/make-key.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { NETWORK_FAULTS, startBrowser, type TestBrowser } from './support/browser.ts'
import { openPlayground, playgroundOn, ready } from './support/playground.ts'

let platform: TestPlatform
let browser: TestBrowser
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'required', POOL_READY: '0' })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
})

const allow = [/status of (?:401|403|422|429|503)/]
const bearer = ({ authorization }: { authorization: string }) => authorization.slice('Bearer '.length)

async function withGateway(env: Record<string, string>, work: (gateway: LoneGateway) => Promise<void>): Promise<void> {
  const gateway = await startLoneGateway(env)
  try {
    await work(gateway)
  } finally {
    await gateway.close()
  }
}

test('a page that needs a key asks for it, keeps it in its tab alone, and forgets it', async () => {
  const key = bearer(await makeKey(platform, 'acme'))
  const opened = await browser.open(platform.url, { allow })
  const { page } = opened
  const dialog = page.getByRole('dialog', { name: 'API key' })
  await dialog.waitFor()
  expect(await dialog.getByLabel('Key', { exact: true }).evaluate((one) => one === document.activeElement)).toBe(true)
  await dialog.getByLabel('Key', { exact: true }).fill(`ry_000000000000_${'0'.repeat(64)}`)
  await dialog.getByRole('button', { name: 'Use this key' }).click()
  await dialog.getByRole('alert').filter({ hasText: 'the key is invalid' }).waitFor()
  await dialog.getByLabel('Key', { exact: true }).fill(` ${key} `)
  await page.keyboard.press('Enter')
  await dialog.waitFor({ state: 'detached' })
  await ready(page)
  const playground = playgroundOn(page)
  await playground.run()
  await playground.badge('Succeeded')

  // The WebSocket shows it too.
  await playground.write('print(input())')
  await page.getByLabel('Interactive').check()
  await playground.run()
  await page.getByLabel('Input to the program').fill('by key')
  await page.keyboard.press('Enter')
  await playground.badge('Succeeded')
  expect(await playground.output()).toBe('by key\nby key\n')

  await page.reload()
  await ready(page)
  const stored = await page.evaluate(() => JSON.stringify(localStorage) + document.cookie)
  expect(stored).toContain('runyard.language')
  expect(stored).not.toContain(key)
  const other = await page.context().newPage()
  await other.goto(platform.url)
  await other.getByRole('dialog', { name: 'API key' }).waitFor()
  await other.close()

  await page.getByRole('button', { name: 'Key', exact: true }).click()
  await page.getByRole('button', { name: 'Forget the key' }).click()
  await dialog.waitFor()
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  await opened.close()
})

test('a job is no more seen by its link with the key of another tenant', async () => {
  const [alice, bob] = [await makeKey(platform, 'alice'), await makeKey(platform, 'bob')]
  const answer = await fetch(`${platform.url}/v1/jobs`, {
    method: 'POST',
    headers: { ...alice, 'content-type': 'application/json', prefer: 'wait=30' },
    body: JSON.stringify({ language: 'bash', code: 'echo secret', keepRequest: true }),
  })
  const { id } = (await answer.json()) as { id: string }
  for (const [key, sees] of [
    [alice, true],
    [bob, false],
  ] as const) {
    const opened = await browser.open(`${platform.url}/?job=${id}`, { allow: [...allow, /status of 404/] })
    await opened.page.getByLabel('Key', { exact: true }).fill(bearer(key))
    await opened.page.keyboard.press('Enter')
    if (sees) await playgroundOn(opened.page).shows('secret')
    else await opened.page.getByRole('alert').filter({ hasText: 'the job does not exist' }).waitFor()
    await ready(opened.page)
    expect((await opened.page.content()).includes('secret')).toBe(sees)
    await opened.close()
  }
})

test('what is wrong is told once, at its field and in its unit, and gone when it is changed', async () => {
  await withGateway({}, async ({ url }) => {
    const { page, run, close } = await openPlayground(browser, url, { allow })
    const limit = (label: string) => page.locator('.field', { has: page.getByLabel(label, { exact: true }) })
    const enter = async (label: string, text: string) => {
      await page.getByRole('tab', { name: 'Limits' }).click()
      await limit(label).locator('input').fill(text)
    }
    const place = async (label: string) => (await limit(label).locator('input').boundingBox())?.y
    const alert = page.getByRole('alert')
    // No frame is ever drawn: the focus must come with the message, not some time after it.
    await page.evaluate(() => void (globalThis.requestAnimationFrame = () => 0))
    await enter('Processes', 'many')
    await enter('Memory (MiB)', '1')
    // They are seen on the tab they are on, wherever somebody is.
    await page.getByRole('tab', { name: 'Input' }).click()
    await run()
    await alert.waitFor()
    expect(await limit('Processes').locator('.fault').innerText()).toBe('Enter a number.')
    expect(await limit('Memory (MiB)').locator('.fault').innerText()).toBe('Must be at least 16 MiB.')
    expect(await alert.innerText()).not.toMatch(/limits|memoryBytes|\/|16/)
    await enter('Processes', '')
    await enter('Memory (MiB)', '99999')
    await enter('Time (s)', '100000')
    expect(await page.locator('.options .fault').count()).toBe(0)
    await run()
    await limit('Time (s)').getByText('At most 120 s.').waitFor()
    await limit('Memory (MiB)').getByText('At most 2,048 MiB.').waitFor()
    const inputs = await page.locator('.options [aria-invalid=true]').count()
    expect([inputs, await page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))]).toEqual([
      2,
      'true',
    ])
    expect([await place('CPU time (s)'), await place('Memory (MiB)')]).toEqual([
      await place('Time (s)'),
      await place('Time (s)'),
    ])
    await close()
  })
})

test('what screening refuses is told by line, in words, with a way there', async () => {
  await withGateway({ SCREENING: 'strict' }, async ({ url }) => {
    const { page, write, run, close } = await openPlayground(browser, url, { allow })
    await write('import os\nos.system("<b>rm</b>")')
    await run()
    const alert = page.getByRole('alert')
    await alert.waitFor()
    const told = await alert.innerText()
    expect(told).toContain("This server's screening policy does not allow this program")
    expect(told).toContain('os.system("<b>rm</b>")')
    expect(told).not.toContain('/code')
    expect(told.match(/Line 2: os\.system/g)).toHaveLength(1)
    await alert.getByRole('button', { name: 'Line 2' }).click()
    await page.locator('.cm-activeLine', { hasText: 'os.system' }).waitFor()
    await close()
  })
})

test('a rate that is met is waited for, and the page says how long', async () => {
  await withGateway({ RATE_PER_MINUTE: '3', RATE_BURST: '1' }, async ({ url }) => {
    const { page, run, badge, close } = await openPlayground(browser, url, { allow })
    await run()
    await badge('Queued')
    // Nobody runs it: it is cancelled where it waits.
    await page.keyboard.press('Escape')
    await badge('Cancelled')
    await run()
    await page.getByText(/rate limit reached, retrying in \d+ s/).waitFor()
    await badge('Queued')
    expect(await page.getByRole('alert').count()).toBe(0)
    await close()
  })
})

test('Stop gives up a submission that waits for its rate, and nothing of it runs later', async () => {
  await withGateway({ RATE_PER_MINUTE: '3', RATE_BURST: '1' }, async ({ url }) => {
    const { page, run, badge, close } = await openPlayground(browser, url, { allow })
    await run()
    await badge('Queued')
    await page.keyboard.press('Escape')
    await badge('Cancelled')
    const submitted: string[] = []
    page.on('request', (request) => {
      if (request.method() === 'POST') submitted.push(request.url())
    })
    await run()
    await page.getByText(/rate limit reached, retrying in \d+ s/).waitFor()
    expect(submitted).toHaveLength(1)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('Not run').waitFor()
    await page.getByRole('button', { name: 'Run' }).waitFor()
    expect(await page.getByText(/rate limit reached/).count()).toBe(0)
    expect(await page.getByRole('alert').count()).toBe(0)
    // What comes next is what is run next: the submission that was given up is not made again before it.
    await run()
    await badge('Queued')
    const answer = await fetch(`${url}/v1/jobs`)
    expect(((await answer.json()) as { jobs: unknown[] }).jobs).toHaveLength(2)
    await close()
  })
})

test('a queue that is full is told, and what was typed is still there', async () => {
  await withGateway({ MAX_QUEUED_JOBS: '1', TENANT_MAX_QUEUED_JOBS: '1' }, async ({ url }) => {
    const first = await openPlayground(browser, url)
    await first.run()
    await first.badge('Queued')
    const second = await openPlayground(browser, url, { allow })
    await second.write('print("kept")')
    await second.run()
    const alert = second.page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.innerText()).toMatch(/Too many jobs are waiting/)
    expect(await second.program()).toBe('print("kept")')
    await second.page.getByRole('button', { name: 'Run' }).waitFor()
    await first.page.keyboard.press('Escape')
    await first.badge('Cancelled')
    await first.close()
    await second.close()
  })
})

test('a service that is away is told as such', async () => {
  const gateway = await startLoneGateway()
  const { page, run, close } = await openPlayground(browser, gateway.url, { allow: [NETWORK_FAULTS] })
  await gateway.close()
  await run()
  await page.getByRole('alert').filter({ hasText: 'Runyard does not answer' }).waitFor()
  await close()
})
