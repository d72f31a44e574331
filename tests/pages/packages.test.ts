import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createEnvironmentRecords, type EnvironmentRecords } from '../../src/shared/environments/environment-records.ts'
import { createEnvironmentOversight } from '../../src/shared/environments/environment-oversight.ts'
import type { Environment, EnvironmentRecord } from '../../src/shared/environments/environment.ts'
import type { Job } from '../../src/shared/job.ts'
import { get, post } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser } from './support/browser.ts'
import { goTo, openDashboard } from './support/operator.ts'
import { openPlayground, ready } from './support/playground.ts'
import { smallTargets } from './support/targets.ts'

/** Jobs wait here, and what is built is told by the tests in the place of a worker, so that each state stays until it was seen. */
let gateway: LoneGateway
let browser: TestBrowser
let records: EnvironmentRecords
let admin: { authorization: string }
beforeAll(async () => {
  gateway = await startLoneGateway({ AUTH: 'optional', PACKAGES: 'open' }, { javascript: '20.19.2' })
  records = createEnvironmentRecords(gateway.redis, gateway.keys)
  admin = (await gateway.makeKey('ops', { scopes: ['admin'] })).headers
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await gateway.close()
})

/** The last environment that was asked for. */
const newest = () =>
  eventually('an environment is asked for', async (): Promise<EnvironmentRecord | undefined> => {
    const [record] = await records.listAll(1)
    return record
  })
const tell = async (changes: Partial<Environment>) => {
  const record = await newest()
  await records.update({ ...record, view: { ...record.view, ...changes } })
}

test('packages are asked for, their installation is followed, and why it failed stands at their field', async () => {
  const { page, run, shows, close } = await openPlayground(browser, gateway.url, { allow: [/status of 422/] })
  await page.getByRole('tab', { name: 'Packages' }).click()
  const field = page.getByLabel('Packages, one per line')
  await field.fill('fictive>=2\ntabulate')
  await run()
  await shows('waiting for the packages to be installed')
  expect((await newest()).view.dependencies).toEqual(['fictive>=2', 'tabulate'])
  await tell({ state: 'building', progress: 'installing tabulate 0.9.0' })
  await shows('installing tabulate 0.9.0')
  expect(await seriousFaults(page)).toEqual([])
  await tell({ state: 'failed', progress: null, error: { code: 'package-unknown', detail: 'fictive is in no index' } })
  await page.getByText('Fictive is in no index').waitFor()
  expect(await field.getAttribute('aria-invalid')).toBe('true')
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByRole('button', { name: 'Run' }).waitFor()

  // What is refused at once.
  await records.ban({
    ecosystem: 'pypi',
    name: 'leftpad',
    version: null,
    reason: 'malware',
    bannedAt: new Date().toISOString(),
  })
  await field.fill('leftpad')
  expect(await field.getAttribute('aria-invalid')).toBe('false')
  await run()
  await page.locator('.options .fault', { hasText: 'Leftpad is banned on this server: malware.' }).waitFor()
  expect(await field.evaluate((element) => element === document.activeElement)).toBe(true)
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await smallTargets(page)).toEqual([])
  // A language without packages has no field for them.
  await page.getByLabel('Language').selectOption('bash')
  await page.getByRole('tab', { name: 'Packages' }).waitFor({ state: 'detached' })
  await close()
})

