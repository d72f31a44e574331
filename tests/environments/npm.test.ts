import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Environment } from '../../src/shared/environments/environment.ts'
import type { Job } from '../../src/shared/job.ts'
import { get, post, runJob, stageOf } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startNpmRegistry, tarball, type TestRegistry } from '../support/npm-registry.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'
import { sessionClient } from '../support/session-client.ts'

const MIB = 1024 * 1024
const ESCAPED = '/tmp/runyard-test-escaped-npm'

let registry: TestRegistry
let platform: TestPlatform
let data: string
beforeAll(async () => {
  registry = await startNpmRegistry()
  data = await mkdtemp('/tmp/ry-npm-')
  platform = await startPlatform({
    RUNYARD_DATA_DIR: data,
    PACKAGE_INDEX_NPM: registry.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    ENVIRONMENT_MAX_BYTES: String(24 * MIB),
    ENVIRONMENT_MAX_FILES: '300',
    WORKER_CONCURRENCY: '2',
  })
  registry.add(
    tarball('greeter', '1.0.0', [['index.js', "module.exports = 'hello from 1.0.0'\n"]]),
    tarball(
      '@polite/words',
      '2.0.0',
      [['index.mjs', "import greeter from 'greeter'\nexport const text = greeter + ', please'\n"]],
      {
        dependencies: { greeter: '^1.0.0' },
        exports: './index.mjs',
      },
    ),
  )
})
afterAll(async () => {
  await platform.close()
  await registry.close()
  await rm(data, { recursive: true, force: true })
})

const javascript = (code: string, fields: object = {}) =>
  runJob(platform.url, { language: 'javascript', code, ...fields })
const install = (fields: object) =>
  post<Environment & { code: string; detail: string }>(
    `${platform.url}/v1/environments`,
    { language: 'javascript', ...fields },
    { prefer: 'wait=60' },
  )
const REQUIRE = "console.log(require('greeter'))\n"
const IMPORT = "import { text } from '@polite/words'\nconsole.log(text)\n"

/** Keys of what is installed; what is held has a mark beside it for a while. */
const lockOf = async ({ id }: Job) => (await get<Job>(`${platform.url}/v1/jobs/${id}`)).body.environment?.lock ?? ''
const environmentsHere = async () =>
  (await readdir(join(data, 'environments'))).filter((name) => /^[0-9a-f]{64}$/.test(name)).toSorted()

describe('packages that are there', () => {
  test('a job requires and imports them, prewarmed and with files beside it; reading it gives its lock', async () => {
    const dependencies = ['@polite/words@2', 'greeter']
    const files = (path: string, content: string) => ({ files: [{ path, content }], entrypoint: path })
    const jobs = await Promise.all([
      javascript(REQUIRE, { dependencies }),
      javascript(IMPORT, { dependencies }),
      runJob(platform.url, { language: 'javascript', dependencies, ...files('main.mjs', IMPORT) }),
      runJob(platform.url, { language: 'javascript', dependencies, ...files('lib/main.cjs', REQUIRE) }),
    ])
    const [plain, polite] = ['hello from 1.0.0\n', 'hello from 1.0.0, please\n']
    expect(jobs.map((job) => stageOf(job).stdout)).toEqual([plain, polite, polite, plain])
    expect(new Set(jobs.map(({ environment }) => environment?.id)).size).toBe(1)
    expect(JSON.parse(await lockOf(jobs[0]!))).toMatchObject({
      lockfileVersion: 3,
      packages: { 'node_modules/greeter': { version: '1.0.0', integrity: expect.stringMatching(/^sha512-/) } },
    })
  })

  test('package.json and package-lock.json count; the lock, submitted again, is the same bits', async () => {
    const manifest = { path: 'package.json', content: JSON.stringify({ dependencies: { greeter: '^1.0.0' } }) }
    const main = { path: 'main.js', content: REQUIRE }
    const first = await runJob(platform.url, { language: 'javascript', files: [main, manifest] })
    expect(stageOf(first).stdout).toBe('hello from 1.0.0\n')
    registry.add(tarball('greeter', '1.0.1', [['index.js', "module.exports = 'hello from 1.0.1'\n"]]))
    const before = await environmentsHere()
    const lock = { path: 'package-lock.json', content: await lockOf(first) }
    const again = await runJob(platform.url, { language: 'javascript', files: [main, manifest, lock] })
    expect(stageOf(again).stdout).toBe('hello from 1.0.0\n')
    expect(await lockOf(again)).toBe(lock.content)
    expect(await environmentsHere()).toEqual(before)
  })
})

test('a session begins with the packages of an environment that is ready, or with those that it asks for', async () => {
  const { create, command, end } = sessionClient(platform.url)
  const { body: environment } = await install({ dependencies: ['@polite/words@2', 'greeter'] })
  const { body: session } = await create({ language: 'javascript', environment: environment.id })
  const { body: ran } = await command(session.id, { argv: ['node', '--print', "require('greeter')"] })
  expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('hello from 1.0') })
  await end(session.id)
  const { body: asking } = await create({ language: 'javascript', dependencies: ['greeter'] })
  const { body: required } = await command(asking.id, { argv: ['node', '--print', "require('greeter')"] })
  expect(required).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('hello from 1.0') })
  await end(asking.id)
  for (const [dependencies, code] of [
    [['nobody-has-this-either'], 'package-unknown'],
    [['lodahs'], 'submission-blocked'],
    [['file:../x'], 'invalid-request'],
  ] as const)
    expect((await create({ language: 'javascript', dependencies })).body).toMatchObject({ code })
  const none = { language: 'javascript', environment: '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d20' }
  expect((await create(none)).status).toBe(422)
})

