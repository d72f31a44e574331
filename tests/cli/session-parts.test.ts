import { PassThrough, Writable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { type Result, RunyardError, type Session, type SessionHandle } from '../../src/client/client.ts'
import { ctrlC } from '../../src/cli/sessions/ctrl-c.ts'
import { isComplete } from '../../src/cli/sessions/is-complete.ts'
import { repl, whyEnded } from '../../src/cli/sessions/repl.ts'
import { createResultShower } from '../../src/cli/sessions/show-result.ts'
import { imageProtocol, imageSequence } from '../../src/cli/sessions/terminal-images.ts'
import { explain } from '../../src/cli/service/explain.ts'
import { execution } from '../../src/api/sessions/examples.ts'

test.each([
  ['x = 1', true],
  ['f(1,', false],
  ['f(1,\n2)', true],
  ['for i in x:', false],
  ['for i in x:\n  print(i)', false],
  ['for i in x:\n  print(i)\n', true],
  ['x = {"a": 1}', true],
  ['s = "("', true],
  ["s = 'it\\'s ('", true],
  ['"""several', false],
  ['"""several\nlines"""', true],
  ['x = 1 # (', true],
  ['a = \\', false],
])('`%j` is complete: %s', (code, complete) => expect(isComplete(code, 'python')).toBe(complete))

test.each([
  ['for i in 1 2', false],
  ['for i in 1 2; do', false],
  ['for i in 1 2\ndo echo $i', false],
  ['for i in 1 2\ndo echo $i\ndone', true],
  ['if true; then echo done', false],
  ['if true; then echo done; fi', true],
  ['while read line; do\nif [ -n "$line" ]; then echo; fi', false],
  ['case $x in\na) echo 1 ;;', false],
  ['case $x in\na) echo 1 ;;\nesac', true],
  ['f() {', false],
  ['f() {\n  echo 1\n}', true],
  ['(cd /tmp', false],
  ['x=$(date)', true],
  ['echo for if {', true],
  ['echo ${x#*/} $# # if', true],
  ["echo 'it is", false],
  ["echo 'it is\n", false],
  ["echo 'it is\n\n", false],
  ["echo $'it is\n", false],
  ["echo 'it is\n\nit'", true],
  ['echo "a \\" b"', true],
  ['cat <<EOF\nif', false],
  ['cat <<EOF\nif\nEOF', true],
  ['grep a <<< text', true],
  ['a \\', false],
  ['a \\\\', true],
  ['true && \\\nif x; then', false],
  ['true && \\\nif x; then y; fi', true],
  ['echo 1 | \\\n', true],
  ['echo 1 \\\nif', true],
  ['if x; then \\\nwhile y; do \\\nz; done', false],
  ['echo 1 | while', false],
  ['if one thinks so\n', true],
  ['echo $((1<<4))', true],
  ['x=$(( (1 + 1) << 3 ))', true],
  ['echo "$((1 << 3))"', true],
  ['(( x <<= y ))', true],
  ['for ((i = 0; i < 1 << 3; i++)); do', false],
  ['for ((i = 0; i < 1 << 3; i++)); do echo $i; done', true],
  ['echo $((1 << 4', false],
  ["echo $'it\\'s'", true],
  ["echo $'it\\'s", false],
  [`echo "$(echo "it's")"`, true],
  [`echo "$(if true; then`, false],
  ['echo $(date) if', true],
  ['echo "(" ")"', true],
  ['(echo ")"', false],
  ['echo "a\n', false],
  ['echo "a $(date\n', false],
  ['echo "a\n\nb"', true],
  ['a |\n', true],
  ['cat <<EOF-1', false],
  ['cat <<EOF-1\nEOF-1', true],
  ['cat <<EOF\n', false],
  ['cat <<\\EOF\nif', false],
  ['cat <<\\EOF\nif\nEOF', true],
  ['cat <<"E-F"\nif', false],
  ['cat <<"E-F"\nif\nE-F', true],
  ['cat <<-EOF\n\tif\n\tEOF', true],
  ['diff <(cat <<A) <(cat <<B)\na\nA', false],
  ['diff <(cat <<A) <(cat <<B)\na\nA\nb\nB', true],
  ['x=$(cat <<EOF\nif\nEOF', false],
  ['x=$(cat <<EOF\nif\nEOF\n)', true],
  ['function f {', false],
  ['function f {\n  echo 1\n}', true],
  ['echo function f {', true],
  ['time for i in 1; do', false],
  ['time -p for i in 1; do echo; done', true],
  ['echo 1 |', false],
  ['echo 1 | # to', false],
  ['echo 1 &&', false],
  ['echo 1 ||\necho 2', true],
  ['sleep 1 &', true],
  ['toString', true],
  ['constructor | hasOwnProperty', true],
  ['for x in a; do echo "${x:-b}" >&2; done 2>&1 | cat', true],
  ['[[ $x =~ ^(a|b)$ ]] && { echo 1; }', true],
  ['a=(1 2 3); echo "${#a[@]} # {"', true],
  ['echo ${x%"}"}', true],
  ["echo ${x%'}'} ${y/\\}/a}", true],
  ["echo ${x:-it's}", false],
])('in Bash `%j` is complete: %s', (code, complete) => expect(isComplete(code, 'bash')).toBe(complete))

test.each([
  [{ isTTY: true }, { TERM: 'xterm-kitty' }, 'kitty'],
  [{ isTTY: true }, { TERM_PROGRAM: 'ghostty' }, 'kitty'],
  [{ isTTY: true }, { TERM_PROGRAM: 'iTerm.app' }, 'iterm2'],
  [{ isTTY: true }, { TERM_PROGRAM: 'WezTerm', TMUX: '/tmp/x' }, undefined],
  [{ isTTY: false }, { TERM: 'xterm-kitty' }, undefined],
  [{ isTTY: true }, { TERM: 'xterm-256color' }, undefined],
])('a terminal %j with %j shows images by %s', (stream, env, protocol) =>
  expect(imageProtocol(stream, env)).toBe(protocol),
)

test('an image goes to the terminal whole, in pieces where the terminal wants them', () => {
  const png = Uint8Array.from({ length: 7000 }, (_, index) => index % 256)
  const pieces = [...imageSequence('kitty', png).matchAll(/\x1b_G([^;]*);([^\x1b]*)\x1b\\/g)] // oxlint-disable-line no-control-regex
  expect(pieces.map(([, control]) => control)).toEqual(['a=T,f=100,m=1', 'm=1', 'm=0'])
  expect(Buffer.from(pieces.map(([, , data]) => data).join(''), 'base64')).toEqual(Buffer.from(png))
  const [, size, data] =
    /^\x1b\]1337;File=inline=1;size=(\d+):([^\x07]*)\x07\n$/.exec(imageSequence('iterm2', png)) ?? [] // oxlint-disable-line no-control-regex
  expect([size, Buffer.from(data ?? '', 'base64').length]).toEqual(['7000', 7000])
})

