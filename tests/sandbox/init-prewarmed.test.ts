import { readdirSync, readFileSync } from 'node:fs'
import { KIB, MIB } from '../../src/shared/limits.ts'
import {
  encodeBegin,
  encodeFrame,
  encodePrewarm,
  encodeInput,
  encodeDiscard,
  encodeStart,
  encodeWriteFile,
  type StageStart,
} from '../../src/worker/sandbox/frames.ts'
import { FRAME } from '../../src/worker/sandbox/protocol.ts'
import { parseReport, type StageReport } from '../../src/worker/sandbox/stage-report.ts'
import { eventually } from '../support/eventually.ts'
import { canReadKernelLog, kernelLines } from '../support/kernel-log.ts'
import { AT_A_FIFO, sleepers } from '../support/processes.ts'
import { createBench, type RawSandbox, STAGE } from './init-harness.ts'

const bench = createBench('test-init-prewarmed')
afterAll(() => bench.close())

const PYTHON: StageStart = { ...STAGE, args: ['python3', './main.py'] }
const begin = (prewarmed: boolean) => encodeBegin({ bytes: 8 * MIB, inodes: 4 * KIB, prewarmed })
const main = (code: string) => encodeWriteFile('main.py', 0o644, code)

/** The interpreter has come to the file and waits, or is about to. */
const untilItWaits = () => new Promise((resolve) => setTimeout(resolve, 300))

async function outcome(raw: RawSandbox): Promise<StageReport & { stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' }
  for (;;) {
    const frame = await raw.next()
    if (frame?.type === FRAME.STDOUT) said.stdout += frame.payload.toString()
    else if (frame?.type === FRAME.STDERR) said.stderr += frame.payload.toString()
    else if (frame?.type === FRAME.DONE) return { ...parseReport(frame.payload), ...said }
    else if (frame?.type !== FRAME.ACK)
      throw new Error(frame ? `${String.fromCharCode(frame.type)} ${frame.payload.toString()}` : 'the stream ended')
  }
}

async function ready(): Promise<RawSandbox> {
  const raw = await bench.attach()
  await raw.skipTo(FRAME.READY)
  return raw
}

/** The command lines of this machine's processes that hold a word. */
const commandLines = (word: string) =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      } catch {
        return []
      }
    })
    .filter((line) => line.split('\0').includes(word))

/** A job of one stage, from the cell that stands ready to the next. */
async function job(raw: RawSandbox, prewarmed: boolean, code: string, start: StageStart = PYTHON, stdin?: string) {
  raw.send(begin(prewarmed), ...main(code), encodeStart(start))
  if (stdin !== undefined) raw.send(...encodeInput(Buffer.from(stdin)), encodeFrame(FRAME.INPUT_END))
  const ended = await outcome(raw)
  await raw.quit()
  return ended
}

/** What a program can find out about how it was started. */
const LOOK = `
import inspect, os, resource, stat, sys
def look():
    print(sys.argv, __file__, os.getcwd(), os.getpid(), os.getppid(), os.getsid(0), os.getpgrp())
    print(sorted(os.environ.items()), sys.path[0], __builtins__.__name__, sys.flags)
    print([(n, resource.getrlimit(getattr(resource, n))) for n in sorted(dir(resource)) if n.startswith('RLIMIT_')])
    print({fd: os.readlink(f'/proc/self/fd/{fd}').split(':')[0] for fd in sorted(os.listdir('/proc/self/fd')[:3])})
    print(os.listdir('.'), [(s.st_mode, s.st_nlink, s.st_uid, s.st_size) for s in [os.stat(__file__), os.stat('.')]])
    print([line for line in open('/proc/self/status') if not line.startswith(('Vm', 'Rss', 'volunt', 'nonvol', 'Cpus', 'Mems'))])
    print(sorted(p for p in os.listdir('/proc') if p.isdigit()), open('/proc/self/cmdline').read(), os.nice(0))
    print(open('/proc/self/oom_score_adj').read(), os.umask(0), sys.stdin.isatty())
    print(sorted(os.listdir('/tmp')), inspect.getsource(look), len(os.listdir('/proc/self/task')))
    print(os.statvfs('/job').f_ffree, os.statvfs('/job').f_bavail, sorted(sys.path_importer_cache))
look()
print(sorted(sys.modules))
`

/** Prints for how many seconds its process has been there. */
const AGE = `
import os
started = int(open('/proc/self/stat').read().rsplit(')')[1].split()[19]) / os.sysconf('SC_CLK_TCK')
print(float(open('/proc/uptime').read().split()[0]) - started)`

