import { MIB } from '../../src/shared/limits.ts'
import { encodeFrame, encodeInput, encodeKill, encodeStart } from '../../src/worker/sandbox/frames.ts'
import { FRAME } from '../../src/worker/sandbox/protocol.ts'
import { createBench, python, type Ran, stage, STAGE } from './init-harness.ts'

const bench = createBench('test-init-stages', { isSanitized: true })
const { run } = bench
afterAll(() => bench.close())

describe('a stage', () => {
  test('reports how its program ended', async () => {
    expect(await run('echo out; echo err >&2; exit 7')).toMatchObject({
      reason: 'exit',
      exitCode: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
      stdoutBytes: 4,
      stderrBytes: 4,
      truncated: false,
      oomKills: 0,
      error: null,
    })
    expect(await run('kill -SEGV $$')).toMatchObject({ reason: 'exit', exitCode: null, signal: 11 })
  })

  test('has its own limits, and its report only what is its own', async () => {
    const sandbox = await bench.shared()
    sandbox.begin(4 * MIB)
    const first = await stage(sandbox, python('print("x" * 999); [0] * 9000000'), { outputBytes: 100 })
    const second = await stage(sandbox, 'ulimit -n; ulimit -s; ulimit -Hs; echo kept > a; printf 12345', {
      openFiles: 33,
      stackBytes: 1 * MIB,
      outputBytes: 1000,
    })
    const third = await stage(sandbox, 'cat a')
    await sandbox.end()
    expect(first).toMatchObject({ reason: 'output', stdoutBytes: 100, truncated: true })
    expect(second).toMatchObject({
      reason: 'exit',
      stdout: '33\n1024\nunlimited\n12345',
      stdoutBytes: 23,
      truncated: false,
    })
    expect(second.memoryPeakBytes).toBeLessThan(32 * MIB)
    expect(third).toMatchObject({ exitCode: 0, stdout: 'kept\n' })
  })

  test('may raise its stack, and no other limit', async () => {
    const ran = await run(
      python(`
import resource
for name in ('STACK', 'NOFILE', 'NPROC', 'FSIZE', 'CORE', 'MEMLOCK', 'SIGPENDING', 'MSGQUEUE'):
    soft, hard = resource.getrlimit(getattr(resource, 'RLIMIT_' + name))
    if soft != hard: print(name)
resource.setrlimit(resource.RLIMIT_STACK, (64 << 20, resource.getrlimit(resource.RLIMIT_STACK)[1]))`),
    )
    expect(ran).toMatchObject({ exitCode: 0, stdout: 'STACK\n', stderr: '' })
  })

  test('without input has a pipe at its end', async () => {
    const ran = await run(
      python(`
import os, select, stat
poll = select.epoll()
poll.register(0, select.EPOLLIN)
print(stat.S_ISFIFO(os.fstat(0).st_mode), poll.poll(), os.read(0, 1))`),
    )
    expect(ran).toMatchObject({ stdout: "True [(0, 16)] b''\n", stderr: '' })
  })

  test('has exactly the environment it was given', async () => {
    const env = { PATH: '/usr/bin:/bin', ONLY: 'this = that' }
    expect((await run(['env'], { env })).stdout).toBe('PATH=/usr/bin:/bin\nONLY=this = that\n')
    expect((await run(['/usr/bin/env'], { env: {} })).stdout).toBe('')
  })

  test('begins in the folder of the job with three descriptors and no signal blocked or ignored', async () => {
    const ran = await run(
      python(`
import os
print(os.getcwd(), oct(os.umask(0)))
print(sorted(os.listdir('/proc/self/fd'))[:3], len(os.listdir('/proc/self/fd')))
for line in open('/proc/self/status'):
    if line.startswith(('SigBlk', 'SigIgn')): print(line.split()[1])`),
      {},
      {},
    )
    // The fourth descriptor is the folder that is being read. Python itself ignores SIGPIPE and SIGXFSZ.
    expect(ran.stdout).toBe("/job 0o22\n['0', '1', '2'] 4\n0000000000000000\n0000000001001000\n")
    expect((await run(['grep', 'SigIgn', '/proc/self/status'])).stdout).toBe('SigIgn:\t0000000000000000\n')
  })

  test('that cannot be started says why, and the job goes on', async () => {
    const sandbox = await bench.shared()
    sandbox.begin(4 * MIB)
    const missing = await stage(sandbox, ['no-such-program'])
    const folder = await stage(sandbox, ['/tmp'])
    const nothing = await stage(sandbox, [''])
    const next = await stage(sandbox, 'echo fine')
    await sandbox.end()
    expect(missing).toMatchObject({ reason: 'start', exitCode: null, signal: null, cpuUs: 0 })
    expect(missing.error).toEqual({ call: 'execve', errno: 2, message: 'No such file or directory' })
    expect(folder.error).toEqual({ call: 'execve', errno: 13, message: 'Permission denied' })
    expect(nothing).toMatchObject({ reason: 'start' })
    expect(next.stdout).toBe('fine\n')
  })

  test('finds its program in the PATH of its environment alone', async () => {
    expect((await run(['env'], { env: {} })).error).toMatchObject({ call: 'execve', errno: 2 })
    expect((await run(['env'], { env: { PATH: '/nowhere:/usr/bin' } })).exitCode).toBe(0)
  })
})