const shown = (images: 'kitty' | undefined, data: Result['data']) => {
  const text: string[] = []
  const write = (piece: string) => text.push(piece)
  const streams = { stdout: { write }, stderr: { write }, note: write } as unknown as Parameters<
    typeof createResultShower
  >[0]['streams']
  const shower = createResultShower({ streams, images, colours: false })
  shower.result({ data, metadata: {}, isMainResult: true })
  shower.error({ name: 'E', value: 'v', traceback: ['\x1b[31mred\x1b[0m'] })
  return text
}

test('a result is shown as text, an image in the terminal, and colours only where they are shown', () => {
  expect(shown(undefined, { 'text/plain': '42', 'text/html': '<b>42</b>' })).toEqual(['42\n', 'red\n'])
  expect(shown('kitty', { 'text/plain': '<Figure>', 'image/png': 'aGk=' })[0]).toBe('\x1b_Ga=T,f=100,m=0;aGk=\x1b\\\n')
  expect(shown(undefined, { 'application/json': { a: 1 } })[0]).toBe('{\n  "a": 1\n}\n')
})

test('what the output does not say of an end is said', () => {
  expect(whyEnded(execution)).toBeUndefined()
  expect(whyEnded({ ...execution, truncated: true })).toBe('output beyond the limits was left out')
  expect(whyEnded({ ...execution, status: 'context-lost', message: 'its kernel was killed' })).toBe(
    'its kernel was killed',
  )
  expect(whyEnded({ ...execution, status: 'session-lost', message: null })).toBe('session-lost')
  const error = { name: 'StdinNotImplementedError', value: 'no input', traceback: [] }
  expect(whyEnded({ ...execution, status: 'failed', message: 'set allowInput', error })).toBe(
    'it asked for input, which it gets at a terminal in: runyard session repl',
  )
})

