import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { loadLanguages } from '../../src/shared/language.ts'
import { get, runJob, stageOf } from '../support/client.ts'
import { startPlatform, testRoot, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

test('the hello program of every installed language prints what its file says', async () => {
  const { body } = await get<{ runtimes: { language: string; installed: boolean }[] }>(`${platform.url}/v1/runtimes`)
  const installed = body.runtimes.filter((runtime) => runtime.installed).map(({ language }) => language)
  expect(installed).toEqual(expect.arrayContaining(['python', 'javascript', 'bash']))
  for (const language of loadLanguages(`${testRoot}/languages`)) {
    if (!installed.includes(language.id)) continue
    const job = await runJob(platform.url, { language: language.id, code: language.hello.code })
    expect({ language: language.id, status: job.status, stdout: stageOf(job).stdout }).toEqual({
      language: language.id,
      status: 'succeeded',
      stdout: language.hello.stdout,
    })
  }
})
