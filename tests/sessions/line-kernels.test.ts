import { spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { MIB } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'

/** The kernels that speak lines, behind the bridge as in a session, here without one. */
const languages = join(packageRoot(), 'languages')
const folder = mkdtempSync(join(tmpdir(), 'kernels-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Said {
  event: string
  type?: string
  parent?: string
  content?: Record<string, unknown>
  code?: number
  metadata?: Record<string, unknown>
  omitted?: number
}
interface Ran {
  stdout: string
  stderr: string
  results: unknown[]
  questions: unknown[]
  error: unknown
  reply: Record<string, unknown>
}

/** Of an answer that takes a while to be read. */
const PADDING = Array<number>(30_000).fill(1)

/** @param interrupt how the kernel is interrupted */
function startKernel(argv: string[], interrupt: 'signal' | 'message', env: Record<string, string> = {}) {
  const bridge = spawn('python3', [join(languages, 'kernel-bridge.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const order = (fields: object) => bridge.stdin.write(`${JSON.stringify({ context: 'c', ...fields })}\n`)
  const said = createInterface({ input: bridge.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<Said> => {
    const { value, done } = await said.next()
    if (done === true) throw new Error('the bridge has ended')
    return JSON.parse(String(value)) as Said
  }
  let requests = 0
  const ask = async (
    type: string,
    content: object,
    on: { answer?: string; interruptAt?: string; amidAnswerMs?: number } = {},
  ): Promise<Ran> => {
    const id = `m${++requests}`
    const ran: Ran = { stdout: '', stderr: '', results: [], questions: [], error: null, reply: {} }
    order({ do: 'send', channel: 'shell', type, id, content })
    for (;;) {
      const { event, type: kind, content: what = {}, parent } = await next()
      if (event === 'died') throw new Error('the kernel died')
      if (event !== 'message' || parent !== id) continue
      if (kind === 'stream') ran[what['name'] as 'stdout' | 'stderr'] += String(what['text'])
      if (kind === 'display_data' || kind === 'execute_result') ran.results.push(what['data'])
      if (kind === 'error') ran.error = what
      if (kind?.endsWith('_reply')) ran.reply = what
      if (kind === 'input_request' && on.interruptAt === ran.stdout) order({ do: 'interrupt' })
      else if (kind === 'input_request') {
        ran.questions.push(what)
        const answer = { ...what, value: on.answer, ...(on.amidAnswerMs !== undefined && { padding: PADDING }) }
        order({ do: 'send', channel: 'stdin', type: 'input_reply', id: 'answer', content: answer })
        if (on.amidAnswerMs !== undefined && ran.questions.length === 1)
          setTimeout(() => order({ do: 'interrupt' }), on.amidAnswerMs)
      }
      // Once: Bash tells of it on standard error.
      if (kind === 'stream' && what['name'] === 'stdout' && on.interruptAt === ran.stdout) order({ do: 'interrupt' })
      if (kind === 'status' && what['execution_state'] === 'idle') return ran
    }
  }
  return {
    order,
    next,
    /** The pipes that the bridge has open. */
    pipes: () => {
      const fds = `/proc/${bridge.pid}/fd`
      return readdirSync(fds).filter((fd) => linkOf(join(fds, fd)).startsWith('pipe:')).length
    },
    async ready() {
      order({ do: 'start', argv, env: { ...process.env, ...env }, cwd: folder, interrupt, protocol: 'lines' })
      for (;;) if ((await next()).event === 'ready') return
    },
    ask,
    run: (code: string, on?: Parameters<typeof ask>[2], more: object = {}) =>
      ask('execute_request', { code, silent: false, allow_stdin: true, ...more }, on),
    complete: async (code: string) =>
      (await ask('complete_request', { code, cursor_pos: Array.from(code).length })).reply['matches'],
    isComplete: async (code: string) => (await ask('is_complete_request', { code })).reply['status'],
    close: () =>
      new Promise<void>((resolve) => {
        bridge.once('close', () => resolve())
        bridge.stdin.end()
      }),
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

describe('the bridge', () => {
  // Says, for each request, what its code has as lines, and that it is done.
  const program = `
import json, os
say = os.fdopen(int(os.environ['RUNYARD_MESSAGES_FD']), 'w')
def tell(line): say.write(line + '\\n'); say.flush()
tell('{"channel": "shell", "type": "ready", "content": {}}')
for line in os.fdopen(int(os.environ['RUNYARD_REQUESTS_FD'])):
    request = json.loads(line)
    for one in eval(request['content']['code']): tell(one)
    tell(json.dumps({'channel': 'iopub', 'type': 'status', 'parent': request['id'], 'content': {'execution_state': 'idle'}}))
`
  const kernel = startKernel(['python3', '-c', program], 'signal')
  beforeAll(() => kernel.ready())
  afterAll(() => kernel.close())

  test.each([
    [
      'a number that JSON has not',
      `['{"channel": "a", "type": "b", "content": {"x": NaN}}', '{"channel": "a", "type": "b", "content": {"x": 1e999}}']`,
    ],
    ['what is nested too deeply', `['{"channel": "a", "type": "b", "content": ' + '[' * 100000 + ']' * 100000 + '}']`],
    [
      'fields of other types',
      `['{"channel": 1, "type": "b", "content": {}}', '{"channel": "a", "type": "b", "content": []}']`,
    ],
    ['what is no message', `['', '1', '{}', 'x']`],
  ])('leaves out %s, and the kernel goes on', async (_what, code) => {
    expect(await kernel.run(code)).toMatchObject({ error: null, results: [] })
    expect((await kernel.run(`['{"channel": "a", "type": "b", "content": {}}']`)).reply).toEqual({})
  })

  test.each([
    ['content', `'"content": {"x": "' + 'x' * 9000000 + '"}'`],
    ['metadata', `'"content": {}, "metadata": {"x": "' + 'x' * 9000000 + '"}'`],
    ['numbers', `'"content": {"x": [1' + ',1e15' * 1600000 + ']}'`],
  ])('tells of a message that is too large without its content and metadata: %s', async (_what, fields) => {
    const code = `['{"channel": "iopub", "type": "display_data", ' + ${fields} + '}']`
    kernel.order({ do: 'send', channel: 'shell', type: 'execute_request', id: 'large', content: { code } })
    const said = await kernel.next()
    expect(said).toMatchObject({ type: 'display_data', content: {}, metadata: {}, omitted: expect.any(Number) })
    expect((await kernel.next()).type).toBe('status')
  })

  test.each([
    { what: 'letters', character: 'é', bytes: 2, count: 5_000_000 },
    { what: 'escapes', character: '\\u0001', bytes: 6, count: 1_500_000 },
  ])('passes on the beginning of a text that is too large: $what', async ({ character, bytes, count }) => {
    const text = `'"content": {"name": "stderr", "text": "' + r'${character}' * ${count} + '"}'`
    const code = `['{"channel": "iopub", "type": "stream", ' + ${text} + '}']`
    kernel.order({ do: 'send', channel: 'shell', type: 'execute_request', id: 'long', content: { code } })
    const { type, content, omitted } = await kernel.next()
    expect({ type, name: content?.['name'] }).toEqual({ type: 'stream', name: 'stderr' })
    expect(omitted).toBeGreaterThan(bytes * count)
    const passed = String(content?.['text'])
    expect(passed === (JSON.parse(`"${character}"`) as string).repeat(passed.length)).toBe(true)
    expect(passed.length * bytes).toBeGreaterThan(7 * MIB)
    expect(passed.length * bytes).toBeLessThanOrEqual(8 * MIB)
    expect((await kernel.next()).type).toBe('status')
  })

  test.each([
    ['another form', `"short", "text/html": "' + 'x' * 9000000 + '"`, 'short'],
    ['plain text', `"' + 'x' * 9000000 + '"`, expect.stringMatching(/^x+$/)],
  ])('passes on the plain text of a result that is too large, for its %s', async (_what, plain, passed) => {
    const fields = `'"content": {"data": {"text/plain": ${plain}}}'`
    const code = `['{"channel": "iopub", "type": "execute_result", ' + ${fields} + '}']`
    kernel.order({ do: 'send', channel: 'shell', type: 'execute_request', id: 'plain', content: { code } })
    const { content, omitted } = await kernel.next()
    expect({ content, omitted }).toEqual({ content: { data: { 'text/plain': passed } }, omitted: expect.any(Number) })
    expect(JSON.stringify(content).length).toBeLessThan(1.1 * MIB)
    expect((await kernel.next()).type).toBe('status')
  })

  test('closes what it opened for a kernel that cannot be started', async () => {
    const before = kernel.pipes()
    const start = { do: 'start', cwd: folder, interrupt: 'signal', protocol: 'lines' }
    kernel.order({ ...start, context: 'none', argv: [join(folder, 'none')], env: {} })
    expect((await kernel.next()).event).toBe('failed')
    kernel.order({ ...start, context: 'none', argv: ['true'], env: { x: '\0' } })
    expect((await kernel.next()).event).toBe('failed')
    expect(kernel.pipes()).toBe(before)
  })
})

describe('bash', () => {
  const kernel = startKernel(['python3', join(languages, 'bash/kernel/bash_kernel.py')], 'message')
  beforeAll(() => kernel.ready())
  afterAll(() => kernel.close())

  test('keeps variables, functions, the folder and the exit status', async () => {
    await kernel.run('x=\'a b\'; f() { echo "<$1>"; }; mkdir -p sub; cd sub')
    expect(await kernel.run('f "$x"; basename "$PWD"; false')).toMatchObject({
      stdout: '<a b>\nsub\n',
      error: { ename: 'ExitStatus', evalue: expect.stringContaining('status 1') },
    })
    expect(await kernel.run('echo $?; echo hm >&2')).toMatchObject({ stdout: '1\n', stderr: 'hm\n', error: null })
    expect(await kernel.run('if then')).toMatchObject({
      stderr: expect.stringContaining('syntax error'),
      error: { ename: 'ExitStatus' },
    })
  })

  test('has lines that are interrupted, as a loop or a process, and what it knew stays', async () => {
    for (const code of ['x=kept; echo go; while :; do :; done', 'x=kept; sh -c "echo go; exec sleep 600"']) {
      expect(await kernel.run(code, { interruptAt: 'go\n' })).toMatchObject({ error: { ename: 'Interrupted' } })
      expect((await kernel.run('echo $x')).stdout).toBe('kept\n')
    }
  })

  test('may be interrupted at any moment: what ends by itself meanwhile has ended, and what runs next is whole', async () => {
    await kernel.run('x=kept')
    const wrong: unknown[] = []
    for (let turn = 0; turn < 200; turn++) {
      const running = kernel.run(
        `y=${turn}; for (( i = 0; i < ${(turn % 10) * 40}; i++ )); do :; done; echo "done 'a\nb'"`,
      )
      for (let spins = 0; spins < (turn % 20) * 2000; spins++) Math.sqrt(spins)
      kernel.order({ do: 'interrupt' })
      const { stdout, error } = await running
      // One that was about to tell its end may leave the beginning of that on standard output.
      const ended =
        error === null ? stdout.startsWith("done 'a\nb'\n") : (error as { ename: string }).ename === 'Interrupted'
      const next = await kernel.run('echo "$x"')
      if (!ended || next.stdout !== 'kept\n' || next.stderr !== '' || next.error !== null) {
        wrong.push({ stdout, error, next })
      }
    }
    expect(wrong).toEqual([])
  })

  test("is interrupted where it asks, and an answer that comes too late is nobody's", async () => {
    const asking = kernel.ask(
      'execute_request',
      { code: 'read a; echo "<$a>"', allow_stdin: true },
      { interruptAt: '' },
    )
    expect(await asking).toMatchObject({ error: { ename: 'Interrupted' }, stdout: '' })
    kernel.order({ do: 'send', channel: 'stdin', type: 'input_reply', id: 'late', content: { value: 'late' } })
    expect((await kernel.run('read a; echo "<$a>"', { answer: 'now' })).stdout).toBe('<now>\n')
  })

  test('tells the end of code that has changed what tells it, and of code that catches interrupts', async () => {
    expect((await kernel.run('PROMPT_COMMAND=; unset PROMPT_COMMAND; echo on')).stdout).toBe('on\n')
    expect(
      await kernel.run('unset PROMPT_COMMAND; sh -c "echo go; exec sleep 600"', { interruptAt: 'go\n' }),
    ).toMatchObject({
      error: { ename: 'Interrupted' },
    })
    expect(
      await kernel.run("trap 'echo caught; c=1' INT; echo go; until [[ $c ]]; do sleep 0.01; done; trap - INT", {
        interruptAt: 'go\n',
      }),
    ).toMatchObject({ stdout: expect.stringMatching(/^go\ncaught\n/) })
    expect(await kernel.run('readonly r=1; r=2; echo no')).toMatchObject({ error: { ename: 'ExitStatus' } })
    expect((await kernel.run('echo "${never?}"; echo no')).stdout).toBe('')
    expect((await kernel.run('echo still')).stdout).toBe('still\n')
  })

  test('is interrupted where it tells nothing any more, as a new shell', async () => {
    await kernel.run('readonly PROMPT_COMMAND')
    const running = kernel.run('echo lost')
    kernel.order({ do: 'interrupt' })
    expect(await running).toMatchObject({ error: { ename: 'ShellExited' } })
    expect((await kernel.run('echo again')).stdout).toBe('again\n')
  })

  test('asks for what `read` would read, and for nothing else', async () => {
    expect((await kernel.run('read -p "name? " -r a; echo "<$a>"', { answer: 'ada  l' })).stdout).toBe('<ada  l>\n')
    expect((await kernel.run('seq 2 | while read -r n; do echo "n$n"; done; cat')).stdout).toBe('n1\nn2\n')
    expect(await kernel.run('read a', {}, { allow_stdin: false })).toMatchObject({ error: { ename: 'ExitStatus' } })
  })

  test('understands the prompts that `read` does', async () => {
    const prompts = ["-p $'it\\'s\\nyours? '", '-rsp "a \\"b\\" "', '-s -p "$(printf "x\\1y")"']
    const asked = []
    for (const prompt of prompts) {
      const { stdout, questions } = await kernel.run(`read ${prompt} a; echo "<$a>"`, { answer: 'yes' })
      asked.push(stdout, ...questions)
    }
    expect(asked).toEqual([
      '<yes>\n',
      { prompt: "it's\nyours? ", password: false },
      '<yes>\n',
      { prompt: 'a "b" ', password: true },
      '<yes>\n',
      { prompt: 'x\x01y', password: true },
    ])
  })

  test('outlives what programs tell it, and code that is no text', async () => {
    await kernel.run('x=kept')
    expect((await kernel.run("printf 'display\\0read\\0end\\0match\\0\\0' >&198; echo $x")).stdout).toBe('kept\n')
    expect((await kernel.run('echo "\ud800"; echo $x')).stdout).toBe('?\nkept\n')
    expect(await kernel.isComplete('echo \ud800')).toBe('complete')
    expect((await kernel.ask('complete_request', {})).reply).toMatchObject({ status: 'error', ename: 'KeyError' })
    expect((await kernel.run('echo \'{"a": NaN}\' >n.json; display n.json')).results).toEqual([
      { 'text/plain': '{"a": NaN}\n' },
    ])
    expect(await kernel.run('display /dev/zero; echo $x')).toMatchObject({
      stdout: 'kept\n',
      stderr: expect.stringContaining('more than'),
    })
  })

  test('starts a shell anew that ended between executions', async () => {
    await kernel.run('(sleep 0.1; kill -9 $$) &')
    await kernel.run('sleep 0.5')
    expect((await kernel.run('echo again')).stdout).toBe('again\n')
  })

  test('shows files, and starts anew after `exit`', async () => {
    expect((await kernel.run('echo \'{"a": 1}\' >d.json; display d.json')).results).toEqual([
      { 'application/json': { a: 1 } },
    ])
    expect(await kernel.run('exit 4')).toMatchObject({
      error: { ename: 'ShellExited', evalue: expect.stringContaining('code 4') },
    })
    expect((await kernel.run('echo "<$x>"')).stdout).toBe('<>\n')
  })

  test('completes, and knows what is not whole', async () => {
    await kernel.run('some_name=1')
    expect(await kernel.complete('echo $some_n')).toEqual(['$some_name'])
    expect(await kernel.complete('unam')).toContain('uname')
    expect(await kernel.isComplete('for i in 1; do')).toBe('incomplete')
    expect(await kernel.isComplete('echo')).toBe('complete')
  })
})

/** The kernel of JavaScript, of files as its image has them. @param of whose these are */
function startJavascript(of: string[], args: string[] = [], env: Record<string, string> = {}) {
  const home = join(folder, of.at(-1) ?? '')
  // The image has the package; Node has the same parser for itself.
  mkdirSync(join(home, 'acorn/dist'), { recursive: true })
  writeFileSync(join(home, 'acorn/dist/acorn.js'), "module.exports = require('internal/deps/acorn/acorn/dist/acorn')")
  for (const language of of) copyKernel(language, home)
  return startKernel(['node', '--expose-internals', join(home, 'kernel.cjs'), ...args], 'message', {
    NODE_OPTIONS: `--require=${join(languages, 'javascript/streams.cjs')}`,
    ...env,
  })
}

function copyKernel(language: string, home: string): void {
  const from = join(languages, language, 'kernel')
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(home, name))
}

describe('javascript', () => {
  const kernel = startJavascript(['javascript'])
  beforeAll(() => kernel.ready())
  afterAll(() => kernel.close())
  const text = async (code: string) => (await kernel.run(code)).results

  test('tells an error that is too large to be passed on by its beginning', async () => {
    for (const code of ['throw new Error("x".repeat(9 << 20))', 'throw "y".repeat(9 << 20)']) {
      const { error, reply } = await kernel.run(code)
      expect(reply).toMatchObject({ status: 'error' })
      expect(JSON.stringify(error).length).toBeLessThan(4 << 20)
      expect((error as { evalue: string }).evalue).toMatch(/^'?[xy]{1000}/)
    }
    expect((await kernel.run('1 + 1')).error).toBeNull()
  })

  test('keeps what is declared, which may be declared again, and awaits', async () => {
    await kernel.run('const x = 1; class A {}; function f() { return 2 }')
    expect(await text('const x = 40; x + f()')).toEqual([{ 'text/plain': '42' }])
    expect(await text('await new Promise((r) => setTimeout(r, 1, {a: [1]}))')).toEqual([
      { 'text/plain': '{ a: [ 1 ] }' },
    ])
    expect(await text('undefined')).toEqual([])
  })

  test('imports modules, also as files have them', async () => {
    await kernel.run('import { sep as s } from "node:path"; import fs, * as all from "fs"; export const e = 1')
    expect(await text('[s, typeof fs.stat, typeof all.stat, e, typeof require("os").cpus]')).toEqual([
      { 'text/plain': "[ '/', 'function', 'function', 1, 'function' ]" },
    ])
    expect(await text('(await import("node:os")).EOL')).toEqual([{ 'text/plain': "'\\n'" }])
  })

  test('tells of errors by name, value and traceback, without its own frames', async () => {
    const { error, reply } = await kernel.run('function g() { throw new TypeError("bad") }\ng()')
    expect(error).toMatchObject({
      ename: 'TypeError',
      evalue: 'bad',
      traceback: expect.arrayContaining(['TypeError: bad']),
    })
    expect(JSON.stringify(error)).not.toMatch(/kernel|inspector/)
    expect(reply['status']).toBe('error')
    expect(await kernel.run('const = 3')).toMatchObject({ error: { ename: 'SyntaxError' } })
    expect(await kernel.run('throw "text"')).toMatchObject({ error: { evalue: "'text'" } })
    expect(
      await kernel.run('setTimeout(() => { throw new Error("later") }); await new Promise((r) => setTimeout(r, 20))'),
    ).toMatchObject({ error: null, stderr: expect.stringContaining('Error: later') })
  })

  test('is interrupted in a loop, while it waits, in a loop after it waited, and in a process', async () => {
    await kernel.run('let kept = 1')
    for (const code of [
      'console.log("go"); while (true);',
      'console.log("go"); await new Promise(() => {})',
      'console.log("go"); await 1; while (true);',
      // A process that was not there yet would not be interrupted.
      'require("child_process").execSync("echo go; exec sleep 600", { stdio: "inherit" })',
    ]) {
      expect(await kernel.run(code, { interruptAt: 'go\n' })).toMatchObject({ error: { ename: 'Interrupted' } })
      expect(await text('kept')).toEqual([{ 'text/plain': '1' }])
    }
  })

  test('may be interrupted at any moment: what ends by itself meanwhile has ended, and what runs next is whole', async () => {
    await kernel.run('let still = "kept"')
    const codes = [
      'let n = 0; while (n < 3e5) n++; console.log("done")',
      'await 1; let m = 0; while (m < 3e6) m++; console.log("done")',
      'console.log("done"); await new Promise((r) => setTimeout(r, 20))',
      'require("child_process").execSync("sleep 0.05"); console.log("done")',
      '({ get x() { let n = 0; while (n < 1e6) n++; return 1 } }).x; console.log("done")',
      'await new Promise(() => {})',
      'while (true);',
      'while (true) console.log("x".repeat(100))',
    ]
    const wrong: unknown[] = []
    for (let turn = 0; turn < 160; turn++) {
      const running = kernel.run(codes[turn % codes.length] ?? '')
      await new Promise((resolve) => setTimeout(resolve, turn % 13 === 0 ? 60 : turn % 13))
      kernel.order({ do: 'interrupt' })
      const { stdout, error } = await running
      const ended = error === null ? stdout === 'done\n' : (error as { ename: string }).ename === 'Interrupted'
      const next = await kernel.run('console.log("on"); still')
      if (!ended || next.error !== null || next.stdout !== 'on\n' || next.results.length !== 1) {
        wrong.push({ turn, stdout, error, next })
      }
    }
    expect(wrong).toEqual([])
  })

  test('shows what has other forms, and asks', async () => {
    expect(
      await text(
        'display.html("<b>"); display.json([1]); ({ [Symbol.for("Jupyter.display")]: () => ({"text/markdown": "*a*"}) })',
      ),
    ).toEqual([{ 'text/html': '<b>' }, { 'application/json': [1], 'text/plain': '[ 1 ]' }, { 'text/markdown': '*a*' }])
    expect((await kernel.run('prompt("who? ")', { answer: 'ada' })).results).toEqual([{ 'text/plain': "'ada'" }])
    expect(await kernel.run('prompt()', {}, { allow_stdin: false })).toMatchObject({ error: { ename: 'Error' } })
    expect((await kernel.run('process.stdout.write("x".repeat(300000)); 0')).stdout.length).toBe(300_000)
  })

  test('completes, inspects, and knows what is not whole', async () => {
    await kernel.run('const someName = { inner: 1 }')
    expect(await kernel.complete('someN')).toEqual(['someName'])
    expect(await kernel.complete('1 + someName.in')).toEqual(['inner'])
    const { reply } = await kernel.ask('inspect_request', { code: 'someName', cursor_pos: 3, detail_level: 0 })
    expect(reply).toMatchObject({ found: true, data: { 'text/plain': '{ inner: 1 }' } })
    expect(await kernel.isComplete('function f() {')).toBe('incomplete')
    expect(await kernel.isComplete('1 +)')).toBe('invalid')
  })
})

// Where the interpreters are; elsewhere `npm run test:sessions` has them in their images.
const succeeds = (program: string, args: string[], env = process.env): boolean =>
  spawnSync(program, args, { env }).status === 0
const describeIf = (isThere: boolean) => (isThere ? describe : describe.skip)

// Where Debian has packages of Node.
const modules = { NODE_PATH: [process.env['NODE_PATH'] ?? '', '/usr/share/nodejs'].join(':') }
const hasCoffee = succeeds('node', ['-e', "require('coffeescript')"], { ...process.env, ...modules })

describeIf(hasCoffee)('coffeescript, where it is installed', () => {
  let kernel: ReturnType<typeof startKernel>
  beforeAll(() => {
    kernel = startJavascript(['javascript', 'coffeescript'], ['--coffeescript'], modules)
    return kernel.ready()
  })
  afterAll(() => kernel.close())
  const text = async (code: string) => (await kernel.run(code)).results

  test('keeps what cells assigned, to which functions assign too, and shows values of statements', async () => {
    await kernel.run('x = 40\nbump = -> x += 1')
    expect(await text('bump(); x + 1')).toEqual([{ 'text/plain': '42' }])
    expect(await text('i * x for i in [1..2]')).toEqual([{ 'text/plain': '[ 41, 82 ]' }])
    expect((await kernel.run('prompt "who? "', { answer: 'ada' })).results).toEqual([{ 'text/plain': "'ada'" }])
  })

  test('tells of errors, and is interrupted', async () => {
    expect(await kernel.run('x = = 1')).toMatchObject({ error: { ename: 'SyntaxError' } })
    expect(await kernel.run('throw new RangeError "bad"')).toMatchObject({ error: { evalue: 'bad' } })
    const loop = await kernel.run('console.log "go"; loop 1', { interruptAt: 'go\n' })
    expect(loop).toMatchObject({ error: { ename: 'Interrupted' } })
    expect(await text('x')).toEqual([{ 'text/plain': '41' }])
  })

  test('completes, and knows what is not whole', async () => {
    expect(await kernel.complete('bum')).toEqual(['bump'])
    expect(await kernel.isComplete('f = ->')).toBe('incomplete')
    expect(await kernel.isComplete('f = (')).toBe('incomplete')
    expect(await kernel.isComplete('x = 1')).toBe('complete')
  })
})

const hasLua = succeeds('lua5.4', ['-v']) && existsSync('/usr/include/lua5.4/lua.h')

describeIf(hasLua)('lua, where it is installed with its headers', () => {
  let kernel: ReturnType<typeof startKernel>
  beforeAll(() => {
    const home = join(folder, 'runyard-kernel')
    mkdirSync(home)
    copyKernel('lua', home)
    const built = ['-o', join(home, 'runyard_process.so'), join(home, 'process.c')]
    const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-I/usr/include/lua5.4']
    expect(spawnSync('gcc', [...flags, ...built], { encoding: 'utf8' }).stderr).toBe('')
    const paths = { LUA_PATH_5_4: join(home, '?.lua;;'), LUA_CPATH_5_4: join(home, '?.so;;') }
    kernel = startKernel(['lua5.4', join(home, 'kernel.lua')], 'signal', paths)
    return kernel.ready()
  })
  afterAll(() => kernel.close())
  const text = async (code: string) => (await kernel.run(code)).results

  test('keeps what cells assigned, and tells of errors without its own frames', async () => {
    await kernel.run('x = 40; function f() error("bad") end')
    expect(await text('x + 2')).toEqual([{ 'text/plain': '42' }])
    const { error } = await kernel.run('f()')
    expect(error).toMatchObject({ ename: 'error', evalue: expect.stringMatching(/bad$/) })
    expect(JSON.stringify(error)).not.toContain('kernel')
    expect(await kernel.run('x = = 1')).toMatchObject({ error: { ename: 'syntax error' } })
    expect((await kernel.run('display.html("<b>")')).results).toEqual([{ 'text/html': '<b>' }])
  })

  test.each([
    'print("go"); while true do end',
    'print("go"); while true do pcall(function() while true do end end) end',
    'print("go"); coroutine.wrap(function() while true do end end)()',
    'os.execute("echo go; exec sleep 600")',
  ])('is interrupted, and keeps what it knew: %s', async (code) => {
    await kernel.run('kept = 1')
    expect(await kernel.run(code, { interruptAt: 'go\n' })).toMatchObject({ error: { ename: 'Interrupted' } })
    expect(await text('kept')).toEqual([{ 'text/plain': '1' }])
  })

  test('is interrupted where it asks, and amid the answer, also where code catches errors', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const asking = kernel.ask(
        'execute_request',
        { code: 'while true do pcall(io.read) end', allow_stdin: true },
        turn === 0 ? { interruptAt: '' } : { answer: 'ada', amidAnswerMs: turn * 5 },
      )
      expect(await asking).toMatchObject({ error: { ename: 'Interrupted' } })
    }
    expect((await kernel.run('io.read()', { answer: 'ada' })).results).toEqual([{ 'text/plain': '"ada"' }])
  })

  test('completes, and knows what is not whole', async () => {
    expect(await kernel.complete('string.rever')).toEqual(['reverse'])
    expect(await kernel.isComplete('for i = 1, 2 do')).toBe('incomplete')
  })
})

describeIf(succeeds('swipl', ['--version']))('prolog, where SWI-Prolog is installed', () => {
  const program = join(languages, 'prolog/kernel/kernel.pl')
  let kernel: ReturnType<typeof startKernel>
  const shown = (text: unknown) => ({ error: null, results: [{ 'text/plain': text }] })
  // Here, where it is not started when these are left out.
  beforeAll(() => {
    kernel = startKernel(['swipl', '-q', '-f', 'none', '--stack-limit=256m', program], 'signal')
    return kernel.ready()
  })
  afterAll(() => kernel.close())

  test('keeps what cells before a silent execution defined', async () => {
    await kernel.run('parent(tom, bob).\n:- dynamic seen/1.\n?- assertz(seen(1)).')
    expect(await kernel.run('true.', {}, { silent: true })).toMatchObject({ error: null, results: [] })
    expect(await kernel.run('?- parent(X, Y), seen(Z).')).toMatchObject(shown('X = tom,\nY = bob,\nZ = 1'))
  })

  test('is interrupted where code catches everything, and heeds errors and interrupts after it', async () => {
    const loop = 'writeln(go), repeat, catch(sleep(1), _, true), fail.'
    for (let turn = 0; turn < 2; turn++) {
      expect(await kernel.run(loop, { interruptAt: 'go\n' })).toMatchObject({ error: { ename: 'Interrupted' } })
      expect(await kernel.run('X is foo + 1.')).toMatchObject({ error: { ename: 'type_error' } })
    }
  })

  test('outlives halves of characters, and results and errors that are too large', async () => {
    expect(await kernel.run("X = 'a\ud800b'.")).toMatchObject(shown("X = 'a\ufffdb'"))
    const large = 'format(string(S), "~*c", [18000000, 120])'
    expect(await kernel.run(`${large}.`)).toMatchObject(shown(expect.stringMatching(/^S = "x+$/)))
    expect(await kernel.run(`${large}, throw(S).`)).toMatchObject({ error: { ename: 'exception' } })
    expect(await kernel.run('X = 1.')).toMatchObject(shown('X = 1'))
  })

  test('is interrupted amid an answer, and amid what it shows', async () => {
    const codes = ['repeat, read(_), fail.', "repeat, display_data('text/plain', x), fail."]
    for (let turn = 0; turn < 10; turn++) {
      const code = codes[turn % 2] ?? ''
      const amid = turn % 2 === 0 ? { answer: 'ada.', amidAnswerMs: turn * 5 } : { interruptAt: 'go\n' }
      const ran = await kernel.run(`writeln(go), ${code}`, amid)
      expect(ran).toMatchObject({ error: { ename: 'Interrupted' } })
    }
  })

  test("leaves nothing of an answer for the next cell, and programs nothing of the kernel's", async () => {
    expect(await kernel.run('read(X).', { answer: 'a. b.' })).toMatchObject(shown('X = a'))
    expect(await kernel.run('read(X).', { answer: 'c.' })).toMatchObject(shown('X = c'))
    expect((await kernel.run('shell(\'find /proc/self/fd -lname "pipe:*" | wc -l\').')).stdout).toBe('2\n')
  })

  // The last: nothing gives the cells the kernel's own back.
  test('outlives a cell that defines catch/3 anew', async () => {
    await kernel.run('catch(_, _, _) :- fail.')
    expect(await kernel.run('X = 1.')).toMatchObject(shown('X = 1'))
    expect(await kernel.run('X is foo + 1.')).toMatchObject({ error: { ename: 'type_error' } })
  })
})