describe('packages that are refused or harmless', () => {
  test.each([
    ['an address', ['greeter@http://127.0.0.1/x.tgz']],
    ['a repository', ['greeter@git+ssh://git@127.0.0.1/x.git']],
    ['a short form of one', ['someone/greeter']],
    ['a path', ['greeter@file:../greeter']],
    ['an alias', ['greeter@npm:other@1']],
    ['an option', ['--registry=http://127.0.0.1/']],
  ])('%s is no package', async (_title, dependencies) => {
    expect((await install({ dependencies })).body).toMatchObject({ code: 'invalid-request' })
  })

  test('a name one letter off a popular one is refused before anything is fetched', async () => {
    expect((await install({ dependencies: ['lodahs'] })).body.code).toBe('submission-blocked')
    expect(registry.asked.filter((path) => path.includes('lodahs'))).toEqual([])
  })

  test('what is unknown, too new or to be built is told by its code, and an older version is taken', async () => {
    registry.add(
      { ...tarball('fresh', '1.0.0', [['index.js', '']]), days: 2 },
      tarball('compiled', '1.0.0', [['binding.gyp', '{}']], { gypfile: true }),
      tarball('renewed', '1.0.0', [['index.js', '']]),
      { ...tarball('renewed', '2.0.0', [['index.js', '']]), days: 1 },
    )
    const answers = await Promise.all(
      ['nobody-has-this', 'fresh', 'compiled', 'renewed'].map((name) => install({ dependencies: [name] })),
    )
    expect(answers.map(({ body }) => body.code)).toEqual([
      'package-unknown',
      'package-too-new',
      'package-needs-build',
      undefined,
    ])
    expect(answers[1]?.body.detail).toMatch(/fresh.*was uploaded at 20\d\d-.*can be installed from 20\d\d-/)
    expect(answers[3]?.body.packages).toEqual([{ name: 'renewed', version: '1.0.0' }])
  })

  test('nothing of a package runs at its installation, links and paths that lead out reach nothing', async () => {
    const script = `touch ${ESCAPED}; exit 1`
    registry.add(
      tarball('runner', '1.0.0', [['index.js', 'module.exports = 1\n']], {
        scripts: { preinstall: script, postinstall: script },
      }),
      tarball('climber', '1.0.0', [
        ['index.js', 'module.exports = 2\n'],
        [`../../../../../../..${ESCAPED}`, 'x'],
      ]),
      tarball(
        'linker',
        '1.0.0',
        [
          ['index.js', 'module.exports = 3\n'],
          ['secret', ''],
        ],
        {},
        { types: { 'package/secret': '2' }, links: { 'package/secret': '/etc/passwd' } },
      ),
    )
    const code = `console.log(require('runner'), require('climber'), require('linker'), require('fs').existsSync('/environment/node_modules/linker/secret'))`
    const job = await javascript(code, { dependencies: ['runner', 'climber', 'linker'] })
    expect(stageOf(job).stdout).toBe('1 2 3 false\n')
    expect(existsSync(ESCAPED)).toBe(false)
  })

  test('another content than the hash says, a bomb and a crowd of files are not used', async () => {
    const many = Array.from({ length: 2000 }, (_, number) => [`${number}.txt`, ''] as [string, string])
    registry.add(
      { ...tarball('forged', '1.0.0', [['index.js', '']]), integrity: `sha512-${Buffer.alloc(64).toString('base64')}` },
      tarball('bomb', '1.0.0', [['zeros', Buffer.alloc(200 * MIB)]]),
      tarball('crowd', '1.0.0', many),
    )
    const answers = await Promise.all(['forged', 'bomb', 'crowd'].map((name) => install({ dependencies: [name] })))
    expect(answers.map(({ body }) => body.code)).toEqual([
      'environment-failed',
      'environment-too-large',
      'environment-too-large',
    ])
    expect(answers[0]?.body.detail).toMatch(/hash/)
  })

  test('a ban ends the use of what is installed, and nothing is left half-made', async () => {
    const admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
    expect((await javascript(REQUIRE, { dependencies: ['greeter'] })).status).toBe('succeeded')
    const ban = { ecosystem: 'npm', name: 'greeter', version: '1.0.1', reason: 'malware' }
    expect((await post(`${platform.url}/v1/admin/package-bans`, ban, admin)).status).toBe(201)
    const after = await javascript(REQUIRE, { dependencies: ['greeter'] })
    expect(after).toMatchObject({ status: 'environment-failed', message: expect.stringContaining('malware') })
    // What was packed for other hosts goes after a build has ended.
    await eventually('nothing half-made is left', async () => {
      const names = await readdir(join(data, 'environments'))
      expect(names.filter((name) => /^(new|gone|pack)-/.test(name))).toEqual([])
      return true
    })
  })
})
