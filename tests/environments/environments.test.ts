import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient, type StreamedEnvironmentEvent } from '../../src/client/client.ts'
import type { Environment } from '../../src/shared/environments/environment.ts'
import type { Job } from '../../src/shared/job.ts'
import type { Runtime } from '../../src/shared/runtime.ts'
import { get, post, runJob, stageOf } from '../support/client.ts'
import { eventually } from '../support/eventually.ts'
import { makeKey } from '../support/make-key.ts'
import { startPackageIndex, type TestIndex, wheel } from '../support/package-index.ts'
import { startPlatform, type TestPlatform } from '../support/platform.ts'

const MIB = 1024 * 1024
const ESCAPED = '/tmp/runyard-test-escaped'

let index: TestIndex
let platform: TestPlatform
let data: string
let admin: { authorization: string }
beforeAll(async () => {
  index = await startPackageIndex()
  data = await mkdtemp('/tmp/ry-env-')
  platform = await startPlatform({
    RUNYARD_DATA_DIR: data,
    PACKAGE_INDEX_PYPI: index.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
    ENVIRONMENT_MAX_BYTES: String(24 * MIB),
    ENVIRONMENT_MAX_FILES: '300',
    WORKER_CONCURRENCY: '2',
  })
  admin = await makeKey(platform, 'ops', { scopes: ['admin'] })
})
afterAll(async () => {
  await platform.close()
  await index.close()
  await rm(data, { recursive: true, force: true })
})

interface Problem {
  code: string
  detail: string
}

const install = (dependencies: string[]) =>
  post<Environment & Problem>(
    `${platform.url}/v1/environments`,
    { language: 'python', dependencies },
    { prefer: 'wait=60' },
  )
const installManifest = (manifest: string | null) =>
  post<Environment & Problem>(
    `${platform.url}/v1/environments`,
    { language: 'python', manifest },
    { prefer: 'wait=60' },
  )
const refusal = async (...dependencies: string[]) => {
  const { status, body } = await install(dependencies)
  return { status, code: body.code }
}
const installed = async () => (await readdir(join(data, 'environments'))).filter((name) => /^[0-9a-f]{64}$/.test(name))

