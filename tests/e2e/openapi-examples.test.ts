import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { JOB_EXAMPLES } from '../../src/api/http/openapi/examples/requests.ts'
import type { RequestExample } from '../../src/api/http/route.ts'
import { ROUTES } from '../../src/api/routes.ts'
import type { RunResult } from '../../src/shared/run-result.ts'
import { get, post, runJob } from '../support/client.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

// That the answers themselves are as documented is looked at for every test; see watch-responses.ts.

let platform: TestPlatform
let key: { authorization: string }
let installed: Set<string>
beforeAll(async () => {
  platform = await startPlatform({ POOL_READY: '0' })
  key = await makeKey(platform, 'reader', { scopes: ['admin', 'jobs', 'containers', 'sessions'] })
  const { body } = await get<{ runtimes: { language: string; installed: boolean }[] }>(`${platform.url}/v1/runtimes`)
  installed = new Set(body.runtimes.filter((runtime) => runtime.installed).map(({ language }) => language))
})
afterAll(() => platform.close())

const languageOf = ({ value }: RequestExample) => (value as { language?: string }).language
const rows = ROUTES.flatMap((route) =>
  Object.entries(route.body?.examples ?? {}).map(
    ([name, example]) => [`${route.method} ${route.path}, "${name}"`, route, example] as const,
  ),
)

test.each(rows)('%s is answered as the document says', async (_title, { method, path, answers }, example) => {
  const headers = { ...key, 'content-type': 'application/json' }
  const send = (to: string, by: string) => fetch(to, { method: by, headers, body: JSON.stringify(example.value) })
  let url = `${platform.url}${path.replace(':subject', encodeURIComponent('address:192.0.2.7'))}`
  if (method === 'put' && url.endsWith('/:id')) {
    // What is replaced has to be there.
    const { id } = (await (await send(url.replace('/:id', ''), 'POST')).json()) as { id: string }
    url = url.replace(':id', id)
  }
  const response = await send(url, method.toUpperCase())
  const text = await response.text()
  const language = languageOf(example)
  if (language !== undefined && !installed.has(language)) {
    expect([response.status, text]).toEqual([422, expect.stringContaining('"language-not-installed"')])
    return
  }
  if (example.refused !== undefined) return expect([text, response.status]).toEqual([text, example.refused])
  expect([text, Object.keys(answers)]).toEqual([text, expect.arrayContaining([String(response.status)])])
})

test.each(Object.entries(JOB_EXAMPLES))(
  'the job of the example "%s" ends as the document says',
  async (_name, example) => {
    if (!installed.has(example.value.language)) return
    expect(await runJob(platform.url, example.value, key)).toMatchObject({ status: example.ends })
  },
)

test('the commands of container examples run', async () => {
  for (const { path, body } of ROUTES.filter((route) => route.path === '/api/containers/create')) {
    for (const { value, ends } of Object.values(body?.examples ?? {})) {
      const answer = await post<RunResult>(`${platform.url}${path}`, value, key)
      expect([answer.status, answer.body.status]).toEqual([200, ends])
    }
  }
})
