import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { createBench, python, stage, STAGE } from './init-harness.ts'

const bench = createBench('test-init-terminal', { isSanitized: true })
afterAll(() => bench.close())

const terminal = { columns: 90, rows: 30 }
const live = { taken: () => undefined }

/** One job at a terminal: `answers` are given in turn, each once its text has come. */
async function talk(program: string[], answers: [text: string, act: (sandbox: Sandbox) => void][], changes = {}) {
  const sandbox = await bench.shared()
  sandbox.begin(8 << 20)
  let said = ''
  let seen = 0
  const streams = new Set<string>()
  const start = { ...STAGE, stdin: true, terminal, args: program, ...changes }
  const report = await sandbox.run(
    start,
    new Uint8Array(),
    (stream, bytes) => {
      streams.add(stream)
      said += bytes.toString('latin1')
      for (let next = answers[0]; next && said.indexOf(next[0], seen) >= 0; next = answers[0]) {
        seen = said.indexOf(next[0], seen) + next[0].length
        answers.shift()
        next[1](sandbox)
      }
    },
    live,
  )
  await sandbox.end()
  return { ...report, said, streams: [...streams], left: answers.length }
}

const type = (text: string) => (sandbox: Sandbox) => sandbox.input(Buffer.from(text))
const bash = (script: string) => ['bash', '-c', script]

test('a prompt comes before its answer, lines end with CR LF, and both streams are one', async () => {
  const ran = await talk(bash('read -p "Name? " n; echo "Hi $n"; echo oops >&2'), [['Name? ', type('Bob\n')]])
  expect(ran).toMatchObject({ exitCode: 0, said: 'Name? Bob\r\nHi Bob\r\noops\r\n', streams: ['stdout'], left: 0 })
})

test('it has the size that was asked for, and tells of another', async () => {
  const program = `trap 'stty size; exit' WINCH; stty size; tty; while :; do sleep 0.05; done`
  const ran = await talk(bash(program), [['/dev/pts/', (sandbox) => sandbox.resize({ columns: 132, rows: 43 })]])
  expect(ran.said).toMatch(/^30 90\r\n\/dev\/pts\/\d+\r\n43 132\r\n$/)
})

test('the end of the input is Ctrl-D, also in the middle of a line', async () => {
  const end = (text: string) => (sandbox: Sandbox) => {
    sandbox.input(Buffer.from(text))
    sandbox.endInput()
  }
  const cat = python('import sys\nprint("go", flush=True)\nprint(repr(sys.stdin.read()))')
  for (const [typed, expected] of [
    ['', "''"],
    ['a\n', "'a\\n'"],
    ['a\nb', "'a\\nb'"],
  ] as const) {
    const ran = await talk(cat, [['go', end(typed)]])
    expect(ran).toMatchObject({ exitCode: 0, said: expect.stringContaining(expected) })
  }
})

test('Ctrl-C and signals reach who runs in the foreground, and nobody else', async () => {
  const program = `trap 'echo shell' INT; set -m
bash -c 'trap "echo child; exit 7" INT; echo up; while :; do sleep 0.05; done'; echo "ended $?"`
  const signal = (sandbox: Sandbox) => sandbox.signal(2)
  for (const act of [type('\u0003'), signal]) {
    const ran = await talk(bash(program), [['up', act]])
    expect(ran.said.replace('^C', '')).toBe('up\r\nchild\r\nended 7\r\n')
  }
})

test('job control works, and a program in the background that reads is stopped', async () => {
  const ran = await talk(['bash', '--norc', '-i'], [['$ ', type('cat & wait; jobs; exit 3\n')]], {
    env: { PATH: '/usr/bin:/bin', PS1: '$ ', TERM: 'xterm-256color' },
  })
  expect(ran).toMatchObject({ exitCode: 3 })
  expect(ran.said).toContain('Stopped')
})

test('all output is there when the program ends, however much it is', async () => {
  const ran = await talk(bash('seq 1 60000'), [], { outputBytes: 1 << 20 })
  expect(ran).toMatchObject({ exitCode: 0, truncated: false })
  expect(ran.said).toBe(Array.from({ length: 60_000 }, (_, i) => `${i + 1}\r\n`).join(''))
})

test('what ignores its hangup is killed with the others', async () => {
  const ran = await talk(bash(`trap '' HUP TERM; (while :; do sleep 1; done) & echo up; exit 4`), [])
  expect(ran).toMatchObject({ reason: 'exit', exitCode: 4, said: 'up\r\n' })
})

test('limits hold as without', async () => {
  expect(await talk(bash('while :; do echo y; done'), [], { outputBytes: 5000 })).toMatchObject({
    reason: 'output',
    stdoutBytes: 5000,
  })
  expect(await talk(bash('read x'), [], { wallMs: 300, graceMs: 100 })).toMatchObject({ reason: 'wall' })
})

test('a hundred jobs leave no terminal behind', async () => {
  for (let i = 0; i < 100; i++) expect(await talk(['true'], [])).toMatchObject({ exitCode: 0 })
  const sandbox = await bench.shared()
  sandbox.begin(8 << 20)
  expect((await stage(sandbox, 'ls /dev/pts; [ -t 0 ] || echo pipes')).stdout).toBe('ptmx\npipes\n')
  await sandbox.end()
})
