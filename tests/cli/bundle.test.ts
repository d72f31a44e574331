import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { compiledCommand } from '../support/started-command.ts'

const folder = mkdtempSync(join(tmpdir(), 'runyard-bundle-'))
const wrapper = join(folder, 'wrapper.mjs')
const hello = join(folder, 'hello.py')
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => {
  writeFileSync(hello, 'print("Hello")')
  // Tells at the end which packages were loaded; BREAK has the command itself fail in its first lines.
  writeFileSync(
    wrapper,
    `import Module from 'node:module'
     import { writeFileSync } from 'node:fs'
     process.on('exit', () => writeFileSync(process.env.LOADED, JSON.stringify(Object.keys(Module._cache))))
     if (process.env.BREAK) Object.defineProperty(process.stdout, 'isTTY', { get() { throw new Error('broke') } })
     await import(${JSON.stringify(pathToFileURL(compiledCommand()).href)})`,
  )
})

function runyard(args: string[], env: Record<string, string> = {}) {
  const loaded = join(folder, 'loaded.json')
  const own = { PATH: process.env['PATH'], XDG_CONFIG_HOME: folder, RUNYARD_DATA_DIR: folder, LOADED: loaded }
  const { stderr } = spawnSync(process.execPath, [wrapper, ...args], { env: { ...own, ...env }, encoding: 'utf8' })
  const paths = JSON.parse(spawnSync('cat', [loaded], { encoding: 'utf8' }).stdout) as string[]
  const packages = paths.flatMap((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [])
  return { stderr, packages: [...new Set(packages)].toSorted() }
}

test.each([
  { args: ['--version'] },
  { args: ['--help'] },
  { args: ['keys', '--help'] },
  { args: ['completion', 'bash'] },
  { args: ['run', hello, '--url', 'http://127.0.0.1:1'] },
  { args: ['whoami', '--url', 'http://127.0.0.1:1'] },
])('$args.0 loads no package', ({ args }) => expect(runyard(args).packages).toEqual([]))

test('a command that asks Redis loads its client, and nothing of engines and HTTP servers', () => {
  const { packages } = runyard(['keys', 'list'])
  expect(packages).toContain('ioredis')
  for (const heavy of ['dockerode', 'express']) expect(packages).not.toContain(heavy)
})

test('a stack trace names lines of the sources', () => {
  expect(runyard(['--version'], { BREAK: '1' }).stderr).toMatch(/at .*src\/cli\/command\.ts:\d+:\d+/)
})
