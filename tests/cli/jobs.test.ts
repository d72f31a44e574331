import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { openSync, closeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient, type Job } from '../../src/client/client.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { makeKey } from '../support/make-key.ts'
import { type TestPlatform, startPlatform } from '../support/platform.ts'
import { eventually } from '../support/eventually.ts'

const main = join(packageRoot(), 'dist/cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'runyard-cli-jobs-'))
const at = (name: string) => join(folder, name)
const PROGRAMS = {
  'hello.py': 'print("Hello, world!")',
  'args.py': 'import sys; print(sys.argv[1:])',
  'both.py': 'import sys; print("out"); print("err", file=sys.stderr); sys.exit(3)',
  'count.py': 'import sys; print(len(sys.stdin.buffer.read()))',
  'lines.py': 'import time\nfor i in range(3): print(i, flush=True); time.sleep(0.3)',
  'sleep.py': 'print("asleep", flush=True)\nimport time; time.sleep(60)',
  'talk.py':
    'import os; print("name?", *os.get_terminal_size(), flush=True)\nprint("Hello,", input(), flush=True)\ninput()',
  'forever.py': 'while True: pass',
  'flood.py': 'while True: print("x" * 100)',
  'kill.py': 'import os; os.kill(os.getpid(), 15)',
  'env.sh': 'echo "$GREETING $(cat data.txt)"',
  'broken.c': 'int main(void) { return x; }',
  'blocked.py': 'import os\nos.system("rm -rf /")\n',
  'file.py': 'open("a.bin", "wb").write(bytes(range(256)))',
  'data.txt': 'from a file',
  noext: 'echo bash',
  'page.html': '<p>',
}

let platform: TestPlatform
let client: ReturnType<typeof createClient>
beforeAll(async () => {
  for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(at(name), text)
  platform = await startPlatform()
  client = createClient({ url: platform.url })
})
afterAll(async () => {
  await platform.close()
  rmSync(folder, { recursive: true })
})

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

function start(args: string[], { env = {}, stdin = 'ignore' as 'ignore' | 'pipe' | number } = {}) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], XDG_CONFIG_HOME: at('config'), RUNYARD_URL: platform.url, ...env },
    stdio: [stdin, 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, stdout, stderr }))
  const until = async (text: string) => {
    await eventually('the text is on standard output', () => stdout.includes(text))
  }
  return { child, ended, until }
}

const runyard = (args: string[], options: Parameters<typeof start>[1] = {}) => start(args, options).ended

/** With this as standard input, through a pipe. */
async function piped(args: string[], input: string | Buffer): Promise<Ended> {
  const { child, ended } = start(args, { stdin: 'pipe' })
  child.stdin?.end(input)
  return ended
}

