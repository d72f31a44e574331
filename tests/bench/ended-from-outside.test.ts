import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { eventually } from '../support/eventually.ts'
import { childrenOf } from '../support/processes.ts'
import { leftOf } from '../support/started-command.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'b-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Of the worker that a bench has started; undefined until it has. */
function namespaceIn(bench: number): string | undefined {
  return childrenOf(bench)
    .map((pid) => /RUNYARD_NAMESPACE=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1])
    .find((name) => name !== undefined)
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a bench that %s ends exits with %i and leaves nothing', async (signal, code) => {
  const { NODE_OPTIONS: _, REDIS_URL: _redis, PODMAN_SOCKET: _podman, ...env } = process.env
  const bench = spawn(process.execPath, ['--import', 'tsx', 'bench/main.ts', 'judging', '--languages', 'c'], {
    cwd: packageRoot(),
    // All that it makes stands there.
    env: { ...env, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  bench.stderr.on('data', (data: Buffer) => (text += data.toString()))
  const ended = once(bench, 'close')
  // Jobs run from then on.
  await eventually('it warms up', () => {
    if (bench.exitCode !== null) throw new Error(text)
    return text.includes('warming up')
  })
  const namespace = await eventually('its worker runs', () => namespaceIn(bench.pid ?? 0))
  expect(await leftOf(folder, namespace)).not.toEqual([])
  bench.kill(signal)
  await ended
  expect({ code: bench.exitCode, text }).toEqual({ code, text: expect.stringContaining(`${signal}: ending`) })
  expect(await leftOf(folder, namespace)).toEqual([])
  expect(readdirSync(folder).filter((name) => name.startsWith('runyard'))).toEqual([])
})
