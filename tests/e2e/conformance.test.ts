import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { loadLanguages } from '../../src/shared/language.ts'
import { get, runJob } from '../support/client.ts'
import { conformanceRequest, deviation, loadConformance } from '../support/language-conformance.ts'
import { startPlatform, testRoot, type TestPlatform } from '../support/platform.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
})
afterAll(() => platform.close())

// `npm run test:languages` installs the others, and runs theirs.
test('the conformance programs of every installed language end as they are expected to', async () => {
  const { body } = await get<{ runtimes: { language: string; installed: boolean }[] }>(`${platform.url}/v1/runtimes`)
  const installed = new Set(body.runtimes.filter((runtime) => runtime.installed).map(({ language }) => language))
  const deviations: string[] = []
  for (const language of loadLanguages(`${testRoot}/languages`)) {
    if (!installed.has(language.id)) continue
    const { programs } = loadConformance(testRoot, language)
    const found = programs.map(async (program) => {
      const differs = deviation(program, await runJob(platform.url, conformanceRequest(language, program)))
      if (differs !== undefined) deviations.push(`${language.id}, ${program.case}: ${differs}`)
    })
    await Promise.all(found)
  }
  expect(installed).toContain('python')
  expect(deviations).toEqual([])
})