describe('standard input', () => {
  const mebibyte = Buffer.alloc(MIB, 'input of the program\n')

  test('of a mebibyte arrives whole through a smaller window', async () => {
    const ran = await run(['cat'], { outputBytes: 2 * MIB }, { stdin: mebibyte })
    expect(ran.output.equals(mebibyte)).toBe(true)
    expect(ran).toMatchObject({ reason: 'exit', exitCode: 0, stdoutBytes: MIB })
  })

  test('is not waited for when the program does not read it', async () => {
    expect(await run(['true'], {}, { stdin: mebibyte })).toMatchObject({ reason: 'exit', exitCode: 0 })
    expect(await run('exec sleep 60', { wallMs: 300 }, { stdin: mebibyte })).toMatchObject({ reason: 'wall' })
  })

  test('is thrown away once the program has closed it', async () => {
    const program = 'head -c 5; exec <&-; for i in 1 2 3 4 5 6 7 8 9; do sleep 0.01; done; echo done'
    expect((await run(program, {}, { stdin: mebibyte })).stdout).toBe('inputdone\n')
  })

  test('is empty when there is none', async () => {
    expect((await run('wc -c; readlink /proc/self/fd/0')).stdout).toMatch(/^0\npipe:\[\d+\]\n$/)
  })

  test('may be opened by name', async () => {
    const program = 'cat /dev/stdin; echo out > /dev/stdout; echo err > /dev/stderr'
    expect(await run(program, {}, { stdin: Buffer.from('in ') })).toMatchObject({ stdout: 'in out\n', stderr: 'err\n' })
  })

  test('is acknowledged however full the queue of output is', async () => {
    const raw = await bench.attach()
    await raw.begin()
    raw.send(encodeStart({ ...STAGE, args: ['yes'], outputBytes: 1024 * MIB, stdin: true }))
    await raw.skipTo(FRAME.STDOUT)
    raw.stream.pause()
    await new Promise((resolve) => setTimeout(resolve, 500))
    const bytes = Buffer.concat(Array.from({ length: 40_000 }, () => encodeFrame(FRAME.INPUT, 'x')))
    await new Promise((resolve) => raw.stream.write(bytes, resolve))
    raw.stream.resume()
    raw.send(encodeKill())
    expect(await raw.report()).toMatchObject({ reason: 'kill', signal: 15 })
    await raw.quit()
  })

  test('may end at once', async () => {
    const raw = await bench.attach()
    await raw.begin()
    raw.send(encodeStart({ ...STAGE, args: ['wc', '-c'], stdin: true }), encodeFrame(FRAME.INPUT_END))
    expect((await raw.skipTo(FRAME.STDOUT))?.payload.toString()).toBe('0\n')
    expect(await raw.report()).toMatchObject({ reason: 'exit' })
  })
})