/** A session at a terminal, with a clock. `prompted` resolves once the prompt stands there for so many times. */
function atTerminal(session: object) {
  const clock = { ms: 0 }
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
  let [shown, seen] = ['', () => {}]
  const prompts = () => shown.split('python> ').length - 1
  const screen = new Writable({
    write(chunk: Buffer, _encoding, done) {
      shown += chunk.toString()
      seen()
      done()
    },
  })
  const said: string[] = []
  const write = (text: string) => said.push(text)
  const streams = { stdout: { write }, stderr: { write }, note: (text: string) => said.push(`note: ${text}`) }
  const left = repl({
    session: session as SessionHandle,
    view: { language: 'python', kernel: true } as Session,
    streams: streams as unknown as Parameters<typeof repl>[0]['streams'],
    shower: { error: () => undefined } as unknown as Parameters<typeof repl>[0]['shower'],
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: Object.assign(screen, { isTTY: true, columns: 80 }) as unknown as NodeJS.WriteStream,
    now: () => clock.ms,
  })
  const prompted = (times: number) =>
    new Promise<void>((resolve) => {
      seen = () => {
        if (prompts() >= times) resolve()
      }
      seen()
    })
  /** Presses Ctrl-C so many milliseconds later, behind the turn in which it is told what goes before. */
  const interruptAfter = (ms: number) =>
    void setImmediate(() => {
      clock.ms += ms
      stdin.write('\x03')
    })
  return { stdin, said, left, prompts, prompted, interruptAfter }
}

type Terminal = ReturnType<typeof atTerminal>

/** What was done to a session in which a command named C runs until it gets one of these signals. @param survives is called when it gets another */
function withCommand(deadly: string, start: () => Promise<{ id: string }>, survives: () => void = () => {}) {
  const calls: string[] = []
  let end = () => {}
  const ended = new Promise<void>((resolve) => (end = resolve))
  const commands = {
    start(line: string, { timeoutMs = 0 }) {
      calls.push(`start ${line} ${timeoutMs > 86_400_000 ? 'without a limit' : `for ${timeoutMs} ms`}`)
      return start()
    },
    async *stream() {
      yield { type: 'stdout', data: { command: 'C', data: 'begins\n' } }
      await ended
    },
    async signal(id: string, name: string, { tree = false } = {}) {
      calls.push(`${name} to ${tree ? 'the tree of ' : ''}${id}`)
      // Behind the turn in which it is told that the signal was passed on.
      if (name === deadly) setImmediate(end)
      else survives()
    },
    wait: async () => ({ status: 'signalled', exitCode: null, signal: deadly, message: null }),
  }
  const contexts = { interrupt: async () => void calls.push('interrupt of the kernel') }
  return { calls, session: { commands, contexts } }
}

test('at a terminal a command has no time limit, Ctrl-C interrupts it alone, and Ctrl-D leaves the line', async () => {
  const { calls, session } = withCommand('SIGINT', async () => {
    // Behind the turn in which it is told that the command has started.
    terminal.interruptAfter(0)
    return { id: 'C' }
  })
  const terminal: Terminal = atTerminal(session)
  const { stdin, said, left, prompted } = terminal
  stdin.write('!sleep 600\r')
  await prompted(2)
  stdin.write('\x04')
  await left
  expect(calls).toEqual(['start sleep 600 without a limit', 'SIGINT to C'])
  expect(said).toEqual([
    'begins\n',
    'note: interrupting...',
    'note: interrupted; Ctrl-C again kills it',
    'note: ended by SIGINT',
    '\n',
  ])
})