describe('packages that are there', () => {
  beforeAll(() => {
    index.add(wheel('greeter', '1.0', [['greeter.py', 'TEXT = "hello from 1.0"\n']]))
    index.add(
      wheel(
        'polite',
        '2.0',
        [['polite/__init__.py', 'import greeter\nTEXT = greeter.TEXT + ", please"\n']],
        ['greeter>=1'],
      ),
    )
  })

  test('a job imports what it depends on, and what that depends on; reading it gives its lock', async () => {
    const job = await runJob(platform.url, {
      language: 'python',
      code: 'import polite\nprint(polite.TEXT, polite.__cached__)',
      dependencies: ['polite'],
    })
    expect(job).toMatchObject({ status: 'succeeded' })
    expect(stageOf(job).stdout).toMatch(
      /^hello from 1\.0, please \/environment\/polite\/__pycache__\/__init__\.cpython-\d+\.pyc\n$/,
    )
    const { body: read } = await get<Job>(`${platform.url}/v1/jobs/${job.id}`)
    expect(read.environment?.lock).toMatch(/^greeter==1\.0 .*--hash=sha256:[0-9a-f]{64}\s+polite==2\.0 /s)
    expect(job.environment).toEqual(read.environment)
  })

  test('whoever follows it is told what is done, from the first to the end, whenever they begin', async () => {
    index.add(wheel('followed', '1.0', [['followed.py', '']]))
    const release = index.hold('followed')
    const { environments } = createClient({ url: platform.url })
    const asked = await post<Environment>(`${platform.url}/v1/environments`, {
      language: 'python',
      dependencies: ['followed'],
    })
    expect(asked.status).toBe(202)
    const following = environments.events(asked.body.id)
    const first = await following.next()
    expect(first.value).toMatchObject({ type: 'building', data: { state: 'building', error: null } })
    release()
    const all = [first.value as StreamedEnvironmentEvent]
    for await (const event of following) all.push(event)
    expect(all.at(-1)).toMatchObject({ type: 'ready', data: { state: 'ready', progress: null, error: null } })
    const again: StreamedEnvironmentEvent[] = []
    for await (const event of environments.events(asked.body.id)) again.push(event)
    expect(again).toEqual(all)
    const place = `${platform.url}/v1/environments/${asked.body.id}/events`
    expect((await fetch(place, { headers: { 'last-event-id': all.at(-1)?.id ?? '' } })).status).toBe(204)
    expect((await fetch(place, { headers: { 'last-event-id': 'x' } })).status).toBe(400)
    const other = await makeKey(platform, 'other')
    expect((await fetch(place, { headers: other })).status).toBe(404)
  })

  test('a job that waits for it has its steps among its own events, before it runs', async () => {
    index.add(wheel('awaited', '1.0', [['awaited.py', '']]))
    const release = index.hold('awaited')
    const client = createClient({ url: platform.url })
    const { id } = await client.submit({ language: 'python', code: 'import awaited', dependencies: ['awaited'] })
    const told: string[] = []
    for await (const { type, data } of client.stream(id)) {
      if (type === 'packages') {
        told.push(data.state)
        if (data.state === 'building') release()
      } else if (type === 'state') told.push(data.state)
      else if (type === 'result') told.push(data.status ?? '')
    }
    expect([...new Set(told)]).toEqual(['queued', 'building', 'ready', 'running', 'finished', 'succeeded'])
  })

  test('whoever follows one that cannot be had is told why', async () => {
    const { body } = await post<Environment>(`${platform.url}/v1/environments`, {
      language: 'python',
      dependencies: ['nobody-has-what-is-followed'],
    })
    const all: StreamedEnvironmentEvent[] = []
    for await (const event of createClient({ url: platform.url }).environments.events(body.id)) all.push(event)
    expect(all.at(-1)).toMatchObject({ type: 'failed', data: { error: { code: 'package-unknown' } } })
  })

  test('the lock, submitted again, is the same environment with the same bits and asks for no other', async () => {
    const first = await install(['polite'])
    const before = await installed()
    const manifest = first.body.lock
    const again = await installManifest(manifest)
    expect(again).toMatchObject({ status: 200, body: { state: 'ready', lock: manifest } })
    expect(again.body.packages).toEqual(first.body.packages)
    const job = await runJob(platform.url, {
      language: 'python',
      environment: again.body.id,
      code: 'import polite; print(polite.TEXT)',
    })
    expect(stageOf(job).stdout).toBe('hello from 1.0, please\n')
    expect(await installed()).toEqual(before)
  })

  test('a lock has the hashes of what may be installed here, and a longer one installs the same', async () => {
    const elsewhere = {
      ...wheel('anywhere', '1.0', [['elsewhere.py', '']]),
      file: 'anywhere-1.0-cp313-cp313-win32.whl',
    }
    index.add(elsewhere, wheel('anywhere', '1.0', [['anywhere.py', 'X = 1\n']]))
    const { body: first } = await install(['anywhere'])
    const lock = first.lock ?? ''
    expect(lock.match(/--hash=/g)).toHaveLength(1)
    const before = await installed()
    const other = `--hash=sha256:${createHash('sha256').update(elsewhere.content).digest('hex')}`
    const { body: longer } = await installManifest(`${lock.trimEnd()} \\\n    ${other}\n`)
    expect(longer).toMatchObject({ state: 'ready', lock })
    expect(await installed()).toEqual(before)
    const { body: refused } = await installManifest(`anywhere==1.0 ${other}\n`)
    expect(refused).toMatchObject({ code: 'environment-failed', detail: expect.stringMatching(/hash|platform/i) })
  })

  test('requirements.txt and the metadata of a script count too', async () => {
    const code = 'import greeter; print(greeter.TEXT)'
    const files = [
      { path: 'main.py', content: code },
      { path: 'requirements.txt', content: '# what it needs\ngreeter==1.0\n' },
    ]
    const script = `# /// script\n# dependencies = [\n#   "greeter",\n# ]\n# ///\n${code}\n`
    const jobs = await Promise.all([
      runJob(platform.url, { language: 'python', files }),
      runJob(platform.url, { language: 'python', code: script }),
    ])
    expect(jobs.map((job) => stageOf(job).stdout)).toEqual(['hello from 1.0\n', 'hello from 1.0\n'])
  })

  test('many who ask for the same at once share one build', async () => {
    index.add(wheel('shared', '1.0', [['shared.py', 'X = 1\n']]))
    const request = { language: 'python', code: 'import shared; print(shared.X)', dependencies: ['shared'] }
    const jobs = await Promise.all(Array.from({ length: 8 }, () => runJob(platform.url, request)))
    expect(jobs.map((job) => stageOf(job).stdout)).toEqual(Array.from({ length: 8 }, () => '1\n'))
    expect(index.asked.filter((path) => path === '/simple/shared/')).toHaveLength(1)
    expect(new Set(jobs.map(({ environment }) => environment?.id)).size).toBe(1)
  })

  test('the list of languages has the sets of packages', async () => {
    const { body } = await get<{ runtimes: Runtime[] }>(`${platform.url}/v1/runtimes`)
    const sets = body.runtimes.find(({ language }) => language === 'python')?.packageSets
    const packages = expect.arrayContaining(['numpy', 'pandas', 'matplotlib'])
    expect(sets).toEqual([{ name: 'python/data', packages, installed: false }])
    const names = sets?.[0]?.packages ?? []
    index.add(...names.map((name) => wheel(name, '1.0', [[`${name.replace('-', '_')}.py`, '']])))
    const { body: made } = await post<Environment>(
      `${platform.url}/v1/environments`,
      { language: 'python', set: 'python/data' },
      { prefer: 'wait=60' },
    )
    expect(made.state).toBe('ready')
    const { body: after } = await get<{ runtimes: Runtime[] }>(`${platform.url}/v1/runtimes`)
    expect(after.runtimes.find(({ language }) => language === 'python')?.packageSets[0]?.installed).toBe(true)
  })

  test('a job cannot change its packages, and has no network', async () => {
    const code = `
import socket
for attempt in (lambda: open('/environment/greeter.py', 'a'), lambda: open('/environment/new', 'w'),
                lambda: socket.create_connection(('127.0.0.1', 3128), 2), lambda: socket.create_connection(('192.0.2.1', 80), 2)):
    try:
        attempt()
        print('done')
    except OSError as error:
        print(error.errno is not None)
`
    const job = await runJob(platform.url, { language: 'python', code, dependencies: ['greeter'] })
    expect(stageOf(job).stdout).toBe('True\nTrue\nTrue\nTrue\n')
  })

  test('an environment is its asker’s to read, list and delete', async () => {
    const { body } = await install(['greeter'])
    const path = `${platform.url}/v1/environments`
    expect((await get<Environment>(`${path}/${body.id}`)).body).toMatchObject({
      state: 'ready',
      bytes: expect.any(Number),
    })
    const ids = async () => (await get<{ environments: Environment[] }>(path)).body.environments.map(({ id }) => id)
    expect(await ids()).toContain(body.id)
    expect((await fetch(`${path}/${body.id}`, { method: 'DELETE' })).status).toBe(204)
    expect(await ids()).not.toContain(body.id)
    expect((await get(`${path}/${body.id}`)).status).toBe(404)
  })
})

