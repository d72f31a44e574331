import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Command } from 'commander'
import { didYouMean } from '../../src/shared/did-you-mean.ts'
import { EXAMPLES } from '../../src/cli/examples.ts'
import { createProgram } from '../../src/cli/program.ts'
import { loadConfig } from '../../src/shared/config/config.ts'
import { readDoc, tableRows, uncoded } from '../docs/tables.ts'
import { post } from '../support/client.ts'
import { startPackageIndex, type TestIndex, wheel } from '../support/package-index.ts'
import { startPlatform, type TestPlatform, testRoot } from '../support/platform.ts'

const folder = mkdtempSync(join(tmpdir(), 'runyard-commands-'))
const program = join(folder, 'file.py')
let index: TestIndex
let platform: TestPlatform
beforeAll(async () => {
  index = await startPackageIndex()
  platform = await startPlatform({
    RUNYARD_DATA_DIR: join(folder, 'data'),
    PACKAGE_INDEX_PYPI: index.url,
    PACKAGE_INDEX_REACH: '127.0.0.1',
  })
  writeFileSync(program, 'open("a.txt", "w").write("42"); print("Hello")')
})
afterAll(async () => {
  await platform.close()
  await index.close()
  rmSync(folder, { recursive: true })
})

interface Written {
  stdout: string
  stderr: string
  exitCode: number
}

function commandWith(env: Record<string, string>, written: Written, only?: string): Promise<Command> {
  const stream = (name: 'stdout' | 'stderr') =>
    new PassThrough().on('data', (chunk: Buffer) => (written[name] += chunk.toString()))
  const print = (text: string) => void (written.stdout += `${text}\n`)
  const settings = () => loadConfig(testRoot, env)
  const never = new AbortController().signal
  // What follows a terminal or a pipe has tests of its own.
  const stdin: unknown = new PassThrough().end()
  const deps = {
    root: testRoot,
    loadConfig: settings,
    context: async () => ({ root: testRoot, config: settings(), print }),
    print,
    env: { RUNYARD_URL: env['RUNYARD_URL'], XDG_CONFIG_HOME: join(folder, 'config') },
    streams: { stdout: stream('stdout'), stderr: stream('stderr'), note: (text: string) => (written.stderr += text) },
    stdin: () => stdin as NodeJS.ReadStream,
    stdout: process.stdout,
    signals: () => ({ stop: never, hurry: never }),
    setExitCode: (code: number) => (written.exitCode = code),
  }
  return createProgram(deps, only)
}

/** What a command writes. @throws what it fails of */
async function runyard(...args: string[]): Promise<Written> {
  const written = { stdout: '', stderr: '', exitCode: 0 }
  const command = await commandWith({ ...platform.env, RUNYARD_URL: platform.url }, written)
  await command.parseAsync(args, { from: 'user' })
  return written
}

/** The commands that do something, by the words that lead to them. */
function leavesOf(command: Command, path = ''): [string, Command][] {
  const visible = command
    .createHelp()
    .visibleCommands(command)
    .filter((one) => one.name() !== 'help')
  if (visible.length === 0) return [[path, command]]
  return visible.flatMap((one) => leavesOf(one, `${path} ${one.name()}`.trim()))
}

const whole = await commandWith({}, { stdout: '', stderr: '', exitCode: 0 })
const leaves = leavesOf(whole)

test('what an option gives as an example is taken', () => {
  const examples = leaves.flatMap(([path, { options }]) =>
    options.flatMap((option) => {
      const [, value] = /\be\.g\. `?([^\s;,)`]+)/.exec(option.description) ?? []
      return value !== undefined && option.parseArg ? [{ path, option, value }] : []
    }),
  )
  expect(examples.map(({ path }) => path)).toContain('session run')
  const refused = examples.filter(({ option, value }) => {
    try {
      option.parseArg?.(value, undefined)
      return false
    } catch {
      return true
    }
  })
  expect(refused.map(({ path, option, value }) => `${path} ${option.long} ${value}`)).toEqual([])
})