describe('`run`', () => {
  test('passes on output and exit code', async () => {
    expect(await runyard(['run', 'hello.py'])).toEqual({ code: 0, stdout: 'Hello, world!\n', stderr: '' })
    expect(await runyard(['run', 'both.py'])).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' })
  })

  test('passes on arguments, environment and files', async () => {
    expect((await runyard(['run', 'args.py', '--', '-l', 'two words'])).stdout).toBe("['-l', 'two words']\n")
    const more = ['-e', 'GREETING=hello', '--file', 'data.txt']
    expect((await runyard(['run', 'env.sh', ...more])).stdout).toBe('hello from a file\n')
  })

  test('writes output as it comes', async () => {
    const { child, ended, until } = start(['run', 'sleep.py'])
    await until('asleep')
    child.kill('SIGINT')
    expect((await ended).code).toBe(130)
  })

  test('passes on standard input: a pipe, a file, bytes', async () => {
    expect((await piped(['run', 'count.py'], 'x'.repeat(100_000))).stdout).toBe('100000\n')
    expect((await piped(['run', 'count.py'], Buffer.from([0xff, 0, 0xfe]))).stdout).toBe('3\n')
    for (const content of ['text', Buffer.from([0xff, 0xfe, 0, 1, 2])]) {
      writeFileSync(at('input'), content)
      const file = openSync(at('input'), 'r')
      expect((await runyard(['run', 'count.py'], { stdin: file })).stdout).toBe(`${content.length}\n`)
      closeSync(file)
    }
    expect((await runyard(['run', 'count.py', '--stdin', 'data.txt'])).stdout).toBe('11\n')
  })

  test('does not wait for the end of a pipe that the program does not read', async () => {
    const { child, ended } = start(['run', 'hello.py'], { stdin: 'pipe' })
    expect(await ended).toMatchObject({ code: 0, stdout: 'Hello, world!\n' })
    child.stdin?.destroy()
  })

  test.each([
    { args: ['forever.py', '--limit', 'wallMs=500'], code: 124, words: 'time limit of 500 ms; --limit wallMs=N' },
    { args: ['flood.py', '--limit', 'outputBytes=1000'], code: 123, words: 'output limit of 1000 bytes' },
    { args: ['kill.py'], code: 143, words: 'SIGTERM' },
    { args: ['broken.c'], code: 120, words: 'it does not compile' },
  ])('ends with $code for $args.0', async ({ args, code, words }) => {
    const ended = await runyard(['run', ...args])
    expect(ended.code).toBe(code)
    expect(ended.stderr).toContain(words)
  })

  test('cancels its job at Ctrl-C', async () => {
    const { child, ended, until } = start(['run', 'sleep.py', '-e', 'MARK=1'])
    await until('asleep')
    child.kill('SIGINT')
    expect(await ended).toEqual({ code: 130, stdout: 'asleep\n', stderr: 'runyard: cancelled\n' })
    for await (const { status } of client.list({ pageSize: 1 })) {
      expect(status).toBe('cancelled')
      break
    }
  })

  test('cancels its job when nobody reads its output', async () => {
    const { child, ended } = start(['run', 'flood.py', '--limit', 'outputBytes=8388608'])
    await once(child.stdout!, 'data')
    child.stdout?.destroy()
    expect((await ended).code).toBe(141)
  })

  test('gives its program the terminal that it has: keys, Ctrl-C and size', async () => {
    const command = `'${process.execPath}' '${main}' run -i talk.py`
    const sized = `stty cols 101 rows 37; exec ${command}`
    const child = spawn('script', ['-qec', sized, '/dev/null'], {
      cwd: folder,
      env: { ...process.env, RUNYARD_URL: platform.url },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    let shown = ''
    child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()))
    const until = async (text: string) => {
      await eventually('the text is shown', () => shown.includes(text))
    }
    await until('name? 101 37')
    child.stdin.write('Ada\n')
    await until('Hello, Ada')
    child.stdin.write('\x03')
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(130)
    expect(shown).toContain('KeyboardInterrupt')
  })

  test('gives the whole job as JSON', async () => {
    const { code, stdout } = await runyard(['run', 'both.py', '--json'])
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ status: 'failed', stages: [{ stdout: 'out\n', stderr: 'err\n' }] })
  })
})

test('`submit`, `get`, `logs`, `list` and `cancel` follow a job through its life', async () => {
  const submitted = await runyard(['submit', 'sleep.py'])
  const id = submitted.stdout.trim()
  expect(submitted).toEqual({ code: 0, stdout: `${id}\n`, stderr: '' })
  const follower = start(['logs', id, '-f'])
  await follower.until('asleep')
  expect((await runyard(['get', id])).stdout).toMatch(new RegExp(`^Job +${id}\nState +running\nRuns +python 3`))
  expect((await runyard(['logs', id])).stdout).toBe('asleep\n')
  expect((await runyard(['list', '--state', 'running'])).stdout).toContain(id)
  expect((await runyard(['cancel', id])).stdout).toBe(`${id} cancelled\n`)
  expect(await follower.ended).toEqual({ code: 0, stdout: 'asleep\n', stderr: '' })
  const { stdout } = await runyard(['list', '--status', 'cancelled', '-n', '1', '--json'])
  expect((JSON.parse(stdout) as { jobs: Job[] }).jobs).toMatchObject([{ id, status: 'cancelled' }])
  expect((await runyard(['get', id, '--json'])).stdout).toContain('"asleep\\n"')
  const events = (await runyard(['logs', id, '--json'])).stdout.trim().split('\n')
  expect(events.map((line) => (JSON.parse(line) as { type: string }).type)).toContain('result')
})

test('`artifact` fetches a file byte for byte', async () => {
  const id = (await runyard(['submit', 'file.py', '--artifact', '*.bin'])).stdout.trim()
  expect((await runyard(['get', id, '--wait'])).stdout).toContain('a.bin (256 bytes)')
  expect((await runyard(['artifact', id, 'a.bin', '-o', 'got.bin'])).code).toBe(0)
  expect([...readFileSync(at('got.bin'))]).toEqual(Array.from({ length: 256 }, (_, i) => i))
})

