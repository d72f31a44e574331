import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'

const run = promisify(execFile)
const root = packageRoot()
const folder = mkdtempSync(join(tmpdir(), 'runyard-package-'))

let platform: TestPlatform
beforeAll(async () => {
  platform = await startPlatform()
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  // What the service needs is taken from this checkout, so that no registry is asked. The client needs none of it.
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const here = Object.fromEntries(
    Object.keys(dependencies).map((name) => [name, `file:${join(root, 'node_modules', name)}`]),
  )
  const project = {
    name: 'fresh',
    private: true,
    type: 'module',
    dependencies: { runyard: `file:${join(folder, filename)}` },
    overrides: here,
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project))
  const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund']
  await run('npm', ['install', ...quiet], { cwd: folder })
}, 180_000)
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

/** What a program of the fresh project writes. */
async function written(name: string, code: string): Promise<string> {
  writeFileSync(join(folder, name), code)
  const { stdout } = await run(process.execPath, [name], {
    cwd: folder,
    env: { ...process.env, RUNYARD_URL: platform.url },
  })
  return stdout
}

test('a fresh project runs a job with `runyard/client` in plain JavaScript', async () => {
  const code = `
    import { createClient, RunyardError } from 'runyard/client'
    const client = createClient({ url: process.env.RUNYARD_URL })
    const job = await client.run({ language: 'python', code: 'print(6 * 7)' })
    console.log(job.status, job.stages[0].stdout.trim())
    const talk = await client.interactive({ language: 'python', code: 'print(input()[::-1])' })
    await talk.write('olleh\\n')
    let said = ''
    for await (const event of talk) if (event.type === 'stdout') said += event.data.data
    console.log(said.trim())
    const refused = await client.run({ language: 'intercal', code: '' }).catch((error) => error)
    console.log(refused instanceof RunyardError, refused.code)
  `
  expect(await written('plain.js', code)).toBe('succeeded 42\nhello\ntrue unknown-language\n')
})

test('its types hold in a strict project', async () => {
  const code = `
    import { createClient, RunyardError, type Job, type Status, type StreamedEvent, verifyWebhook } from 'runyard/client'
    const client = createClient({ url: 'http://127.0.0.1:3000', key: 'ry_x', retries: 2 })
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
  writeFileSync(join(folder, 'typed.ts'), code)
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--skipLibCheck']
  for (const module of ['nodenext', 'esnext']) {
    const how = module === 'esnext' ? ['--moduleResolution', 'bundler'] : []
    const types = ['--lib', 'es2023,dom,dom.iterable', '--types', '', '--target', 'es2023']
    const args = [...options, ...types, '--module', module, ...how, 'typed.ts']
    const told = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error)
    expect(told.stdout).toBe('')
  }
}, 120_000)