test('operators see what is installed and for whom, ban a package and lift that', async () => {
  await tell({
    state: 'ready',
    progress: null,
    error: null,
    packages: [{ name: 'tabulate', version: '0.9.0' }],
    bytes: 2 * 1024 * 1024,
    lock: 'tabulate==0.9.0',
    files: 7,
    finishedAt: new Date().toISOString(),
  })
  const record = await newest()
  await records.update({ ...record, key: 'k'.repeat(64) })
  const oversight = createEnvironmentOversight(gateway.redis, gateway.keys)
  await oversight.writeLog(record.view.id, 'resolving and all that')
  const { page, close } = await openDashboard(browser, gateway, admin.authorization)
  await goTo(page, 'Packages')
  const rows = page.getByRole('region', { name: 'Packages', exact: true }).locator('tbody tr')
  expect(await rows.allTextContents()).toEqual([expect.stringMatching(/fictive>=2, tabulate.*python.*Ready.*2 MiB/)])
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('button', { name: 'Details' }).click()
  await page.getByText('7 files').waitFor()
  expect(await seriousFaults(page)).toEqual([])
  await page.getByText('Log of the build').click()
  await page.getByText('resolving and all that').waitFor()
  await page.getByRole('button', { name: 'Evict …' }).click()
  await page.getByRole('button', { name: 'Evict them' }).click()
  await eventually(
    'the workers are told',
    async () => (await oversight.evictions(0)).evictions[0]?.key === 'k'.repeat(64),
  )
  await rows.getByText('Evicted').waitFor()
  await page.getByRole('button', { name: 'Details' }).click()
  await page.getByText('The next use installs it again').waitFor()
  await page.getByRole('button', { name: 'Ban … tabulate' }).click()
  await page.getByLabel('Reason').fill('typosquat')
  await page.getByRole('button', { name: 'Ban', exact: true }).click()
  const bans = page.getByRole('region', { name: 'Banned packages' })
  await bans.getByText('typosquat').waitFor()
  expect((await records.bans()).map(({ name, version }) => [name, version])).toContainEqual(['tabulate', '0.9.0'])
  await rows.getByText('Banned').waitFor()
  await bans.getByRole('button', { name: 'Lift the ban of tabulate 0.9.0' }).click()
  await page.getByRole('button', { name: 'Lift it' }).click()
  await bans.getByText('typosquat').waitFor({ state: 'detached' })
  await page.setViewportSize({ width: 320, height: 640 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
  expect(await smallTargets(page)).toEqual([])
  await close()
})

/** Of each language that has a set: what its lock names, and a language that does not have the set. */
const SETS = [
  { language: 'python', set: 'python/data', lock: 'numpy==2.3.1', other: 'bash' },
  { language: 'javascript', set: 'javascript/web', lock: '{"lockfileVersion": 3}', other: 'python' },
]

test.each(SETS)('$set is used for $language once it is installed, until other packages are named', async (row) => {
  const { language, set, lock, other } = row
  const newestJob = async () => (await get<{ jobs: Job[] }>(`${gateway.url}/v1/jobs?limit=1`)).body.jobs[0]
  const last = (from: string | undefined) =>
    eventually('a job is submitted', async () => {
      const job = await newestJob()
      return job && job.id !== from ? job : undefined
    })
  const used = `The job has the packages of the environment ${set}`
  const { page, run, choose, close } = await openPlayground(browser, gateway.url)
  const runOnce = async (from: string | undefined) => {
    await run()
    const job = await last(from)
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Run' }).waitFor()
    return job
  }
  await choose(language)
  await page.getByRole('tab', { name: 'Packages' }).click()
  await page.getByText('the next run with the same packages starts at once').waitFor()
  expect(await page.getByText(used).count()).toBe(0)
  const plain = await runOnce((await newestJob())?.id)
  expect([plain.language, plain.environment]).toEqual([language, undefined])

  const { body: environment } = await post<Environment>(`${gateway.url}/v1/environments`, { language, set })
  await tell({ state: 'ready', lock, finishedAt: new Date().toISOString() })
  await page.reload()
  await ready(page)
  await choose(language)
  await page.getByRole('tab', { name: 'Packages' }).click()
  await page.getByText(used).waitFor()
  const first = await runOnce(plain.id)
  expect([first.language, first.environment?.id]).toEqual([language, environment.id])

  // Of another language it is not.
  await choose(other)
  const foreign = await runOnce(first.id)
  expect([foreign.language, foreign.environment?.id === environment.id]).toEqual([other, false])

  await choose(language)
  await page.getByText(used).waitFor()
  await page.getByLabel('Packages, one per line').fill('another')
  await page.getByText(used).waitFor({ state: 'detached' })
  const named = await runOnce(foreign.id)
  expect((await records.read(named.environment?.id ?? ''))?.view.dependencies).toEqual(['another'])
  await close()
})
