import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { EXIT } from '../../src/cli/exit.ts'
import { blocksOf, DATA, type DocBlock, documents, RUNNABLE, shownCommands } from '../support/doc-blocks.ts'
import { copyPackage, type DocPage, installClient, openPage } from '../support/doc-page.ts'
import { startOnce } from '../support/doc-start.ts'
import { checkCommands } from '../support/doc-static.ts'
import { makeKey } from '../support/make-key.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
import { tryReceiver } from '../support/webhook-receiver.ts'
import { readDoc, root } from './tables.ts'

/** `npm run test:docs` sets it: also what installs, and what starts a Runyard of its own. */
const SLOW = process.env['SLOW_DOCS'] === '1'

const runnable = (block: DocBlock) => (RUNNABLE as readonly string[]).includes(block.language)
const isSlow = ({ mark }: DocBlock) => ['slowly', 'starts', 'restarts'].includes(mark.how)
const isRun = (block: DocBlock) => runnable(block) && block.mark.how !== 'not' && (SLOW || !isSlow(block))
const isShell = ({ language }: DocBlock) => language === 'sh' || language === 'console'

let platform: TestPlatform
let env: Record<string, string>
beforeAll(async () => {
  platform = await startPlatform()
  env = await environmentOf(platform)
})
afterAll(() => platform.close())

/** What the commands of operators need, and the keys that documents call by these names. */
async function environmentOf(of: TestPlatform): Promise<Record<string, string>> {
  const secret = async (scope: 'admin' | 'jobs') =>
    (await makeKey(of, scope === 'admin' ? 'ops' : 'shop', { scopes: [scope] })).authorization.replace('Bearer ', '')
  const { REDIS_URL = '', PODMAN_SOCKET = '', RUNYARD_NAMESPACE = '' } = of.env
  return {
    REDIS_URL,
    PODMAN_SOCKET,
    RUNYARD_NAMESPACE,
    ADMIN_KEY: await secret('admin'),
    RUNYARD_API_KEY: await secret('jobs'),
  }
}

describe.each(documents().map((file) => ({ file, blocks: blocksOf(file) })))('$file', ({ file, blocks }) => {
  test('every block is of a kind that is run, or data', () => {
    const known: readonly string[] = [...RUNNABLE, ...DATA]
    const odd = blocks.filter(
      ({ language, code }) => !known.includes(language) || (language === '' && /^\$ /m.test(code)),
    )
    expect(odd.map(({ line, language }) => `${file}:${line} ${language}`)).toEqual([])
  })

  const run = blocks.filter(isRun)
  if (run.length > 0) {
    let page: DocPage
    let own: TestPlatform | undefined
    let copy: string | undefined
    const restart = async () => {
      await own?.close()
      own = await startPlatform({}, undefined, copy)
      await page.move(new URL(own.url).host, await environmentOf(own))
    }
    beforeAll(async () => {
      copy = run.some(({ mark }) => mark.how === 'slowly') ? copyPackage() : undefined
      if (copy !== undefined) own = await startPlatform({}, undefined, copy)
      const of = own ?? platform
      page = openPage(new URL(of.url).host, own ? await environmentOf(own) : env, copy)
    })
    afterAll(async () => {
      await page.close()
      await own?.close()
    })
    test.each(run)(
      'line $line, $title: does what it says',
      async (block) => {
        if (block.mark.how === 'starts') await startOnce(block)
        else if (block.mark.how === 'restarts') await restart()
        else if (block.mark.how === 'receiver') await tryExample(block)
        else await page.run(block)
      },
      SLOW ? 600_000 : 60_000,
    )
  }

  const notRun = blocks.filter((block) => isShell(block) && (block.mark.how === 'not' || isSlow(block)))
  if (notRun.length > 0) {
    test.each(notRun)('line $line, $title: is not run here, and names what there is', ({ language, code }) => {
      const commands = language === 'sh' ? [code] : shownCommands(code).map(({ command }) => command)
      expect(commands.flatMap((command) => checkCommands(command))).toEqual([])
    })
  }
})

/** A receiver of webhooks takes what is signed, and nothing else. */
async function tryExample({ language, code }: DocBlock): Promise<void> {
  const folder = mkdtempSync(join(language === 'js' ? join(root, 'dist') : tmpdir(), 'docs-'))
  const { PATH } = process.env
  const env = { PATH, PYTHONPATH: join(root, 'clients/python/src'), PYTHONDONTWRITEBYTECODE: '1' }
  try {
    if (language === 'js') installClient(folder)
    const file = join(folder, language === 'js' ? 'receiver.mjs' : 'receiver.py')
    writeFileSync(file, code)
    const { line, ...statuses } = await tryReceiver(language === 'js' ? process.execPath : 'python3', [file], env)
    expect(statuses).toEqual({ unsigned: 400, signed: 204 })
    expect(line).toMatch(/^job\.finished .*succeeded\n$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('docs/cli.md lists the exit codes that there are', () => {
  const listed = [...readDoc('docs/cli.md').matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code))
  expect(listed).toEqual(Object.values(EXIT))
})