const LOOK_JS = `
const fs = require('node:fs')
const limits = fs.readFileSync('/proc/self/limits', 'utf8')
const status = fs.readFileSync('/proc/self/status', 'utf8').split('\\n').filter((line) => !/^(Vm|Rss|vol|non|Cpus|Mems)/.test(line))
console.log(process.argv, process.execArgv, process.env, __filename, require.main === module, process.pid, process.ppid)
console.log(limits, status, fs.readdirSync('.'), fs.readdirSync('/tmp'), fs.readdirSync('/proc/self/task'))
console.log(module.paths, Object.keys(require.cache), module.children, process.stdin.constructor.name, process.memoryUsage.name)
console.log(fs.readdirSync('/proc/self/fd').map((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd).split(':')[0] } catch { return '' } }))
import('./main.js').then(() => Promise.reject(new TypeError('at last')))
`

describe('a program that was started ahead of its job', () => {
  test.each([
    ['python', 'main.py', ['python3', './main.py'], LOOK],
    ['javascript', 'main.js', ['node', './main.js'], LOOK_JS],
  ])('finds everything as one that was not: %s', async (language, file, args, code) => {
    const raw = await bench.attach({ language })
    await raw.skipTo(FRAME.READY)
    const start: StageStart = { ...STAGE, args }
    const ends = []
    for (const prewarmed of [false, true]) {
      if (prewarmed) raw.send(encodePrewarm(file, start))
      await untilItWaits()
      raw.send(begin(prewarmed), ...encodeWriteFile(file, 0o644, code), encodeStart(start))
      ends.push({ ...(await outcome(raw)), wallUs: 0, cpuUs: 0, memoryPeakBytes: 0 })
      await raw.quit()
    }
    expect(ends[1]).toEqual(ends[0])
    expect(ends[0]?.stdout).toContain(file)
  })

  test('has a wall time that counts from its job, and a CPU time that counts from its start', async () => {
    const raw = await ready()
    const plain = await job(raw, false, AGE)
    raw.send(encodePrewarm('main.py', PYTHON))
    const waitedMs = Math.max(1500, plain.wallUs / 100)
    await new Promise((resolve) => setTimeout(resolve, waitedMs))
    const prewarmed = await job(raw, true, AGE)
    expect(Number(prewarmed.stdout)).toBeGreaterThan(0.9 * (waitedMs / 1000))
    expect(Number(plain.stdout)).toBeLessThan(Number(prewarmed.stdout))
    expect(prewarmed.wallUs).toBeLessThan(0.9 * waitedMs * 1000)
    expect(prewarmed.cpuUs).toBeGreaterThan(plain.cpuUs / 3)
    expect(prewarmed.memoryPeakBytes).toBeGreaterThan(plain.memoryPeakBytes / 2)
  })

  test('has a CPU time that counts from its job, where it is a launcher, and may use all that it is allowed', async () => {
    const raw = await ready()
    const spin = (seconds: number) => `import time\nwhile time.process_time() < ${seconds}: pass\n`
    const start = { ...PYTHON, cpuMs: 1500 }
    const reports = []
    // The kernel's own limit of a process stands two seconds above what the job may use: only the launcher's time is beyond it.
    for (const [apart, before] of [
      [true, 3.2],
      [false, 2.2],
    ] as const) {
      const word = 'test-prewarmed-launcher'
      const launcher = ['python3', '-c', `${spin(before)}exec(open('./main.py').read())`, word]
      raw.send(encodePrewarm('main.py', { ...start, args: launcher }, apart))
      await eventually('the launcher waits at its file', () => Promise.resolve(sleepers(AT_A_FIFO, word) > 0))
      reports.push(await job(raw, true, `${spin(before + 0.7)}print('done')`, start))
    }
    expect(reports[0]).toMatchObject({ reason: 'exit', exitCode: 0, stdout: 'done\n' })
    expect(reports[0]?.cpuUs).toBeLessThan(1_500_000)
    expect(reports[1]).toMatchObject({ reason: 'cpu', stdout: '' })
  })

  test('runs rightly however soon its job comes', async () => {
    const raw = await ready()
    for (let pauseMs = 0; pauseMs < 40; pauseMs++) {
      raw.send(encodePrewarm('main.py', PYTHON))
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      const ran = await job(raw, true, `import os; print(os.getpid(), ${pauseMs})`)
      expect(ran).toMatchObject({ reason: 'exit', exitCode: 0, stdout: `2 ${pauseMs}\n`, stderr: '' })
    }
  })

  test('reads its input', async () => {
    const raw = await ready()
    const start = { ...PYTHON, stdin: true }
    raw.send(encodePrewarm('main.py', start))
    await untilItWaits()
    expect(await job(raw, true, 'print(input() + "!")', start, 'text\n')).toMatchObject({
      stdout: 'text!\n',
      stderr: '',
    })
  })

  test.each([
    ['lower', { openFiles: 20, processes: 20, fileBytes: 20_000 }],
    ['higher', { openFiles: 100, processes: 100, fileBytes: 20 * MIB }],
  ])('has the limits of its job where those are %s', async (_, limits) => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', PYTHON))
    await untilItWaits()
    const code = `
from resource import *
for which in RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_FSIZE, RLIMIT_CPU: print(*getrlimit(which), end=';')`
    const both = (value: number) => `${value} ${value};`
    const { openFiles, processes, fileBytes } = limits
    const ran = await job(raw, true, code, { ...PYTHON, ...limits, cpuMs: 7000, graceMs: 3000 })
    expect(ran.stdout).toBe(`${both(openFiles)}${both(processes)}${both(fileBytes)}9 13;`)
  })

  test.each<[string, string, Partial<StageStart>]>([
    ['wall', 'while True: pass', { wallMs: 300 }],
    ['cpu', 'while True: pass', { cpuMs: 300 }],
    ['output', 'while True: print("x" * 1000)', { outputBytes: 5000 }],
  ])('is prewarmed to the limit of its job: %s', async (reason, code, limits) => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', PYTHON))
    await untilItWaits()
    expect(await job(raw, true, code, { ...PYTHON, ...limits })).toMatchObject({ reason })
  })

  test('is told of when it tries a way out, and killed for memory like any other', async () => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', PYTHON))
    await untilItWaits()
    const code =
      "import ctypes; ctypes.CDLL(None).mount(b'a', b'b', b'c', 0, 0); a = [b'x' * 2**20 for _ in range(1000)]"
    const ran = await job(raw, true, code)
    expect(ran).toMatchObject({ reason: 'exit', signal: 9, refusedCalls: [{ name: 'mount', count: 1 }] })
    expect(ran.oomKills).toBeGreaterThan(0)
  })

  test('is ended by a request like any other', async () => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', PYTHON))
    raw.send(begin(true), ...main('import time; print("up", flush=True); time.sleep(60)'), encodeStart(PYTHON))
    await raw.skipTo(FRAME.STDOUT)
    raw.send(encodeFrame(FRAME.KILL, Uint8Array.of(0)))
    expect(await outcome(raw)).toMatchObject({ reason: 'kill', signal: 15 })
    await raw.quit()
  })

  test('is the first stage of its job alone', async () => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', PYTHON), begin(true), ...main('print(__file__)'), encodeStart(PYTHON))
    expect(await outcome(raw)).toMatchObject({ exitCode: 0, stdout: '/job/./main.py\n' })
    raw.send(encodeStart({ ...STAGE, args: ['ls', '-l', 'main.py'] }))
    expect((await outcome(raw)).stdout).toMatch(/^-rw-r--r-- 1 runner runner 15 /)
    await raw.quit()
  })
})