test('`files` uploads, lists, fetches and deletes; `run --file` uploads what is too large for a request', async () => {
  const put = await runyard(['files', 'put', 'data.txt', '--type', 'text/plain', '--ttl', '600'])
  const id = put.stdout.trim()
  expect(put).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f-]{36}\n$/) as unknown })
  expect((await runyard(['files', 'list'])).stdout).toMatch(new RegExp(`^${id} .* 11 +data\\.txt$`, 'm'))
  expect(await runyard(['files', 'get', id])).toEqual({ code: 0, stdout: 'from a file', stderr: '' })
  expect((await runyard(['files', 'get', id, '-o', 'fetched.txt'])).code).toBe(0)
  expect(readFileSync(at('fetched.txt'), 'utf8')).toBe('from a file')
  expect(JSON.parse((await runyard(['files', 'get', id, '--json'])).stdout)).toMatchObject({
    id,
    contentType: 'text/plain',
  })
  expect((await runyard(['files', 'remove', id])).stdout).toBe(`${id} is deleted\n`)
  const gone = await runyard(['files', 'get', id])
  expect(gone).toMatchObject({ code: 64, stderr: expect.stringContaining('you have no such file') as unknown })
  expect(await runyard(['files', 'put', 'absent.txt'])).toMatchObject({ code: 64 })

  writeFileSync(at('large.bin'), Buffer.alloc(3_000_000, 7))
  writeFileSync(at('sizes.py'), 'import os; print(os.stat("large.bin").st_size, open("data.txt").read())')
  const stored = (await runyard(['files', 'put', 'data.txt'])).stdout.trim()
  const ran = await runyard(['run', 'sizes.py', '--file', 'large.bin', '--file', `data.txt=${stored}`])
  expect(ran).toEqual({ code: 0, stdout: '3000000 from a file\n', stderr: '' })
  const refused = await runyard(['run', 'sizes.py', '--file', 'large.bin', '--limit', 'wallMs=999999999'])
  expect(refused).toMatchObject({ code: 64 })
  const left = (await runyard(['files', 'list'])).stdout
  expect(left).toContain('data.txt')
  expect(left).not.toContain('large.bin')
})

test('`get --output` writes streams and files byte for byte, and never over a file', async () => {
  const id = (await runyard(['submit', 'file.py', '--artifact', '*.bin'])).stdout.trim()
  await runyard(['get', id, '--wait'])
  const saved = await runyard(['get', id, '--output', 'artifacts', '--to', 'saved'])
  expect(saved).toEqual({ code: 0, stdout: `${at('saved/a.bin')} (256 bytes)\n`, stderr: '' })
  expect([...readFileSync(at('saved/a.bin'))]).toEqual(Array.from({ length: 256 }, (_, i) => i))
  const again = await runyard(['get', id, '--output', 'artifacts', '--to', 'saved'])
  expect(again).toMatchObject({ code: 74, stderr: expect.stringContaining('it exists already') as unknown })
  const both = (await runyard(['run', 'both.py', '--json'])).stdout
  const other = (JSON.parse(both) as Job).id
  expect(await runyard(['get', other, '-o', 'stdout'])).toEqual({ code: 0, stdout: 'out\n', stderr: '' })
  expect(await runyard(['get', other, '-o', 'stderr'])).toEqual({ code: 0, stdout: 'err\n', stderr: '' })
  expect((await runyard(['get', other, '-o', 'json', '--to', 'job.json'])).stdout).toBe('')
  expect(JSON.parse(readFileSync(at('job.json'), 'utf8'))).toEqual(JSON.parse(both))
  expect(await runyard(['get', other, '--json', '-o', 'stdout'])).toMatchObject({ code: 64 })
  const broken = (JSON.parse((await runyard(['run', 'broken.c', '--json'])).stdout) as Job).id
  expect((await runyard(['get', broken, '-o', 'stderr'])).stdout).toContain('main.c:1:')
})

describe('`batch`', () => {
  test('runs programs, shows how each ended, and ends by that', async () => {
    const mixed = await runyard(['batch', 'hello.py', 'both.py', '--limit', 'wallMs=20s'])
    expect(mixed.stdout).toMatch(/^Batch \S+: 1 succeeded, 1 failed\nPROGRAM +STATUS +EXIT CODE +MS +JOB\n/)
    expect(mixed.stdout).toMatch(/^hello\.py +succeeded +0 +\d+ +[0-9a-f-]{36}$/m)
    expect(mixed.stdout).toMatch(/^both\.py +failed +3 +\d+ +[0-9a-f-]{36}$/m)
    expect(mixed).toMatchObject({ code: 1, stderr: '' })
    writeFileSync(at('jobs.jsonl'), '{"language": "bash", "code": "exit 0"}\n')
    const good = await runyard(['batch', 'run', 'jobs.jsonl', 'hello.py'])
    expect(good.code).toBe(0)
    expect(good.stdout).toContain('line 1 of jobs.jsonl')
  })

  test('cancels all of its jobs at Ctrl-C', async () => {
    const { child, ended } = start(['batch', 'sleep.py', 'forever.py'])
    const running = async () => {
      for await (const { status } of client.list({ pageSize: 1 })) return status === null
      return false
    }
    await eventually('the batch is submitted', running)
    child.kill('SIGINT')
    const { code, stdout } = await ended
    expect([code, stdout]).toEqual([130, expect.stringContaining('2 cancelled')])
  })

  test('takes all or none', async () => {
    const refused = await runyard(['batch', 'hello.py', 'blocked.py'])
    expect(refused).toMatchObject({ code: 77, stdout: '' })
    expect(refused.stderr).toContain('blocked.py:2:12 ')
  })
})