test('Ctrl-C before a command has an id reaches it once it has one, and one a second later kills it', async () => {
  const { calls, session } = withCommand(
    'SIGKILL',
    () =>
      new Promise((answer) => {
        // Behind the turn in which the keys are read.
        terminal.stdin.once('data', () => setImmediate(() => answer({ id: 'C' })))
        setImmediate(() => terminal.stdin.write('\x03\x03'))
      }),
    () => terminal.interruptAfter(1000),
  )
  const terminal: Terminal = atTerminal(session)
  const { stdin, said, left, prompted } = terminal
  stdin.write('!sleep 600\r')
  await prompted(2)
  stdin.write('\x04')
  await left
  expect(calls.slice(1)).toEqual(['SIGINT to C', 'SIGKILL to the tree of C'])
  expect(said).toContain('note: ended by SIGKILL')
})

test('Ctrl-C kills what it interrupted a second before, no sooner, and what fails can be tried again', async () => {
  const calls: string[] = []
  const said: string[] = []
  let [ms, fails] = [0, true]
  const interrupt = async () => {
    calls.push('interrupt')
    if (fails) throw new Error('no answer')
  }
  const kill = async () => void calls.push('kill')
  const { press, close } = ctrlC(
    { interrupt, kill, killing: 'kills it' },
    (text) => said.push(text),
    () => ms,
  )
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  press()
  press()
  await settled()
  expect(calls).toEqual(['interrupt'])
  expect(said.splice(0)).toEqual(['interrupting...', 'still waiting for the service to answer', 'Error: no answer'])
  fails = false
  ms = 5000
  press()
  await settled()
  ms = 5999
  press()
  expect(calls).toEqual(['interrupt', 'interrupt'])
  ms = 6000
  press()
  close()
  press()
  await settled()
  expect(calls).toEqual(['interrupt', 'interrupt', 'kill'])
  expect(said).toEqual(['interrupting...', 'interrupted; Ctrl-C again kills it'])
})

