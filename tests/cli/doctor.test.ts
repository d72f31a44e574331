import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fail, guarded, ok, renderChecks, skip, warn } from '../../src/cli/doctor/check.ts'
import { checkNames, doctor } from '../../src/cli/doctor/doctor.ts'
import { checkLanguages } from '../../src/cli/doctor/engine-checks.ts'
import { checkCgroups, checkNode, checkPort } from '../../src/cli/doctor/machine-checks.ts'
import { checkSandbox } from '../../src/cli/doctor/sandbox-check.ts'
import { lockDataDir } from '../../src/cli/up/instance-lock.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { createEngine } from '../../src/worker/sandbox/engine.ts'

const root = packageRoot()

test('each check is a line, each fault has its mending below', () => {
  const text = renderChecks([
    ok('node', '20.20.2'),
    warn('port', 'in use', 'set PORT'),
    fail('podman', 'none', 'install it'),
  ])
  expect(text).toBe(
    [
      '✓ node    20.20.2',
      '! port    in use',
      '          fix: set PORT',
      '✗ podman  none',
      '          fix: install it',
      '',
      'Runyard cannot run jobs here yet: 1 check failed (podman), 1 warning (port).',
    ].join('\n'),
  )
})

test('the last line follows from the checks, and what was not checked names what to fix first', () => {
  const lastOf = (...checks: Parameters<typeof renderChecks>[0]) => renderChecks(checks).split('\n').at(-1)
  expect(lastOf(ok('a', 'x'), ok('b', 'x'))).toBe('Runyard can run jobs here: all 2 checks passed.')
  expect(lastOf(ok('a', 'x'), warn('b', 'x', 'y'))).toBe('Runyard can run jobs here, with 1 warning (b).')
  expect(lastOf(fail('a', 'x', 'y'), fail('b', 'x', 'y'), skip('c', 'a'))).toBe(
    'Runyard cannot run jobs here yet: 2 checks failed (a, b), 1 not checked (c).',
  )
  expect(renderChecks([skip('images', 'podman')])).toContain('- images  not checked: fix podman first')
})

test.each([
  ['20.18.3', 'fail'],
  ['20.19.0', 'ok'],
  ['22.1.0', 'ok'],
])('Node %s is %s', (version, state) => expect(checkNode(version).state).toBe(state))