describe('output', () => {
  test('keeps its order within each stream, whatever bytes it is', async () => {
    const ran = await run(
      python(`
import os
for i in range(300):
    os.write(1, b'%d\\n' % i); os.write(2, b'%d\\n' % -i)
os.write(1, bytes(range(256)))`),
    )
    const numbers = Array.from({ length: 300 }, (_, i) => i)
    expect(ran.output.subarray(-256)).toEqual(Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
    expect(ran.output.subarray(0, -256).toString()).toBe(numbers.map((i) => `${i}\n`).join(''))
    expect(ran.stderr).toBe(numbers.map((i) => `${-i}\n`).join(''))
  })

  test('that looks like frames is only output', async () => {
    const text = 'D\0\0\0\u0002{}Z\0\0\0\0F\0\0\0\u0004lies'
    const ran = await run(python(`import os; os.write(1, ${JSON.stringify(text)}.encode())`))
    expect(ran).toMatchObject({ reason: 'exit', stdout: text })
  })

  test('of one byte at a time is the same as at once', async () => {
    const ran = await run(python("import os\nfor i in range(20000): os.write(1, b'ab'[i % 2:i % 2 + 1])"))
    expect(ran.stdout).toBe('ab'.repeat(10_000))
  })

  test('of exactly the limit is not too much', async () => {
    const ran = await run('head -c 700 /dev/zero; head -c 300 /dev/zero >&2', { outputBytes: 1000 })
    expect(ran).toMatchObject({ reason: 'exit', truncated: false, stdoutBytes: 700, stderrBytes: 300 })
  })

  test('of one byte more is cut there, on whichever stream', async () => {
    for (const program of ['head -c 1001 /dev/zero', 'head -c 700 /dev/zero; head -c 301 /dev/zero >&2']) {
      const ran = await run(program, { outputBytes: 1000 })
      expect(ran).toMatchObject({ reason: 'output', truncated: true })
      expect(ran.stdoutBytes + ran.stderrBytes).toBe(1000)
    }
  })

  test('beyond the limit is the reason also when the program ends before it is read', async () => {
    const program = "import fcntl, os; fcntl.fcntl(1, 1031, 1 << 20); os.write(1, b'x' * 300000)"
    const ran = await run(python(program), { outputBytes: 100_000 })
    expect(ran).toMatchObject({ reason: 'output', truncated: true, stdoutBytes: 100_000 })
  })

  test('without end is ended', async () => {
    const ran = await run('yes & yes >&2', { outputBytes: MIB })
    expect(ran).toMatchObject({ reason: 'output', truncated: true, signal: 9 })
    expect(ran.stdoutBytes + ran.stderrBytes).toBe(MIB)
  })

  test('that nobody reads does not stop the wall limit', async () => {
    const raw = await bench.attach()
    await raw.begin()
    raw.send(encodeStart({ ...STAGE, args: ['yes'], wallMs: 300, outputBytes: 64 * MIB }))
    await raw.skipTo(FRAME.STDOUT)
    raw.stream.pause()
    const paused = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 3000))
    const pausedUs = (performance.now() - paused) * 1000
    raw.stream.resume()
    const report = await raw.report()
    expect(report).toMatchObject({ reason: 'wall', truncated: false })
    // It ended while nobody read.
    expect(report.wallUs).toBeLessThan(pausedUs)
    await raw.quit()
  })
})

