import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Job } from '../../src/shared/job.ts'
import { type Entries, tar } from '../support/archives.ts'
import { get, post } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { seriousFaults } from './support/accessibility.ts'
import { startBrowser, type TestBrowser, type TestPage } from './support/browser.ts'
import { openDashboard } from './support/operator.ts'

let platform: TestPlatform
let browser: TestBrowser
let admin: { authorization: string }
let acme: { authorization: string }
let opened: TestPage
beforeAll(async () => {
  platform = await startPlatform({ AUTH: 'optional' })
  admin = await makeKey(platform, 'ops', { scopes: ['admin'], name: 'operator' })
  acme = await makeKey(platform, 'acme', { name: 'judges' })
  browser = await startBrowser()
  opened = await openDashboard(browser, platform, admin.authorization)
})
afterAll(async () => {
  await opened?.close()
  await browser?.close()
  await platform.close()
})

const judge = async (request: Record<string, unknown>): Promise<Job> =>
  (await post<Job>(`${platform.url}/v1/jobs`, { language: 'bash', ...request }, { ...acme, prefer: 'wait=60' })).body
const readTest = (id: string, index: number | string, key = admin) =>
  get(`${platform.url}/v1/admin/jobs/${id}/tests/${index}`, key)
const show = async (id: string) => {
  await opened.page.goto(`${platform.url}/admin/jobs/${id}`)
  return opened.page.getByRole('region', { name: 'Tests' })
}

const ANSWER = 'first\n<img src=x onerror=alert(1)>\n'
const CHECKER = {
  type: 'program',
  language: 'bash',
  code: `cmp -s - "$2" && exit 42; echo 'look at line 2' > "$3/teammessage.txt"; echo '<b>differs</b>' > "$3/judgemessage.txt"; exit 43`,
}
const TESTS = [
  { name: 'plain', stdin: '1', answer: '1\n', group: 'small' },
  { name: 'long', stdin: '2', answer: ANSWER, group: 'large' },
  { stdin: 'hidden', answer: 'never shown', group: 'large', secret: true },
  { stdin: '4', answer: '4', group: 'last' },
]
const GROUPS = [
  { name: 'small', points: 40 },
  { name: 'large', points: 60 },
  { name: 'last', requires: ['large'] },
]
/** Right where it prints its input. */
const CODE = 'read -r x; [ "$x" = 2 ] && echo first && x=second; echo "$x"'