describe('packages that are refused or harmless', () => {
  test.each([
    ['an address', ['greeter @ http://127.0.0.1/x.whl'], 'invalid-request'],
    ['a path', ['./greeter'], 'invalid-request'],
    ['an option', ['--index-url=http://127.0.0.1/'], 'invalid-request'],
    ['a name that nobody has', ['no-such-package-here'], 'package-unknown'],
    ['a name one letter off a popular one', ['reqests'], 'submission-blocked'],
  ])('%s', async (_title, dependencies, code) => {
    expect((await refusal(...dependencies)).code).toBe(code)
    expect(index.asked).not.toContain('/simple/reqests/')
  })

  test('one that is too new is told with its date, and an older version is taken', async () => {
    index.add({ ...wheel('fresh', '1.0', [['fresh.py', '']]), days: 2 })
    index.add(wheel('renewed', '1.0', [['renewed.py', 'V = 1\n']]), {
      ...wheel('renewed', '2.0', [['renewed.py', 'V = 2\n']]),
      days: 1,
    })
    const { status, body } = await install(['fresh'])
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'package-too-new' })
    expect(body.detail).toMatch(/fresh( 1\.0)? was uploaded at 20\d\d-.*can be installed from 20\d\d-/)
    expect((await install(['renewed'])).body.packages).toEqual([{ name: 'renewed', version: '1.0' }])
    expect((await install(['renewed==2.0'])).body.code).toBe('package-too-new')
  })

  test('one that would have to be built is not', async () => {
    index.add({ name: 'source-only', version: '1.0', content: Buffer.from('x'), file: 'source-only-1.0.tar.gz' })
    expect(await refusal('source-only')).toEqual({ status: 422, code: 'package-needs-build' })
  })

  test('versions that exclude each other are told in the words of the resolver', async () => {
    const { status, body } = await install(['greeter==1.0', 'greeter>1.0'])
    expect({ status, code: body.code }).toEqual({ status: 422, code: 'environment-failed' })
    expect(body.detail).toMatch(/unsatisfiable|no version/i)
  })

  test('one with another content than its hash says is not used', async () => {
    index.add({ ...wheel('forged', '1.0', [['forged.py', '']]), sha256: '0'.repeat(64) })
    const { body } = await install(['forged'])
    expect(body).toMatchObject({ code: 'environment-failed', detail: expect.stringMatching(/hash/i) })
  })

  test('members that lead out of its folder, and links, reach nothing', async () => {
    index.add(
      wheel('climber', '1.0', [
        ['climber.py', ''],
        [`../../../../../../..${ESCAPED}`, 'x'],
      ]),
      wheel(
        'linker',
        '1.0',
        [
          ['linker.py', ''],
          ['secret', '/etc/passwd'],
        ],
        [],
        { secret: 0o120777 },
      ),
    )
    for (const name of ['climber', 'linker']) {
      const { body } = await install([name])
      // Refused, or taken without the member or as a plain file of its own.
      if (body.state !== 'ready') expect(body.code).toBe('environment-failed')
    }
    const job = await runJob(platform.url, {
      language: 'python',
      dependencies: ['linker'],
      code: `import os; print(os.path.islink('/environment/secret'))`,
    })
    if (job.status === 'succeeded') expect(stageOf(job).stdout).toBe('False\n')
    expect(existsSync(ESCAPED)).toBe(false)
  })

  test('a bomb and a crowd of files are too large', async () => {
    index.add(wheel('bomb', '1.0', [['zeros', Buffer.alloc(200 * MIB)]]))
    const many = Array.from({ length: 2000 }, (_, number) => [`crowd/${number}.txt`, ''] as [string, string])
    index.add(wheel('crowd', '1.0', many))
    expect(await refusal('bomb')).toEqual({ status: 422, code: 'environment-too-large' })
    expect(await refusal('crowd')).toEqual({ status: 422, code: 'environment-too-large' })
  })

  test('what would run at each start is refused, a .pth file does nothing, and nothing runs at the installation', async () => {
    index.add(wheel('starter', '1.0', [['sitecustomize.py', 'print("started")\n']]))
    index.add(wheel('encoder', '1.0', [['encodings/__init__.py', 'print("started")\n']]))
    index.add(wheel('extender', '1.0', [['usercustomize.cpython-313-x86_64-linux-gnu.so', 'x']]))
    index.add(
      wheel('pathed', '1.0', [
        ['pathed.pth', 'import sys; print("started", file=sys.stderr)\n'],
        ['pathed.py', ''],
      ]),
    )
    for (const name of ['starter', 'encoder', 'extender'])
      expect(await refusal(name)).toEqual({ status: 422, code: 'environment-failed' })
    const job = await runJob(platform.url, { language: 'python', code: 'import pathed', dependencies: ['pathed'] })
    expect(stageOf(job)).toMatchObject({ status: 'succeeded', output: '' })
  })

  test('metadata that lies about the name or about what it needs installs nothing else', async () => {
    const honest = wheel('liar', '1.0', [['liar.py', '']])
    index.add({ ...honest, metadata: 'Metadata-Version: 2.1\nName: other\nVersion: 1.0\n' })
    const { body } = await install(['liar'])
    expect(body.code).toBe('environment-failed')
  })

  test('a job that waits for packages that cannot be had ends with the reason', async () => {
    const job = await runJob(platform.url, { language: 'python', code: 'pass', dependencies: ['never-published'] })
    expect(job).toMatchObject({ status: 'environment-failed', message: expect.stringContaining('package-unknown') })
  })

  test('what is left of all of them is what was installed', async () => {
    // What was packed for other hosts goes after a build has ended.
    await eventually('nothing half-made is left', async () => {
      const names = await readdir(join(data, 'environments'))
      expect(names.filter((name) => /^(new|gone|pack)-/.test(name))).toEqual([])
      return true
    })
  })
})