test('Ctrl-C long after an interrupt interrupts anew: what runs has heeded the one before', async () => {
  const calls: string[] = []
  let ms = 0
  const interrupt = async () => void calls.push(`interrupt at ${ms}`)
  const kill = async () => void calls.push(`kill at ${ms}`)
  const { press } = ctrlC(
    { interrupt, kill, killing: 'kills it' },
    () => undefined,
    () => ms,
  )
  for (ms of [0, 10_001, 20_002, 30_002]) {
    press()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(calls).toEqual(['interrupt at 0', 'interrupt at 10001', 'interrupt at 20002', 'kill at 30002'])
})

test('Ctrl-C kills what two interrupts in a row could not reach', async () => {
  const calls: string[] = []
  const said: string[] = []
  const interrupt = () => Promise.reject(new Error(`no answer ${calls.push('interrupt')}`))
  const kill = async () => void calls.push('kill')
  const { press } = ctrlC(
    { interrupt, kill, killing: 'kills it' },
    (text) => said.push(text),
    () => 0,
  )
  for (const _ of [1, 2, 3]) {
    press()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(calls).toEqual(['interrupt', 'interrupt', 'kill'])
  expect(said.filter((text) => text.startsWith('Error'))).toEqual([
    'Error: no answer 1',
    'Error: no answer 2; Ctrl-C again kills it',
  ])
})

/** What the service is asked to end. */
type Only = { execution: string }
type Asks = {
  onStdout: (text: string) => void
  onError: (error: object) => void
  onStart: (execution: { id: string }) => void
  onInput: (prompt: string, options: object) => Promise<string>
}

test('Ctrl-C right after Enter interrupts that code alone, once it has an id', async () => {
  const calls: string[] = []
  let end: (execution: object) => void = () => {}
  const contexts = {
    async interrupt(_context: undefined, only: Only) {
      calls.push(only.execution)
      end({ ...execution, status: 'interrupted' })
    },
  }
  const runCode = (_code: string, { onStart }: Asks) => {
    terminal.stdin.once('data', () => setImmediate(() => onStart({ id: 'E' })))
    terminal.interruptAfter(0)
    return new Promise((ended) => (end = ended))
  }
  const terminal: Terminal = atTerminal({ contexts, runCode })
  const { stdin, left, prompted } = terminal
  stdin.write('work()\r')
  await prompted(2)
  stdin.write('\x04')
  await left
  expect(calls).toEqual(['E'])
})

/**
 * A session at a terminal whose code `input()` asks, until the test ends it. What is run, answered and interrupted is in `calls`.
 * @param passOn resolves when an interrupt is passed on
 */
function withQuestion(passOn: () => Promise<void> = async () => {}) {
  const calls: string[] = []
  const over = new AbortController()
  let tell: (asks: Asks) => void = () => {}
  const asked = new Promise<Asks>((resolve) => (tell = resolve))
  let end = () => {}
  const contexts = {
    async interrupt(_context: undefined, only: Only) {
      await passOn()
      calls.push(`interrupt of ${only.execution}`)
    },
  }
  const runCode = (code: string, asks: Asks) => {
    calls.push(code)
    if (code !== 'input()') return Promise.resolve(execution)
    asks.onStart({ id: 'E' })
    const answered = asks.onInput('who? ', { password: false, signal: over.signal })
    void answered.then((value) => calls.push(`answer ${value}`))
    tell(asks)
    return new Promise((ended) => (end = () => ended(execution)))
  }
  const terminal = atTerminal({ contexts, runCode })
  /** Types this. Resolves when it has been read. */
  const type = async (keys: string) => {
    const isRead = new Promise((resolve) => terminal.stdin.once('data', () => setImmediate(resolve)))
    terminal.stdin.write(keys)
    await isRead
  }
  /** Ends the code, and leaves at the prompt of that number. */
  const leaveAt = async (prompts: number) => {
    end()
    await terminal.prompted(prompts)
    await type('\x04')
    await terminal.left
  }
  return { ...terminal, calls, over, asked, type, leaveAt }
}

test('a question of which no answer is wanted any more is taken off the terminal while its code runs', async () => {
  const { asked, over, type, calls, leaveAt } = withQuestion()
  await type('input()\r')
  await asked
  await type('ad')
  over.abort()
  await type('next()\r')
  await leaveAt(3)
  expect(calls).toEqual(['input()', 'next()'])
})

test('Ctrl-C at a question of code that goes on takes it off the terminal with what is typed', async () => {
  const { asked, type, calls, leaveAt } = withQuestion()
  await type('input()\r')
  const { onStdout } = await asked
  await type('ad\x03')
  onStdout('it goes on\n')
  await type('next()\r')
  await leaveAt(3)
  expect(calls).toEqual(['input()', 'interrupt of E', 'next()'])
})

test('Ctrl-C at a question of code that does not heed it leaves the question, which can be answered', async () => {
  const { asked, type, calls, leaveAt } = withQuestion()
  await type('input()\r')
  await asked
  await type('a\x03')
  await type('da\r')
  await leaveAt(2)
  expect(calls).toEqual(['input()', 'interrupt of E', 'answer ada'])
})

test('Ctrl-C that cannot be passed on leaves the question', async () => {
  const { asked, type, calls, leaveAt } = withQuestion(() => Promise.reject(new Error('no answer')))
  await type('input()\r')
  const { onStdout } = await asked
  await type('a\x03')
  onStdout('of a thread\n')
  await type('da\r')
  await leaveAt(2)
  expect(calls).toEqual(['input()', 'answer ada'])
})

test('output that comes before Ctrl-C was passed on leaves the question, which can be answered', async () => {
  let pass = () => {}
  const { asked, type, calls, leaveAt } = withQuestion(() => new Promise((resolve) => (pass = resolve)))
  await type('input()\r')
  const { onStdout } = await asked
  await type('a\x03')
  onStdout('of a thread\n')
  pass()
  await type('da\r')
  await leaveAt(2)
  expect(calls).toEqual(['input()', 'interrupt of E', 'answer ada'])
})

test('an error after Ctrl-C takes the question off the terminal, also before that was passed on', async () => {
  let pass = () => {}
  const { asked, type, calls, leaveAt } = withQuestion(() => new Promise((resolve) => (pass = resolve)))
  await type('input()\r')
  const { onError } = await asked
  await type('ad\x03')
  onError({})
  pass()
  await type('next()\r')
  await leaveAt(3)
  expect(calls).toEqual(['input()', 'interrupt of E', 'next()'])
})

test('code that heeds no interrupt is ended by Ctrl-C a second later, which restarts its context', async () => {
  const calls: string[] = []
  let end: (execution: object) => void = () => {}
  const contexts = {
    async interrupt(_context: undefined, only: Only) {
      calls.push(`interrupt of ${only.execution}`)
      terminal.interruptAfter(1000)
    },
    async restart() {
      calls.push('restart')
      end({ ...execution, status: 'cancelled', message: 'its context was restarted' })
    },
  }
  const runCode = (_code: string, { onStart }: Asks) =>
    new Promise((ended) => {
      end = ended
      onStart({ id: 'E' })
      terminal.stdin.write('\x03\x03')
    })
  const terminal: Terminal = atTerminal({ contexts, runCode })
  const { stdin, said, left, prompted } = terminal
  stdin.write('work()\r')
  await prompted(2)
  stdin.write('\x04')
  await left
  expect(calls).toEqual(['interrupt of E', 'restart'])
  expect(said).toEqual([
    'note: interrupting...',
    'note: still waiting for the service to answer',
    'note: interrupted; Ctrl-C again restarts the interpreter, whose state is lost then',
    'note: its context was restarted',
    '\n',
  ])
})

test('.exit leaves, and needs no line of its own', async () => {
  const { stdin, said, left } = atTerminal({})
  stdin.write('.exit\r')
  await left
  expect(said).toEqual([])
})

test('Ctrl-D leaves while code runs, and no prompt follows', async () => {
  const runCode = (_: string, { signal }: { signal: AbortSignal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      terminal.stdin.write('\x04')
    })
  const terminal: Terminal = atTerminal({ runCode, contexts: {} })
  const { stdin, said, left, prompts } = terminal
  stdin.write('work()\r')
  await left
  expect(said).toEqual(['\n'])
  expect(prompts()).toBe(1)
})

test.each([
  [3_600_000, 'for 3600000 ms'],
  [undefined, 'as long as the service lets it'],
])('piped code and commands run with the time that is given: %s', async (timeoutMs, howLong) => {
  const calls: string[] = []
  const say = (what: string, { timeoutMs: ms }: { timeoutMs?: number } = {}) =>
    calls.push(`${what} ${ms === undefined ? 'as long as the service lets it' : `for ${ms} ms`}`)
  const commands = {
    async start(line: string, options?: object) {
      say(line, options)
      return { id: 'C' }
    },
    async *stream() {},
    wait: async () => ({ status: 'succeeded', exitCode: 0, signal: null, message: null }),
  }
  const runCode = async (code: string, options?: object) => {
    say(code, options)
    return execution
  }
  const stdin = new PassThrough()
  const write = () => true
  stdin.end('!sleep 40\nwork()\n')
  await repl({
    session: { commands, runCode } as unknown as SessionHandle,
    view: { language: 'python', kernel: true } as Session,
    streams: { stdout: { write }, stderr: { write }, note: write } as unknown as Parameters<typeof repl>[0]['streams'],
    shower: { error: () => undefined } as unknown as Parameters<typeof repl>[0]['shower'],
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: new PassThrough() as unknown as NodeJS.WriteStream,
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  expect(calls).toEqual([`sleep 40 ${howLong}`, `work() ${howLong}`])
})

const toldOf = (what: string, detail: string) => {
  const at = { url: 'http://127.0.0.1:3000/', key: undefined, sources: { url: '--url', key: undefined } }
  return (explain(new RunyardError({ code: 'not-found', detail }), at, what) as Error).message
}

test.each(['the session does not exist, or it has expired', 'the session has no context "b"', 'a.txt does not exist'])(
  'what a session lacks is named: %s',
  (detail) => expect(toldOf('session S', detail)).toBe(`session S: ${detail}`),
)

test('what is missing of a job is not told by the words of the service', () =>
  expect(toldOf('J', 'the session does not exist')).toContain('J: you have no such job or batch'))