test('an operator sees each verdict, who gained what, and how an output differs from the answer', async () => {
  const { id, judging } = await judge({ code: CODE, tests: TESTS, groups: GROUPS, checker: CHECKER })
  expect(judging).toMatchObject({ verdict: 'wrong-answer', score: 40, skipped: [3] })
  const { page } = opened
  const tests = await show(id)
  const rows = async (table: number) =>
    Promise.all(
      (await tests.locator('table').nth(table).locator('tbody tr').all()).map((row) =>
        row.locator('td').allTextContents(),
      ),
    )
  await tests.getByText('Not run: test 4').waitFor()
  expect(await rows(0)).toEqual([
    ['small', 'Accepted', '40 of 40'],
    ['large', 'Wrong answer', '0 of 60'],
    ['last', 'Not run', '0 of 1'],
  ])
  const cells = await rows(1)
  expect(cells.map((row) => row.slice(0, 3))).toEqual([
    ['plain', 'Accepted', '1 of 1'],
    ['long', 'Wrong answer look at line 2 To judges: <b>differs</b>', '0 of 1'],
    ['3', 'Wrong answer look at line 2', '0 of 1'],
  ])
  // Neither of one that is right, nor of a secret one.
  expect(await tests.getByRole('button').allTextContents()).toEqual(['Difference of test 2'])
  await tests.getByRole('button', { name: 'Difference of test 2' }).click()
  const comparison = tests.getByRole('group', { name: 'Test 2' })
  await comparison.waitFor()
  expect(await comparison.getByRole('region', { name: 'Input' }).textContent()).toBe('2')
  expect(await comparison.locator('.difference > div').allTextContents()).toEqual([
    '  first',
    '− expected: <img src=x onerror=alert(1)>',
    '+ written: second',
  ])
  expect(await tests.locator('img').count()).toBe(0)
  expect(await seriousFaults(page)).toEqual([])
  await page.setViewportSize({ width: 360, height: 740 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
  await page.setViewportSize({ width: 1280, height: 800 })
  expect(await page.content()).not.toContain('never shown')
})

test('a test is shown to operators alone, and a secret one to nobody', async () => {
  const { id } = await judge({ code: CODE, tests: TESTS, groups: GROUPS, checker: CHECKER })
  expect((await readTest(id, 1)).body).toEqual({
    index: 1,
    name: 'long',
    stdin: '2',
    answer: ANSWER,
    truncated: false,
    answerTruncated: false,
  })
  expect((await readTest(id, 2)).body).toMatchObject({ status: 404, detail: 'test 2 is secret' })
  expect((await readTest(id, 4)).body).toMatchObject({ status: 404, detail: 'the job has no test 4' })
  for (const odd of ['01', '1e0', '-1', 'length', '__proto__']) expect((await readTest(id, odd)).status).toBe(404)
  expect((await readTest(id, 1, acme)).status).toBe(403)
  const long = await judge({ code: 'echo 22', tests: [{ stdin: 'x'.repeat(70_000), answer: '2' }] })
  const { body } = await readTest(long.id, 0)
  expect(body).toMatchObject({ answer: '2', truncated: true, answerTruncated: false })
  expect(body['stdin']).toBe('x'.repeat(65_536))
  const tests = await show(long.id)
  await tests.getByRole('button', { name: 'Difference of test 1' }).click()
  await tests.getByRole('group', { name: 'Test 1' }).waitFor()
  // Only the input is cut: the output is compared as a whole.
  expect(await tests.locator('.difference > div').allTextContents()).toEqual(['− expected: 2', '+ written: 22'])
})

test('of a submission to a stored problem the tests are those of the problem, in the version it was judged with', async () => {
  const bodyOf = (answer: string) => {
    const files: Entries = [
      ['a.in', '5'],
      ['a.ans', answer],
      ['b.in', '6'],
      ['b.ans', answer],
      ['problem.json', '{"tests": {"b": {"secret": true}}}'],
    ]
    return { name: 'Echo', archive: tar(files).toString('base64') }
  }
  const { body } = await post<{ id: string }>(`${platform.url}/v1/problems`, bodyOf('50'), acme)
  const { id } = await judge({ code: 'cat', problem: body.id })
  const headers = { ...acme, 'content-type': 'application/json' }
  await fetch(`${platform.url}/v1/problems/${body.id}`, { method: 'PUT', headers, body: JSON.stringify(bodyOf('5')) })
  expect((await readTest(id, 0)).body).toMatchObject({ name: 'a', stdin: '5', answer: '50' })
  expect((await readTest(id, 1)).status).toBe(404)
  const tests = await show(id)
  await tests.getByText(`Problem ${body.id}, version 1`).waitFor()
  await tests.getByRole('button', { name: 'Difference of test 1' }).click()
  await tests.getByRole('group', { name: 'Test 1' }).waitFor()
  expect(await tests.locator('.difference > div').allTextContents()).toEqual(['− expected: 50', '+ written: 5'])
})

test('an operator has the submissions of a problem compared, and reads the report in another tab', async () => {
  const archive = tar([
    ['1.in', '1'],
    ['1.ans', '1'],
  ]).toString('base64')
  const stored = await post<{ id: string }>(`${platform.url}/v1/problems`, { name: 'Copies', archive }, acme)
  const problem = stored.body.id
  const { id } = await judge({ code: CODE, problem })
  const { page } = opened
  const tests = await show(id)
  await tests.getByRole('button', { name: 'Compare all submissions' }).click()
  const link = tests.getByRole('link', { name: 'Report on similar submissions' })
  const [report] = await Promise.all([page.context().waitForEvent('page'), link.click()])
  // Until it has finished the page loads itself again.
  await report.getByText('1 submission compared').waitFor()
  expect(await report.title()).toBe('Similar submissions: Copies')
  await report.close()
})