test.each([
  ['cgroup v2', 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0', 'cpuset cpu io memory pids', 'ok', 'v2'],
  [
    'cgroup v1',
    'cgroup /c cgroup rw,cpu 0 0\ncgroup /m cgroup rw,memory 0 0\ncgroup /p cgroup rw,pids 0 0',
    '',
    'ok',
    'v1',
  ],
  ['no memory controller', 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0', 'cpu pids', 'fail', 'without memory'],
])('%s', (_title, mounts, controllers, state, words) => {
  const check = checkCgroups(mounts, controllers)
  expect(check.state).toBe(state)
  expect(check.detail).toContain(words)
})

test('a check that breaks is a failed check', async () => {
  const check = await guarded('redis', () => Promise.reject(new Error('broke')))
  expect(check).toMatchObject({ name: 'redis', state: 'fail', detail: 'the check itself failed: broke' })
})

test('a port held by Runyard itself is as it should be, one held by another program is not', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const dataDir = join(tmpdir(), `runyard-doctor-${process.pid}`)
  const config = loadConfig(root, { PORT: String(port), RUNYARD_DATA_DIR: dataDir })
  expect(await checkPort(config)).toEqual({
    name: 'port',
    state: 'warn',
    detail: `port ${port} of 127.0.0.1 is in use by another program`,
    mend: 'set PORT to another one, e.g. PORT=3001 npm start',
  })
  const lock = await lockDataDir(dataDir, { pid: 4711, url: `http://127.0.0.1:${port}`, dataDir })
  expect(await checkPort(config)).toMatchObject({ state: 'ok', detail: expect.stringContaining('pid 4711') as string })
  if (lock.acquired) lock.release()
  server.close()
})

test('a wrong setting is found, named and makes the exit code 1', async () => {
  let text = ''
  const print = (line: string) => void (text += line)
  const wrong = () => loadConfig(root, { PORT: 'ture' })
  expect(await doctor({ root, print, loadConfig: wrong, json: true })).toBe(1)
  const { checks } = JSON.parse(text) as { checks: { name: string; state: string; detail: string; mend?: string }[] }
  expect(checks.find(({ name }) => name === 'settings')).toMatchObject({ state: 'fail' })
  expect(checks.find(({ name }) => name === 'settings')?.detail).toContain('PORT is "ture"')
  for (const check of checks) expect(check.state === 'ok' || check.mend !== undefined).toBe(true)
  const skipped = checks.filter(({ state }) => state === 'skip').map(({ name }) => name)
  expect(skipped).toEqual(['images', 'sandbox', 'Redis', 'data directory', 'port'])
})

test('a setting and a field of a language by their former names are warned of', async () => {
  const former = loadConfig(root, { ARMED: 'on' })
  expect(checkNames(former)).toEqual({
    name: 'settings',
    state: 'warn',
    detail: 'valid, but renamed: ARMED is now PREWARM',
    mend: 'use the new name; the former one works in this version only',
  })
  expect(checkNames(loadConfig(root, { PREWARM: 'on' }))).toMatchObject({ state: 'ok', detail: 'all valid' })
  const own = mkdtempSync(join(tmpdir(), 'runyard-former-'))
  cpSync(join(root, 'languages', 'bash'), join(own, 'languages', 'bash'), { recursive: true })
  expect(checkLanguages(own)).toEqual([])
  const file = join(own, 'languages', 'bash', 'language.json')
  writeFileSync(file, readFileSync(file, 'utf8').replace('"prewarm"', '"armed"'))
  expect(checkLanguages(own)).toMatchObject([
    { name: 'languages', state: 'warn', detail: `${file}: "armed" is now "prewarm"` },
  ])
  rmSync(own, { recursive: true })
})

test('the doctor makes a sandbox as a worker does, waits for its init, and leaves nothing behind', async () => {
  const dataDir = join(tmpdir(), `runyard-doctor-none-${process.pid}`, 'data')
  let text = ''
  const namespace = `doctor-${process.pid}`
  const settings = { RUNYARD_DATA_DIR: dataDir, PORT: '0' }
  const asks = {
    root,
    print: (line: string) => void (text += line),
    loadConfig: () => loadConfig(root, settings),
    json: true,
  }
  process.env['RUNYARD_NAMESPACE'] = namespace
  await doctor(asks).finally(() => delete process.env['RUNYARD_NAMESPACE'])
  const { checks } = JSON.parse(text) as { checks: { name: string; state: string; detail: string }[] }
  const found = (name: string) => checks.find((check) => check.name === name)
  expect(found('sandbox')).toMatchObject({
    state: 'ok',
    detail: expect.stringContaining('its init is ready') as string,
  })
  expect(found('data directory')).toMatchObject({ state: 'ok', detail: `${dataDir}, which the start creates` })
  expect(existsSync(dirname(dataDir))).toBe(false)
  expect(
    readdirSync(tmpdir()).filter((name) => name.startsWith('runyard-doctor-') && !name.includes('-none-')),
  ).toEqual([])
  const socket = process.env['RUNYARD_TEST_PODMAN'] ?? ''
  expect(await createEngine(socket).containers(CONTAINER_LABEL.namespace, namespace)).toEqual([])
})

test('an engine that runs no init is a failed check, with what it said', async () => {
  const config = loadConfig(root, { OCI_RUNTIME: '/bin/false' })
  const check = await checkSandbox(root, config)
  expect(check).toMatchObject({
    name: 'sandbox',
    state: 'fail',
    detail: expect.stringContaining('/bin/false: ') as string,
  })
})