describe('a limit of time', () => {
  const trap = (does: string) => `trap '${does}' TERM; echo up; while :; do sleep 0.02; done`

  test('wall: asks first, and what the program then says is kept', async () => {
    const ran = await run(trap('echo bye; exit 0'), { wallMs: 300, graceMs: 10_000 })
    expect(ran).toMatchObject({ reason: 'wall', exitCode: 0, signal: null, stdout: 'up\nbye\n' })
    expect(ran.wallUs).toBeGreaterThanOrEqual(300_000)
  })

  test('wall: kills what does not listen', async () => {
    const ran = await run(trap(''), { wallMs: 300, graceMs: 200 })
    expect(ran).toMatchObject({ reason: 'wall', exitCode: null, signal: 9 })
    expect(ran.wallUs).toBeGreaterThanOrEqual(500_000)
  })

  test('wall: kills at once without a grace', async () => {
    expect(await run(trap('exit 0'), { wallMs: 300, graceMs: 0 })).toMatchObject({ reason: 'wall', signal: 9 })
  })

  test('cpu: ends a spinning program', async () => {
    const ran = await run(python('while True: pass'), { cpuMs: 400, graceMs: 0 })
    expect(ran).toMatchObject({ reason: 'cpu', signal: 9 })
    expect(ran.cpuUs).toBeGreaterThanOrEqual(400_000)
    expect(ran.cpuUs).toBeLessThan(4_000_000)
  })

  test('cpu: gives no grace to processes that would use it', async () => {
    const program = 'import os, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.fork()\nwhile True: pass'
    const ran = await run(python(program), { cpuMs: 300, graceMs: 5000 })
    expect(ran).toMatchObject({ reason: 'cpu', signal: 9 })
    expect(ran.cpuUs).toBeLessThan(2_000_000)
  })

  test('cpu: counts in the grace of the wall limit too', async () => {
    const ran = await run(trap('while :; do :; done'), { wallMs: 300, cpuMs: 300, graceMs: 8000 })
    expect(ran).toMatchObject({ reason: 'wall', signal: 9 })
    expect(ran.cpuUs).toBeLessThan(3_000_000)
  })

  test('cpu: counts all processes together', async () => {
    const ran = await run('for i in 1 2 3 4 5 6; do (while :; do :; done) & done; wait', { cpuMs: 500 })
    expect(ran).toMatchObject({ reason: 'cpu' })
    expect(ran.cpuUs).toBeGreaterThanOrEqual(500_000)
  })

  test('cpu: counts processes that have ended', async () => {
    expect(await run('while :; do true | true; done', { cpuMs: 400 })).toMatchObject({ reason: 'cpu' })
  })

  test('a program that sleeps uses none', async () => {
    expect(await run('exec sleep 60', { cpuMs: 400, wallMs: 800 })).toMatchObject({ reason: 'wall' })
  })
})

describe('a request', () => {
  test('to end is a reason of its own', async () => {
    const ran = await run('echo up; exec sleep 60', {}, { onOutput: (sandbox) => sandbox.kill() })
    expect(ran).toMatchObject({ reason: 'kill', signal: 15 })
  })

  test('to end after a limit changes nothing', async () => {
    const ran = await run(
      `trap 'echo bye' TERM; echo up; while :; do sleep 0.02; done`,
      { wallMs: 200, graceMs: 300 },
      { onOutput: (sandbox, soFar) => soFar.includes('bye') && sandbox.kill() },
    )
    expect(ran).toMatchObject({ reason: 'wall', signal: 9 })
  })

  test('of another signal is passed on', async () => {
    const raw = await bench.attach()
    await raw.begin()
    const program = `trap 'echo got it; exit 3' INT; echo up; while :; do sleep 0.02; done`
    raw.send(encodeStart({ ...STAGE, args: ['sh', '-c', program] }))
    await raw.skipTo(FRAME.STDOUT)
    raw.send(encodeKill(2))
    expect((await raw.skipTo(FRAME.STDOUT))?.payload.toString()).toBe('got it\n')
    expect(await raw.report()).toMatchObject({ reason: 'exit', exitCode: 3 })
    // Late for the stage that has ended: nothing happens.
    raw.send(encodeKill(), ...encodeInput(Buffer.from('late')), encodeFrame(FRAME.INPUT_END))
    raw.send(encodeStart({ ...STAGE, args: ['true'] }))
    expect(await raw.report()).toMatchObject({ reason: 'exit', exitCode: 0 })
    await raw.quit()
  })
})

test('a hundred jobs run one after another in one sandbox', async () => {
  const sandbox = await bench.shared()
  const before = sandbox.jobs
  const ends: Ran[] = []
  for (let i = 0; i < 100; i++) ends.push(await run(['echo', String(i)], {}, { sandbox }))
  expect(ends.map(({ stdout }) => stdout)).toEqual(ends.map((_, i) => `${i}\n`))
  expect(sandbox.jobs).toBe(before + 100)
})
