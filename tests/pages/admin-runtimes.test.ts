import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { runJob } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { makePrivateRoot } from '../support/private-root.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { goTo, openDashboard } from './support/operator.ts'

/** An installation takes some ten seconds on a machine that does nothing else. */
const INSTALLED = { timeout: 120_000 }

/** A language that exists in this test alone, and is really installed. */
const tiny = `tiny${randomBytes(3).toString('hex')}`
const dataDir = mkdtempSync(join(tmpdir(), 'runyard-install-'))

let place: ReturnType<typeof makePrivateRoot>
let platform: TestPlatform
let browser: TestBrowser
beforeAll(async () => {
  place = makePrivateRoot([tiny])
  writeFileSync(
    join(place.root, 'languages/groups.json'),
    JSON.stringify({ groups: [{ id: 'small', name: 'Small ones', languages: ['bash', tiny] }] }),
  )
  writeFileSync(join(place.root, 'languages/sizes.json'), JSON.stringify({ [tiny]: 1.5 }))
  platform = await startPlatform({ WORKER_CONCURRENCY: '1', RUNYARD_DATA_DIR: dataDir }, undefined, place.root)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
  const env = { ...process.env, PODMAN_SOCKET: process.env['RUNYARD_TEST_PODMAN'], RUNYARD_DATA_DIR: dataDir }
  execFileSync(process.execPath, [join(place.root, 'dist/cli/main.js'), 'languages', 'remove', tiny], { env })
  place.remove()
  rmSync(dataDir, { recursive: true, force: true })
})

test('a language is installed from the dashboard, its progress is seen, and it runs', async () => {
  const { authorization } = await makeKey(platform, 'ops', { scopes: ['admin'] })
  const { page, close } = await openDashboard(browser, platform, authorization)
  await goTo(page, 'Runtimes')
  const row = page.getByRole('row', { name: new RegExp(tiny) })
  await row.getByText('not installed').waitFor()
  await row.getByRole('button', { name: `Install Test ${tiny}` }).click()
  const progress = page.getByRole('log', { name: `Progress of Test ${tiny}` })
  await progress.getByText(`${tiny}: installed`).waitFor(INSTALLED)
  expect((await progress.textContent())?.split('\n').length).toBeGreaterThan(4)
  await page
    .getByRole('region', { name: `Installing Test ${tiny}` })
    .getByText(/^Installed on/)
    .waitFor()
  await row.getByText(/^5\.\d/).waitFor(INSTALLED)
  expect(await seriousFaults(page)).toEqual([])
  const job = await runJob(platform.url, { language: tiny, code: 'cat /etc/runyard-test' })
  expect(job.stages[0]?.stdout).toBe(`${tiny}\n`)

  await row.getByRole('button', { name: `Install again Test ${tiny}` }).click()
  await progress.getByText(`${tiny}: installed already`).waitFor(INSTALLED)
  // The line comes before the command has ended; until then nothing else can be asked of the language.
  await page
    .getByRole('region', { name: `Installing Test ${tiny}` })
    .getByText(/^Installed on/)
    .waitFor(INSTALLED)

  await row.getByRole('button', { name: `Remove Test ${tiny}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page
    .getByRole('region', { name: `Removing Test ${tiny}` })
    .getByText(/^Removed on/)
    .waitFor(INSTALLED)
  const group = page.getByRole('row', { name: /Small ones/ })
  await group.getByText('1 of 2').waitFor(INSTALLED)
  await group.getByText('about 1.4 MiB').waitFor()
  await group.getByRole('button', { name: 'Install the group Small ones' }).click()
  await group.getByText('2 of 2').waitFor(INSTALLED)
  expect(await seriousFaults(page)).toEqual([])
  await close()
})