describe('a key', () => {
  let strict: TestPlatform
  let key = ''
  beforeAll(async () => {
    strict = await startPlatform({ AUTH: 'required' })
    key = (await makeKey(strict, 'me')).authorization.replace('Bearer ', '')
    writeFileSync(at('key'), `${key}\n`)
  })
  afterAll(() => strict.close())

  test('comes from a file or the environment; on the command line it is warned of', async () => {
    const env = { RUNYARD_URL: strict.url }
    const good = { code: 0, stdout: 'Hello, world!\n', stderr: '' }
    expect(await runyard(['run', 'hello.py', '--key-file', 'key'], { env })).toEqual(good)
    expect(await runyard(['run', 'hello.py'], { env: { ...env, RUNYARD_KEY: key } })).toEqual(good)
    const shown = await runyard(['run', 'hello.py', '--key', key], { env })
    expect(shown).toMatchObject({ code: 0, stdout: good.stdout })
    expect(shown.stderr).toContain('--key shows the key')
    expect(shown.stderr).not.toContain(key)
  })

  test('in the environment is no wrong setting where the address is not given', async () => {
    const env = { RUNYARD_URL: '', RUNYARD_KEY: key, RUNYARD_DATA_DIR: folder }
    const { stderr } = await runyard(['list'], { env })
    expect(stderr).toContain('no answer from http://127.0.0.1:3000')
  })

  test('that is missing or wrong is told with what to do', async () => {
    const env = { RUNYARD_URL: strict.url }
    const none = await runyard(['run', 'hello.py'], { env })
    expect(none).toMatchObject({ code: 77, stdout: '' })
    expect(none.stderr).toMatch(/needs a key\. Store yours with runyard login, .* RUNYARD_KEY\.\n.*runyard keys create/)
    const wrong = await runyard(['list'], { env: { ...env, RUNYARD_KEY: 'ry_no' } })
    expect(wrong).toMatchObject({ code: 77, stderr: expect.stringContaining('rejected this key') as unknown })
  })
})