test('a command line describes its own command alone, as among all', async () => {
  const names = whole.commands.map((command) => command.name()).filter((name) => !['help', 'completion'].includes(name))
  for (const name of names) {
    const written = { stdout: '', stderr: '', exitCode: 0 }
    const alone = (await commandWith({}, written, name)).commands
    expect(alone.length).toBeLessThan(whole.commands.length)
    const helpOf = (commands: readonly Command[]) => commands.find((one) => one.name() === name)?.helpInformation()
    expect(helpOf(alone)).toBe(helpOf(whole.commands))
  }
  expect(names).toEqual(expect.arrayContaining(['run', 'session', 'up', 'keys', 'events', 'webhooks']))
})

/** What the set `python/data` has. */
const DATA = ['numpy', 'pandas', 'scipy', 'matplotlib', 'sympy', 'scikit-learn', 'pillow', 'openpyxl', 'requests']

/** `session repl` talks with a person, the next five run until they are ended, what `completion` prints is a script. */
const WITHOUT_JSON = ['session repl', 'mcp', 'up', 'worker', 'gateway', 'engine', 'completion']

test('each command has --json, but for those that have no result', () => {
  const without = leaves.filter(([, { options }]) => !options.some(({ long }) => long === '--json'))
  expect(without.map(([path]) => path)).toEqual(WITHOUT_JSON)
})

test('each command has examples, which name it and options that it has', () => {
  for (const [path, { options }] of leaves) {
    const flags = [...options.flatMap(({ long, short }) => [long, short]), '--']
    const lines = (EXAMPLES[path] ?? []).map(([line]) => line)
    expect([path, lines.join('\n')]).toEqual([path, expect.stringContaining(`runyard ${path}`)])
    for (const line of lines) {
      const own =
        line
          .split('runyard ')
          .at(-1)
          ?.split(/ -- | --compiler-arg /)[0] ?? ''
      for (const [flag] of own.matchAll(/(?<= )--?[a-zA-Z][\w-]*/g))
        expect([path, flags]).toEqual([path, expect.arrayContaining([flag])])
    }
  }
  const paths = ['', ...leaves.map(([path]) => path)]
  expect(Object.keys(EXAMPLES).filter((path) => !paths.includes(path))).toEqual([])
})

