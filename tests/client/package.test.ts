import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build } from 'esbuild'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'

const run = promisify(execFile)
const root = packageRoot()
const source = join(root, 'clients/typescript')
const folder = mkdtempSync(join(tmpdir(), 'runyard-client-'))
const fresh = join(folder, 'fresh')

interface Packed {
  filename: string
  size: number
  files: { path: string }[]
}

let platform: TestPlatform
let packed: Packed
let installMs: number
beforeAll(async () => {
  platform = await startPlatform()
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const { stdout } = await run('npm', args, { cwd: source })
  packed = (JSON.parse(stdout) as [Packed])[0]
  mkdirSync(fresh)
  const from = performance.now()
  const quiet = ['--offline', '--no-audit', '--no-fund']
  await run('npm', ['install', ...quiet, join(folder, packed.filename)], { cwd: fresh })
  installMs = performance.now() - from
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

const manifest = (path: string) =>
  JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Record<string, unknown>

/** What the compiler says of a program in the fresh folder; nothing, when its types hold. Declarations are checked too. */
async function faults(name: string, code: string, ...options: string[]): Promise<string> {
  writeFileSync(join(fresh, name), code)
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2023']
  const types = ['--lib', 'es2023,dom,dom.iterable', '--types', '']
  const args = [join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...types, ...options, name]
  const { stdout } = await run(process.execPath, args, { cwd: fresh }).catch((error: { stdout: string }) => error)
  return stdout
}

test('`@runyard/client` packs below 100 kB, installs nothing beside itself, and brings the licences of what is in it', () => {
  expect(packed.size).toBeLessThan(100_000)
  const paths = packed.files.map(({ path }) => path)
  expect(paths).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/client.js', 'dist/client.d.ts']))
  expect(paths).toContain('dist/LICENSE.eventsource-parser')
  const { dependencies, peerDependencies, optionalDependencies, version } = manifest(source)
  expect([dependencies, peerDependencies, optionalDependencies]).toEqual([undefined, undefined, undefined])
  expect(version).toBe(manifest(root)['version'])
  const lock = readFileSync(join(fresh, 'node_modules/.package-lock.json'), 'utf8')
  expect(Object.keys((JSON.parse(lock) as { packages: object }).packages)).toEqual(['node_modules/@runyard/client'])
  // About one second on a machine that does nothing else.
  expect(installMs).toBeLessThan(30_000)
})

test('a program in an empty folder runs, streams and talks to jobs with it', async () => {
  const code = `
    import { createClient, RunyardError } from '@runyard/client'
    const client = createClient({ url: process.env.RUNYARD_URL })
    const job = await client.run({ language: 'python', code: 'print(6 * 7)' })
    console.log(job.status, job.stages[0].stdout.trim())
    const types = []
    for await (const { type } of client.stream(job.id)) types.push(type)
    console.log(types.at(0), types.at(-1))
    const talk = await client.interactive({ language: 'python', code: 'print(input()[::-1])' })
    await talk.write('olleh\\n')
    let said = ''
    for await (const event of talk) if (event.type === 'stdout') said += event.data.data
    console.log(said.trim())
    const refused = await client.run({ language: 'intercal', code: '' }).catch((error) => error)
    console.log(refused instanceof RunyardError, refused.code)
  `
  // Node 20 has no WebSocket of its own, and finds the package `ws` where that is installed.
  const ws =
    typeof WebSocket === 'undefined'
      ? `import { WebSocket } from '${join(root, 'node_modules/ws/wrapper.mjs')}'\nglobalThis.WebSocket = WebSocket\n`
      : ''
  writeFileSync(join(fresh, 'plain.mjs'), ws + code)
  const env = { ...process.env, RUNYARD_URL: platform.url }
  const { stdout } = await run(process.execPath, ['plain.mjs'], { cwd: fresh, env })
  expect(stdout).toBe('succeeded 42\nstate result\nhello\ntrue unknown-language\n')
})

test('its types hold in a strict project, its declarations included', async () => {
  const code = `
    import { createClient, RunyardError, type Job, type Status, type StreamedEvent, verifyWebhook } from '@runyard/client'
    const client = createClient({ url: 'http://127.0.0.1:3000', key: () => 'ry_x', retries: 2 })
    export async function use(signal: AbortSignal): Promise<Status | null> {
      const job: Job = await client.run({ language: 'python', code: '1', limits: { wallMs: 5 } }, { signal })
      for await (const event of client.stream(job.id)) {
        const one: StreamedEvent = event
        if (one.type === 'stdout') console.log(one.data.data.length)
        else if (one.type === 'result') console.log(one.data.stages[0]?.exitCode)
        // @ts-expect-error there is no such event
        else if (one.type === 'finished') return null
      }
      // @ts-expect-error a job needs a language
      await client.submit({ code: '1' })
      // @ts-expect-error no limit has this name
      await client.submit({ language: 'c', code: '', limits: { time: 1 } })
      // @ts-expect-error nor is there such a state
      for await (const { id } of client.list({ state: 'done' })) console.log(id)
      const { data } = await verifyWebhook({ headers: new Headers(), body: '', secret: 'whsec_' })
      // @ts-expect-error a status is one of a closed list
      if (job.status === 'ok') throw new RunyardError({ code: 'unknown', detail: data.url })
      return job.status
    }
  `
  expect(await faults('typed.ts', code, '--module', 'nodenext')).toBe('')
  expect(await faults('typed.ts', code, '--module', 'esnext', '--moduleResolution', 'bundler')).toBe('')
})

test('its types are those of the service’s schemas, every one of them', async () => {
  const listed = readFileSync(join(root, 'src/client/api-types.ts'), 'utf8')
  const names = [...listed.matchAll(/export type \{([^}]+)\}/g)].flatMap(([, all = '']) =>
    all
      .split(',')
      .map((one) => one.trim())
      .filter(Boolean),
  )
  expect(names.length).toBeGreaterThan(15)
  const code = `
    import type * as written from '@runyard/client'
    import type * as schemas from '${join(root, 'src/client/api-types.ts')}'
    type Plain<T> = T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T
    type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false
    ${names.map((name) => `export const same${name}: Same<written.${name}, schemas.${name}> = true`).join('\n')}
    // @ts-expect-error two that differ are told apart, optional members too
    export const other: Same<{ a?: string; b: 1 }, { b: 1 }> = true
  `
  // The schemas' own files are made for Node.
  const node = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
  const how = ['--module', 'nodenext', '--allowImportingTsExtensions', '--skipLibCheck', ...node]
  expect(await faults('same.ts', code, ...how)).toBe('')
})

test('it imports nothing, so that it runs in browsers, Deno and Bun as it is', async () => {
  const { metafile, warnings } = await build({
    stdin: { contents: `export * from '@runyard/client'`, resolveDir: fresh },
    absWorkingDir: fresh,
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
  })
  expect(warnings).toEqual([])
  const inputs = Object.entries(metafile.inputs).filter(([path]) => path !== '<stdin>')
  expect(inputs.map(([path]) => path)).toEqual(['node_modules/@runyard/client/dist/client.js'])
  expect(inputs.flatMap(([, { imports }]) => imports)).toEqual([])
})
