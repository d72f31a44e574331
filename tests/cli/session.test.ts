import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Session } from '../../src/client/client.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const main = join(packageRoot(), 'dist/cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'runyard-cli-session-'))
const at = (name: string) => join(folder, name)
/** The smallest of all PNGs, made by hand: no plotting package is installed. */
const PLOT = 'from IPython.display import Image, display; display(Image(data=b"\\x89PNG\\r\\n\\x1a\\n", format="png"))'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform({})
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

async function runyard(args: string[], input = '') {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: at('config'), RUNYARD_URL: platform.url },
  })
  const out = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (out[name] += text))
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, ...out }
}
const sessions = async () =>
  (JSON.parse((await runyard(['session', 'list', '--json'])).stdout) as { sessions: Session[] }).sessions

test('a session at the terminal keeps its state, runs commands, moves files, saves plots, and ends with its input', async () => {
  writeFileSync(at('data.csv'), 'a,b\n')
  const lines = [
    'x = 40',
    'def f(n):',
    '  return n + 2',
    '',
    'f(x)',
    '!echo $((6 * 7))',
    '.put data.csv in.csv',
    'open("in.csv").read()',
    '.get in.csv out.csv',
    PLOT,
    '1 / 0',
    '.nonsense',
    'print("last")',
  ]
  const { code, stdout, stderr } = await runyard(['session'], `${lines.join('\n')}\n`)
  expect(stdout).toBe("42\n42\n'a,b\\n'\nlast\n")
  expect(stderr).toContain('ZeroDivisionError')
  expect(stderr).toContain('.nonsense is no command here')
  expect(stderr).toContain('saved plot-1.png')
  expect(code).toBe(0)
  expect(readFileSync(at('out.csv'), 'utf8')).toBe('a,b\n')
  expect(existsSync(at('plot-1.png'))).toBe(true)
  expect(await sessions()).toMatchObject([{ state: 'ended', reason: 'deleted' }])
})

test('files are run in a session that is kept, listed and ended', async () => {
  const kept = await runyard(['session', 'repl', '--keep', '--idle', '300'], 'y = 6\n')
  const id = /session (\S+) runs on/.exec(kept.stderr)?.[1] ?? ''
  writeFileSync(at('step.py'), 'print(y * 7)\ny')
  expect(await runyard(['session', 'run', 'step.py', '-s', id])).toEqual({ code: 0, stdout: '42\n6\n', stderr: '' })
  const json = await runyard(['session', 'run', 'step.py', '-s', id, '--json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ status: 'succeeded', stdout: '42\n' })
  writeFileSync(at('slow.py'), 'import time; time.sleep(600)')
  expect((await runyard(['session', 'run', 'slow.py', '-s', id, '--timeout', '1'])).code).toBe(124)
  writeFileSync(at('fails.py'), 'nope')
  expect((await runyard(['session', 'run', 'fails.py', '-s', id])).code).toBe(1)
  expect((await runyard(['session', 'list', '--state', 'running'])).stdout).toContain(id)
  expect((await runyard(['session', 'end', id])).stdout).toBe(`${id} has ended: deleted\n`)
  const after = await runyard(['session', 'repl', id], '1\n')
  expect(after).toMatchObject({ code: 64, stderr: `runyard: session ${id} has ended: deleted\n` })
})