describe('what cannot be done is told with what to do', () => {
  test('an address with a path that is none', async () => {
    const { code, stderr } = await runyard(['list', '--url', `${platform.url}/api`])
    expect([code, stderr]).toEqual([
      64,
      `runyard: no Runyard answers at ${platform.url}/api; did you mean ${platform.url}?\n`,
    ])
  })

  test('a wrong setting, no Runyard to look after, output that cannot be written', async () => {
    expect(await runyard(['keys', 'list'], { env: { PORT: 'x' } })).toMatchObject({ code: 78 })
    const nowhere = await runyard(['keys', 'list'], { env: { RUNYARD_DATA_DIR: folder } })
    expect(nowhere).toMatchObject({ code: 69, stdout: '' })
    expect(nowhere.stderr).toContain('start it with npm start')
    const { status, stderr } = spawnSync('sh', ['-c', `'${process.execPath}' '${main}' --help > /dev/full`])
    expect([status, stderr.toString()]).toEqual([74, expect.stringContaining('no space left')])
    const id = (await runyard(['submit', 'file.py', '--artifact', '*.bin'])).stdout.trim()
    await runyard(['get', id, '--wait'])
    const unwritten = await runyard(['artifact', id, 'a.bin', '-o', 'absent/a.bin'])
    expect(unwritten).toMatchObject({ code: 74, stderr: 'runyard: --output absent/a.bin: its folder does not exist\n' })
  })

  test.each([
    { args: ['run', 'hello.py', '--url', 'http://127.0.0.1:1'], code: 69, words: 'npx runyard up' },
    { args: ['run', 'hello.py', '--url', 'localhost:3000'], code: 64, words: 'must be like http://127.0.0.1:3000' },
    { args: ['run', 'absent.py'], code: 64, words: 'absent.py: the file does not exist' },
    { args: ['run', '.'], code: 64, words: 'it is a folder' },
    { args: ['run', 'noext'], code: 64, words: 'bash (.sh)' },
    { args: ['run', 'page.html'], code: 64, words: 'no language has the extension .html' },
    { args: ['run', 'noext', '-l', 'intercal'], code: 64, words: '--language is "intercal"; known languages: ada' },
    {
      args: ['run', 'hello.py', '--limit', 'wallMs=999999999'],
      code: 64,
      words: '--limit wallMs is 999999999; the most',
    },
    { args: ['run', 'hello.py', '--limit', 'time=1'], code: 64, words: 'wallMs' },
    { args: ['run', 'hello.py', '--color'], code: 64, words: '(see runyard run --help)' },
    { args: ['run'], code: 64, words: "missing required argument 'file'" },
    {
      args: ['run', 'hello.py', '--key-file', 'absent'],
      code: 64,
      words: '--key-file absent: the file does not exist',
    },
    {
      args: ['run', 'blocked.py'],
      code: 77,
      words: 'blocked.py was refused by the screening policy of the service:\n  blocked.py:2:12 ',
    },
    { args: ['run', 'hello.py', '-e', '=1'], code: 64, words: 'NAME=value' },
    { args: ['run', 'hello.py', '--artifact', '../x'], code: 64, words: '--artifact must not' },
    { args: ['get', '01890a5d-ac96-774b-bcce-b302099a8057'], code: 64, words: 'you have no such job or batch' },
    { args: ['cancel', 'nonsense'], code: 64, words: 'you have no such job or batch' },
    { args: ['list', '--state', 'done'], code: 64, words: 'queued, running' },
    { args: ['rum', 'hello.py'], code: 64, words: "unknown command 'rum'\n(Did you mean run?)\n(see runyard --help)" },
    { args: ['keys', 'lst'], code: 64, words: '(see runyard keys --help)' },
    { args: ['keys', 'create'], code: 64, words: '(see runyard keys create --help)' },
    { args: ['keys'], code: 64, words: 'Usage: runyard keys' },
    { args: ['run', 'hello.py', '-l', 'pyhton'], code: 64, words: 'did you mean python?' },
    { args: ['languages', 'install', 'pyhton'], code: 64, words: 'did you mean python?' },
    { args: ['artifact', 'x', 'out.png'], code: 64, words: 'you have no such file or job' },
    { args: ['bench', '--in-flight', '0'], code: 64, words: 'like 1,2,4,8' },
    { args: ['bench', '-l', 'intercal'], code: 64, words: 'unknown language "intercal"; installed are ' },
    { args: ['bench', 'broken.c'], code: 1, words: 'nothing was measured: job' },
    { args: ['completion', 'tcsh'], code: 64, words: 'bash, zsh, fish' },
  ])('$args', async ({ args, code, words }) => {
    const ended = await runyard(args)
    expect(ended.stderr).toContain(words)
    expect(ended).toMatchObject({ code, stdout: '' })
    expect(ended.stderr).not.toMatch(/\n {4}at /)
  })
})

describe('completion', () => {
  let script = ''
  beforeAll(() => {
    script = spawnSync(process.execPath, [main, 'completion', 'bash'], { encoding: 'utf8' }).stdout
  })

  /** What bash offers for these words, the last one unfinished. */
  function offered(...words: string[]): string[] {
    const line = words.map((word) => `'${word}'`).join(' ')
    const ask = `COMP_WORDS=(runyard ${line}); COMP_CWORD=${words.length}; _runyard; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', `${script}\n${ask}`], { encoding: 'utf8' })
    expect(stderr).toBe('')
    return stdout.trim().split('\n')
  }

  test('offers commands, options and their values', () => {
    expect(offered('r')).toEqual(['run'])
    expect(offered('keys', '')).toEqual(expect.arrayContaining(['create', 'list', 'revoke']))
    expect(offered('run', '--la')).toEqual(['--language', '--language-version'])
    expect(offered('run', 'x.py', '--language', 'pyt')).toEqual(['python'])
    expect(offered('list', '--status', 'w')).toEqual(['wall-time-limit', 'wrong-answer'])
    expect(offered('languages', 'install', 'ru')).toEqual(['ruby', 'rust'])
    expect(offered('run', 'hel')).toEqual([''])
    expect(offered('log')).toEqual(['logs', 'login', 'logout'])
    expect(offered('get', '--output', 'st')).toEqual(['stdout', 'stderr'])
    expect(offered('batch', '')).toEqual(expect.arrayContaining(['run', 'submit', 'get', 'cancel']))
    expect(offered('ev')).toEqual([''])
  })
})
