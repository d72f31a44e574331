import { expect, test } from '@jest/globals'
import { similarityPage } from '../../src/api/problems/similarity-page.ts'
import { startBrowser } from './support/browser.ts'

const ID = '01a2072e-7983-76e0-a216-a5590488afdc'
const PART = { path: 'main.py', from: 1, to: 1, code: `print(${'1234567890'.repeat(20)})` }

test('a report of similar submissions fits a phone', async () => {
  const endUsers = { first: 'everybody.of.the.team.of.the.university.of.somewhere@mail.example' }
  const pair = { language: 'python', first: ID, second: ID, similarity: 0.9, endUsers }
  const html = similarityPage({
    problem: ID,
    least: 50,
    similarity: {
      id: ID,
      state: 'finished',
      progress: null,
      compared: 2,
      createdAt: '2027-01-31T12:00:00.000Z',
      finishedAt: '2027-01-31T12:00:01.000Z',
      pairs: [{ ...pair, parts: [{ first: PART, second: PART }] }],
    },
  })
  const browser = await startBrowser()
  try {
    const { page, close } = await browser.open('about:blank', { viewport: { width: 320, height: 640 } })
    await page.setContent(html)
    await page.getByText('2 submissions compared, 2027-01-31 12:00:01 UTC').waitFor()
    expect(await page.getByRole('cell').allTextContents()).toEqual(['90 %', 'python', endUsers.first, ID])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
    await close()
  } finally {
    await browser.close()
  }
})
