import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
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

/** Sources of what a file of the bundle loads before it does anything. */
function sourcesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  const { sources } = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as { sources: string[] }
  const named = [...text.matchAll(/(import\s*\(\s*)?"(\.\/part-[^"]+)"/g)]
  const imported = named.filter(([, isLater]) => isLater === undefined).map(([, , path = '']) => path)
  return [...sources, ...imported.flatMap((path) => sourcesOf(join(dirname(file), path), seen))]
}

test('a command that talks with a service loads no settings and no schemas', () => {
  const folderOfParts = dirname(compiledCommand())
  const partOf = (source: string) => {
    const maps = readdirSync(folderOfParts).filter((name) => name.endsWith('.js.map'))
    const found = maps.find((name) => readFileSync(join(folderOfParts, name), 'utf8').includes(`/${source}"`))
    return join(folderOfParts, (found ?? '').replace(/\.map$/, ''))
  }
  const loaded = ['src/cli/command.ts', 'src/cli/jobs/jobs.ts', 'src/cli/jobs/run.ts'].flatMap((one) =>
    sourcesOf(partOf(one)),
  )
  expect(loaded.some((path) => path.endsWith('src/client/client.ts'))).toBe(true)
  expect(loaded.filter((path) => /node_modules\/(?:typebox|ipaddr)|config\/settings/.test(path))).toEqual([])
})

test('a command that asks Redis loads its client, and nothing of engines and HTTP servers', () => {
  const { packages } = runyard(['keys', 'list'])
  expect(packages).toContain('ioredis')
  for (const heavy of ['dockerode', 'express']) expect(packages).not.toContain(heavy)
})

test('a stack trace names lines of the sources', () => {
  expect(runyard(['--version'], { BREAK: '1' }).stderr).toMatch(/at .*src\/cli\/command\.ts:\d+:\d+/)
})
