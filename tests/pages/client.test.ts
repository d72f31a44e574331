import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { build } from 'esbuild'
import type { createClient as clientOf } from '../../src/client/client.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { makeKey } from '../support/make-key.ts'
import { startPlatform } from '../support/platform.ts'
import { startBrowser } from './support/browser.ts'

/** `runyard/client` as a script that leaves its exports in `runyardClient`. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(packageRoot(), 'src/client/client.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'runyardClient',
    footer: { js: 'globalThis.runyardClient = runyardClient' },
    platform: 'browser',
  })
  return outputFiles[0]?.text ?? ''
}

test('the client of `runyard/client` works in a browser: runs, streams and talks to jobs, with a key', async () => {
  const platform = await startPlatform({ AUTH: 'required' })
  const browser = await startBrowser()
  try {
    const { authorization } = await makeKey(platform, 'me')
    const opened = await browser.open(`${platform.url}/docs`)
    await opened.page.evaluate(await bundle())
    const seen = await opened.page.evaluate(
      async (shown) => {
        const { createClient } = (globalThis as unknown as { runyardClient: { createClient: typeof clientOf } })
          .runyardClient
        const client = createClient({ url: location.origin, key: shown })
        const job = await client.run({ language: 'python', code: 'print(6 * 7)' })
        const types: string[] = []
        for await (const { type } of client.stream(job.id)) types.push(type)
        const talk = await client.interactive({ language: 'python', code: 'print(input()[::-1])' })
        await talk.write('olleh\n')
        const { status } = await talk.result
        return { stdout: job.stages[0]?.stdout, types, status }
      },
      authorization.replace('Bearer ', ''),
    )
    expect(seen).toMatchObject({ stdout: '42\n', status: 'succeeded' })
    expect(seen.types.at(-1)).toBe('result')
    await opened.close()
  } finally {
    await browser.close()
    await platform.close()
  }
})