/** What stands in docs/cli.md behind each command: the members of what it prints, as one object. */
function documentedMembers(): Map<string, string[]> {
  const section = readDoc('docs/cli.md').split('\n## JSON\n')[1]?.split('\n## ')[0] ?? ''
  const rows = tableRows(section).flatMap(([commands = '', members = '']) =>
    commands
      .split(', ')
      .map((command): [string, string[]] => [
        uncoded(command),
        [...members.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
      ]),
  )
  return new Map(rows)
}

test('docs/cli.md says what each command prints as JSON', () => {
  const commands = leaves.map(([path]) => path).filter((path) => !WITHOUT_JSON.includes(path))
  expect([...documentedMembers().keys()].toSorted()).toEqual(commands.toSorted())
})

test('what is printed is one JSON object with the members that docs/cli.md names, and nothing else', async () => {
  const members = documentedMembers()
  const seen = new Set<string>()
  const json = async (path: string, ...args: string[]) => {
    const { stdout } = await runyard(...path.split(' '), ...args, '--json')
    const value = JSON.parse(stdout) as Record<string, unknown>
    const named = members.get(path) ?? []
    expect([path, Object.keys(value)]).toEqual([path, expect.arrayContaining(named)])
    if (!named.includes('id')) expect([path, named]).toEqual([path, expect.arrayContaining(Object.keys(value))])
    seen.add(path)
    return value
  }
  const job = await json('submit', program, '--artifact', '*.txt')
  const id = String(job['id'])
  await json('get', id, '--wait')
  await json('cancel', id)
  await json('list', '--limit', '2')
  writeFileSync(join(folder, 'jobs.json'), JSON.stringify([{ language: 'bash', code: 'sleep 60' }]))
  const batch = String((await json('batch submit', join(folder, 'jobs.json')))['id'])
  expect(await json('batch cancel', batch)).toMatchObject({ counts: { cancelled: 1 } })
  expect(await json('batch get', batch, '--wait')).toMatchObject({ jobs: [{ status: 'cancelled' }] })
  expect(await json('artifact', id, 'a.txt')).toMatchObject({ content: Buffer.from('42').toString('base64') })
  const events = (await runyard('logs', id, '--json')).stdout.trim().split('\n')
  for (const event of events)
    expect(Object.keys(JSON.parse(event) as object)).toEqual(expect.arrayContaining(members.get('logs') ?? []))
  expect(await json('batch run', program)).toMatchObject({ jobs: [{ status: 'succeeded' }] })
  mkdirSync(join(folder, 'greeting'))
  writeFileSync(join(folder, 'greeting/1.in'), '')
  writeFileSync(join(folder, 'greeting/1.ans'), 'Hello')
  expect(await json('judge', join(folder, 'greeting'), program)).toMatchObject({ judging: { verdict: 'accepted' } })
  expect(await json('problem check', join(folder, 'greeting'))).toEqual({
    format: 'folder',
    tests: 1,
    submissions: [],
    validators: [],
    leftOut: [],
    notes: [],
  })
  const kept = join(folder, 'kept.tar.gz')
  const problem = await json('problem store', join(folder, 'greeting'))
  expect(problem).toMatchObject({ name: 'greeting', version: 1, tests: 1, points: 1, format: 'folder' })
  const problemId = String(problem['id'])
  expect(await json('problem export', problemId, '-o', kept)).toMatchObject({ id: problemId, output: kept })
  const again = await runyard('problem', 'store', kept, '--id', problemId, '--name', 'Greeting')
  expect([again.stdout, again.stderr]).toEqual([
    `${problemId}\n`,
    expect.stringContaining('stored Greeting, version 2: a plain folder with 1 test, 1 point, 0 example submissions, '),
  ])
  const valid = await runyard('problem', 'store', kept, '--validate')
  expect([valid.stdout, valid.stderr]).toEqual(['', expect.stringContaining('kept is a plain folder with')])
  expect(await json('problem list')).toMatchObject({ problems: [{ id: problemId, name: 'Greeting', version: 2 }] })
  const submission = await post<{ id: string }>(
    `${platform.url}/v1/jobs`,
    { language: 'bash', code: 'echo Hello', problem: problemId },
    { prefer: 'wait=60' },
  )
  expect(await json('problem rejudge', problemId)).toMatchObject({
    version: 2,
    jobs: [{ again: { id: submission.body.id } }],
    left: [],
    counts: { finished: 1 },
  })
  const rejudged = await runyard('problem', 'rejudge', problemId)
  expect(rejudged.stderr).toContain('1 judged again, 0 with another result')
  expect(await json('problem similarity', problemId)).toMatchObject({
    state: 'finished',
    progress: null,
    compared: 1,
    pairs: [],
  })
  expect(await json('problem delete', problemId)).toEqual({ id: problemId })
  await expect(runyard('problem', 'export', problemId)).rejects.toThrow('you have no such problem')
  const { files } = (await json('files put', program)) as { files?: { id: string }[] }
  const [file] = files ?? []
  expect(await json('files list')).toEqual({ files })
  expect(await json('files get', String(file?.id))).toEqual(file)
  expect(await json('files remove', String(file?.id))).toEqual({ removed: [file?.id] })
  for (const name of DATA) index.add(wheel(name, '1.0', [[`${name}.py`, '']]))
  const installed = await json('environments install', 'python/data')
  expect(await json('environments list')).toEqual(installed)
  const [environment] = (installed as { environments: { id: string; packages: object[] }[] }).environments
  expect(environment?.packages.length).toBe(DATA.length)
  const environmentId = String(environment?.id)
  const whose = { usedAt: expect.any(String), tenants: ['local'], firstAsked: { tenant: 'local' } }
  expect(await json('packages list')).toMatchObject({ environments: [{ id: environmentId, ...whose }] })
  const log = expect.stringMatching(/resolving\n.*installing numpy.*ready: \d+ files/s)
  expect(await json('packages show', environmentId)).toMatchObject({ id: environmentId, log })
  expect(await json('packages evict', environmentId)).toEqual({ evicted: [environmentId] })
  expect(await json('packages ban', 'pypi', 'NumPy', '1.0', '--reason', 'test')).toMatchObject({ evicted: 1 })
  expect(await json('packages bans')).toMatchObject({ bans: [{ name: 'NumPy', version: '1.0', reason: 'test' }] })
  expect(await json('packages unban', 'pypi', 'numpy', '1.0')).toMatchObject({ unbanned: true })
  await expect(runyard('packages', 'ban', 'pypi', '../numpy')).rejects.toThrow('no name of a package')
  await expect(runyard('packages', 'show', 'nothing')).rejects.toThrow('there is no environment nothing')
  expect(await json('environments remove', environmentId)).toEqual({ removed: [environmentId] })
  expect(await json('environments list')).toEqual({ environments: [] })
  writeFileSync(join(folder, 'judge0.conf'), 'MAX_CPU_TIME_LIMIT=20\n')
  await json('import', 'judge0', join(folder, 'judge0.conf'))
  await json('login')
  await json('whoami')
  expect(await json('logout')).toMatchObject({ url: platform.url })
  await json('bench', program, '--in-flight', '2', '--seconds', '1')
  await json('setup', '--languages', 'bash')
  await json('languages list')
  await json('languages install', 'bash')
  await json('dashboard')
  const key = await json('keys create', '--name', 'x', '--tenant', 'acme')
  await json('keys list')
  await json('keys revoke', String(key['id']))
  await json('abuse block', 'address:192.0.2.7', '--for', '1h')
  await json('abuse blocks')
  expect(await json('abuse unblock', 'address:192.0.2.7')).toMatchObject({ unblocked: true })
  await json('abuse allow', 'address:192.0.2.7')
  await json('abuse allowed')
  expect(await json('abuse disallow', 'address:192.0.2.7')).toMatchObject({ disallowed: true })
  await json('abuse events')
  await json('webhooks deliveries', '--tenant', 'acme')
  // `run` takes the standard input of its process, the others have tests of their own.
  expect([...members.keys()].filter((path) => !seen.has(path))).toEqual([
    'run',
    'logs',
    'session snapshot',
    'session run',
    'session list',
    'session end',
    'languages remove',
    'doctor',
    'webhooks redeliver',
    'webhooks cancel',
    'webhooks listen',
  ])
})

test('the former names of two commands do what the new ones do, and say so', async () => {
  for (const name of ['events', 'blocks']) {
    const former = await runyard(name, '--json')
    expect(former.stderr).toContain(`"runyard ${name}" is now "runyard abuse ${name}"`)
    const now = await runyard('abuse', name, '--json')
    expect(now).toEqual({ ...former, stderr: '' })
    expect(Object.keys(JSON.parse(now.stdout) as object)).toEqual([name])
  }
})

test('a word that is nearly another is told', () => {
  const words = ['bash', 'c', 'cpp', 'python', 'ruby']
  expect(['pyhton', 'Pyton', 'rub', 'bsah'].map((word) => didYouMean(word, words))).toEqual(
    ['python', 'python', 'ruby', 'bash'].map((word) => `; did you mean ${word}?`),
  )
  expect(['intercal', 'javascript', ''].map((word) => didYouMean(word, ['bash', 'python', 'ruby']))).toEqual([
    '',
    '',
    '',
  ])
})