describe('a program that is prewarmed', () => {
  test.each<[string, (raw: RawSandbox) => void]>([
    ['for a job that wants none', () => undefined],
    ['and let go', (raw) => raw.send(encodeDiscard())],
    ['and let go twice', (raw) => raw.send(encodeDiscard(), encodeDiscard())],
    ['after another', (raw) => raw.send(encodePrewarm('other.py', PYTHON))],
  ])('%s leaves nothing behind', async (_, between) => {
    const raw = await ready()
    const plain = await job(raw, false, LOOK)
    for (const pauseMs of [0, 10, 300]) {
      raw.send(encodePrewarm('main.py', { ...PYTHON, stdin: true }))
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      between(raw)
      const after = await job(raw, false, LOOK)
      expect(after.stdout).toBe(plain.stdout)
    }
  })

  test.each<[string, boolean, number, string]>([
    ['for a job that wants none', false, 8 * MIB, "['main.py'] []"],
    ['for a job that may have less than that', false, 64 * KIB, "['main.py'] []"],
    ['for its job, which may have less than that', true, 64 * KIB, "['main.py'] []"],
    ['for its job, which has them', true, 8 * MIB, "['.cache', 'main.py'] ['made']"],
  ])('and has written files %s', async (_, prewarmed, bytes, found) => {
    const raw = await ready()
    const word = 'test-prewarmed-files'
    // As a size that is too small for what is there is refused; a log that is full forgets the oldest of them.
    const refusals = () => (canReadKernelLog ? kernelLines(/tmpfs: Too /) : [])
    const before = new Set(refusals())
    const write = `import os
os.mkdir('.cache')
for path in '.cache/fonts', '/tmp/made':
    with open(path, 'wb') as file: file.write(bytes(300_000))
exec(open('main.py').read())`
    raw.send(encodePrewarm('main.py', { ...PYTHON, args: ['python3', '-c', write, word] }))
    await eventually('it waits at its file', () => Promise.resolve(sleepers(AT_A_FIFO, word) > 0))
    const code =
      "import os; print(sorted(os.listdir('.')), sorted(os.listdir('/tmp')), os.statvfs('/var/tmp').f_bsize > 0)"
    raw.send(encodeBegin({ bytes, inodes: 4 * KIB, prewarmed }), ...main(code), encodeStart(PYTHON))
    expect(await outcome(raw)).toMatchObject({ reason: 'exit', exitCode: 0, stdout: `${found} True\n`, stderr: '' })
    // Its size is that of the job.
    raw.send(
      encodeStart({
        ...STAGE,
        args: ['sh', '-c', 'head -c 20000000 /dev/zero >/var/tmp/full; stat -f -c "%b %S" /job /tmp /run /dev/shm'],
      }),
    )
    const { stdout } = await outcome(raw)
    expect(stdout).toBe(`${bytes / 4096} 4096\n`.repeat(4))
    await raw.quit()
    expect(await job(raw, false, code)).toMatchObject({ stdout: "['main.py'] [] True\n" })
    expect(refusals().filter((line) => !before.has(line))).toEqual([])
  })

  test.each<[string, string[]]>([
    ['cannot be started', ['no-such-program']],
    ['has ended', ['true']],
    ['does not wait', ['sh', '-c', 'exec 3<>main.py; rm main.py; sleep 0.1']],
    ['has left children', ['sh', '-c', 'sleep 60 & sleep 60 & kill -9 $$']],
  ])('and %s is no hindrance to its job', async (_, args) => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', { ...PYTHON, args }))
    await untilItWaits()
    expect(await job(raw, true, 'print(7)')).toMatchObject({ reason: 'exit', exitCode: 0, stdout: '7\n', error: null })
  })

  test('goes when it cannot be stopped: the parent of a vfork waits for a child that is stopped', async () => {
    const raw = await ready()
    const vfork = 'import ctypes; libc = ctypes.CDLL(None); libc.vfork() or libc.pause()'
    raw.send(encodePrewarm('main.py', { ...PYTHON, args: ['python3', '-c', vfork, 'test-vfork'] }))
    // Both show the same command line. The containers are on this machine.
    await eventually('a child of a vfork', () => commandLines('test-vfork').length === 2)
    expect(await job(raw, true, 'print(7)')).toMatchObject({ reason: 'exit', exitCode: 0, stdout: '7\n', error: null })
  })

  test('goes when a file of its job cannot be written', async () => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', PYTHON), begin(true), ...main('print(1)'))
    raw.send(...encodeWriteFile('/outside', 0o644, ''), encodeStart(PYTHON))
    expect(await outcome(raw)).toMatchObject({ reason: 'start', error: { call: 'write' } })
    raw.send(encodeStart(PYTHON))
    expect(await outcome(raw)).toMatchObject({ reason: 'exit', stdout: '1\n' })
    await raw.quit()
  })

  test('goes with a job that has no stage', async () => {
    const raw = await ready()
    for (let i = 0; i < 3; i++) {
      raw.send(encodePrewarm('main.py', PYTHON), begin(true))
      await raw.quit()
    }
    expect(await job(raw, false, 'print(1)')).toMatchObject({ stdout: '1\n' })
  })

  test('ends with the sandbox when the worker goes', async () => {
    const raw = await ready()
    raw.send(encodePrewarm('main.py', PYTHON))
    await untilItWaits()
    raw.stream.end()
    expect(await raw.rest()).toEqual([])
  })

  test.each<[string, (raw: RawSandbox) => void, string]>([
    [
      'in the middle of a job',
      (raw) => raw.send(begin(false), encodePrewarm('main.py', PYTHON)),
      'a frame out of turn',
    ],
    ['nowhere', (raw) => raw.send(encodeFrame(FRAME.PREWARM, 'atrue\0w1\0c1\0')), 'nothing for a program to wait at'],
    ['in a folder', (raw) => raw.send(encodePrewarm('a/main.py', PYTHON)), 'no FIFO can be made there'],
    ['above the folder of the job', (raw) => raw.send(encodePrewarm('..', PYTHON)), 'no FIFO can be made there'],
    [
      'at a name that is too long',
      (raw) => raw.send(encodePrewarm('x'.repeat(256), PYTHON)),
      'nothing for a program to wait at',
    ],
  ])('%s is a fault', async (_, send, fault) => {
    const raw = await ready()
    send(raw)
    expect(await raw.rest()).toEqual([`F ${fault}`])
  })
})