describe('what operators do', () => {
  test('a ban ends the use of what is installed, and its lifting begins it again', async () => {
    index.add(wheel('banned', '1.0', [['banned.py', 'print("here")\n']]))
    const run = () => runJob(platform.url, { language: 'python', code: 'import banned', dependencies: ['banned'] })
    expect((await run()).status).toBe('succeeded')
    const bans = `${platform.url}/v1/admin/package-bans`
    const ban = { ecosystem: 'pypi', name: 'banned', version: '1.0', reason: 'malware' }
    expect((await post(bans, ban, admin)).status).toBe(201)
    const after = await run()
    expect(after).toMatchObject({ status: 'environment-failed', message: expect.stringContaining('malware') })
    expect(await refusal('banned')).toEqual({ status: 422, code: 'package-not-allowed' })
    await fetch(`${bans}?ecosystem=pypi&name=banned&version=1.0`, { method: 'DELETE', headers: admin })
    expect((await run()).status).toBe('succeeded')
  })

  test('a ban counts for what is being built already', async () => {
    index.add(wheel('caught', '1.0', [['caught.py', '']]))
    const release = index.hold('caught')
    const asked = install(['caught'])
    await eventually('the installer asks for it', () => index.asked.includes('/simple/caught/'))
    const before = await installed()
    await post(
      `${platform.url}/v1/admin/package-bans`,
      { ecosystem: 'pypi', name: 'caught', version: '1.0', reason: 'malware' },
      admin,
    )
    release()
    const { status, body } = await asked
    expect([status, body.code]).toEqual([422, 'package-not-allowed'])
    expect(body.detail).toContain('malware')
    expect(await installed()).toEqual(before)
  })

  test('who first asked is on record', async () => {
    const { body } = await get<{ environments: { firstAsked: unknown }[] }>(
      `${platform.url}/v1/admin/environments`,
      admin,
    )
    expect(body.environments[0]?.firstAsked).toMatchObject({ tenant: 'local', address: expect.any(String) })
  })
})

test('without its index what is installed goes on, and what is new fails with a clear word', async () => {
  await install(['greeter'])
  await index.close()
  const job = (await runJob(platform.url, {
    language: 'python',
    code: 'import greeter; print(greeter.TEXT)',
    dependencies: ['greeter'],
  })) satisfies Job
  expect(stageOf(job).stdout).toBe('hello from 1.0\n')
  expect(await refusal('something-new')).toEqual({ status: 422, code: 'environment-failed' })
})
