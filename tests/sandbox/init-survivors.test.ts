import { readFileSync } from 'node:fs'
import { MIB } from '../../src/shared/limits.ts'
import { INIT_PATH } from '../../src/shared/runtime-image.ts'
import { allPids, commandLine, containerOf } from '../support/processes.ts'
import { createBench, python, stage } from './init-harness.ts'
import { eventually } from '../support/eventually.ts'

const bench = createBench('test-init-survivors')
const { run } = bench
afterAll(() => bench.close())

/** Processes a stage sees beside itself: the leader, and whatever was left. */
const OTHERS = python(`
import os
print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit() and int(p) not in (1, os.getpid())))`)

describe('no process is left by a program that', () => {
  test.each<[string, string | string[]]>([
    ['forks twice', "(setsid sh -c 'sleep 60 &' &)"],
    ['makes sessions', 'setsid sleep 60 & setsid setsid sleep 60 & true'],
    ['stops its children', 'sleep 60 & kill -STOP $!; true'],
    ['has children that ignore SIGTERM', `(trap '' TERM HUP; while :; do sleep 1; done) & true`],
    ['leaves its streams open', 'sleep 60 & echo out'],
    ['kills all it can', 'sleep 60 & kill -9 -1'],
    ['leaves zombies', python('import os\nfor i in range(20):\n  if os.fork() == 0: os._exit(0)')],
    [
      'is the reaper of its orphans',
      python(`
import ctypes, os
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
for i in range(5):
    if os.fork() == 0:
        if os.fork() == 0: os.execvp('sleep', ['sleep', '60'])
        os._exit(0)`),
    ],
    [
      'sends its output to itself through a socket',
      python(`
import array, socket
a, b = socket.socketpair()
a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [1, 2, a.fileno(), b.fileno()]))])`),
    ],
  ])('%s', async (_, program) => {
    const sandbox = await bench.shared()
    sandbox.begin(4 * MIB)
    const ran = await stage(sandbox, program)
    const others = await stage(sandbox, OTHERS)
    await sandbox.end()
    expect(ran.reason).toBe('exit')
    expect(others.stdout).toBe('[]\n')
  })

  test('is killed in the middle of many processes', async () => {
    const ran = await run('for i in 1 2 3 4 5 6 7 8 9; do setsid sleep 60 & done; wait', { wallMs: 400, graceMs: 0 })
    expect(ran).toMatchObject({ reason: 'wall', signal: 9 })
    expect((await run(OTHERS)).stdout).toBe('[]\n')
  })
})

test('orphans are reaped while the program runs', async () => {
  const ran = await run(`
    for i in 1 2 3 4 5 6 7 8; do (true &); done
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null || { echo none; exit; }
      sleep 0.05
    done`)
  expect(ran.stdout).toMatch(/none\n$/)
})

test('a program cannot end, stop or trace the leader', async () => {
  const ran = await run(
    python(`
import os, signal
for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGCHLD):
    try:
        os.kill(1, number); print('sent')
    except PermissionError: print('refused')
for name in ('environ', 'maps', 'mem', 'fd', 'root', 'cwd', 'exe', 'ns/mnt', 'io'):
    try:
        path = '/proc/1/' + name
        os.listdir(path) if name in ('fd', 'root', 'cwd') else open(path).read(1)
        print('read', name)
    except OSError as e: print('refused')`),
  )
  expect(ran).toMatchObject({ reason: 'exit', exitCode: 0 })
  expect(new Set(ran.stdout.trim().split('\n'))).toEqual(new Set(['refused']))
})

/** Of what was killed for memory; beside the program it may have been a decoy. */
const SOME = { asymmetricMatch: (count: number) => count >= 1 }

describe('memory', () => {
  test('that is used up is told from a kill -9', async () => {
    const sandbox = await bench.make({ memoryBytes: 64 * MIB })
    const bomb = await run(python('x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1'), {}, { sandbox })
    expect(bomb).toMatchObject({ reason: 'exit', exitCode: null, signal: 9, oomKills: SOME })
    expect(bomb.memoryPeakBytes).toBeGreaterThan(32 * MIB)
    const suicide = await run('kill -9 $$', {}, { sandbox })
    expect(suicide).toMatchObject({ reason: 'exit', exitCode: null, signal: 9, oomKills: 0 })
    await sandbox.destroy()
  })

  test('that the kernel wants once more, when the program is dead, costs nobody who is needed', async () => {
    const sandbox = await bench.make()
    const ours = () => {
      const pids = allPids().filter((pid) => containerOf(pid)?.startsWith(sandbox.id))
      return pids.filter((pid) => commandLine(pid)[0] === INIT_PATH).map((pid) => ({ pid, score: score(pid) }))
    }
    const scores = () =>
      ours()
        .map((one) => one.score)
        .sort((a, b) => a - b)
    // Nobody waits for the decoys when a sandbox is made, or when one has gone.
    const standing = async () => {
      await eventually('each process has the score of its kind', () => scores().join() === '0,0,900,900')
    }
    await standing()
    sandbox.begin(4 * MIB)
    expect(await stage(sandbox, 'true')).toMatchObject({ exitCode: 0 })
    for (let i = 0; i < 2; i++) {
      const [taken] = ours().sort((a, b) => b.score - a.score)
      if (!taken) throw new Error('there is no process of the sandbox')
      process.kill(taken.pid, 'SIGKILL')
      expect(await stage(sandbox, 'echo goes on')).toMatchObject({ exitCode: 0, stdout: 'goes on\n' })
    }
    await sandbox.end()
    await standing()
    expect(await run('echo next', {}, { sandbox })).toMatchObject({ stdout: 'next\n' })
    await sandbox.destroy()
  })

  test('that a child uses up need not end the program', async () => {
    const sandbox = await bench.make({ memoryBytes: 64 * MIB })
    const ran = await run(['sh', '-c', 'python3 -c \'x = b"1" * (1 << 30)\'; echo $?'], {}, { sandbox })
    expect(ran).toMatchObject({ reason: 'exit', exitCode: 0, stdout: '137\n', oomKills: SOME })
    await sandbox.destroy()
  })

  test('held by System V IPC is free again after the stage', async () => {
    const sandbox = await bench.make({ memoryBytes: 64 * MIB })
    sandbox.begin(4 * MIB)
    const hold = python(`
import ctypes
libc = ctypes.CDLL(None); libc.shmat.restype = ctypes.c_void_p
for i in range(100):
    id = libc.shmget(0, 4 << 20, 0o1600)
    at = libc.shmat(id, None, 0)
    ctypes.memset(at, 1, 4 << 20); libc.shmdt(ctypes.c_void_p(at))`)
    expect(await stage(sandbox, hold)).toMatchObject({ signal: 9, oomKills: SOME })
    const next = await stage(
      sandbox,
      python("x = b'1' * (32 << 20); print(open('/proc/sysvipc/shm').read().count('\\n'))"),
    )
    expect(next).toMatchObject({ exitCode: 0, stdout: '1\n' })
    await sandbox.end()
    await sandbox.destroy()
  })
})

describe('a bomb', () => {
  test('of processes meets its limit, and its end', async () => {
    const ran = await run(
      python(`
import os, time
while True:
    try: os.fork()
    except OSError: pass`),
      { processes: 40, wallMs: 1000, cpuMs: 60_000, graceMs: 0 },
    )
    expect(ran).toMatchObject({ reason: 'wall', signal: 9 })
    expect((await run(OTHERS)).stdout).toBe('[]\n')
  })

  test('of threads meets the same limit', async () => {
    const ran = await run(
      python(`
import threading, time
count = 1
try:
    while count < 500:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); count += 1
except RuntimeError: pass
print(count, flush=True)
import os; os._exit(0)`),
      { processes: 20 },
    )
    expect(ran.stdout).toBe('20\n')
  })

  test('of descriptors meets its limit', async () => {
    const ran = await run(
      python(`
import os
count = 0
try:
    while True: os.open('/dev/null', 0); count += 1
except OSError as e: print(count, e.errno)`),
      { openFiles: 50 },
    )
    expect(ran.stdout).toBe('47 24\n')
  })

  test('of inodes, of bytes or of reserved bytes fills one budget', async () => {
    const fill = (code: string) => run(python(`import os\n${code}`), {}, { fileBytes: 2 * MIB })
    const inodes = await fill(`
count = 0
try:
    while count < 100000: open('/tmp/%d' % count, 'w'); count += 1
except OSError as e: print(e.errno, count < 2000)
try: open('/dev/shm/one', 'w')
except OSError as e: print(e.errno)`)
    expect(inodes.stdout).toBe('28 True\n28\n')
    const bytes = await fill(`
total = 0
for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run'):
    try:
        with open(folder + '/x', 'wb', 0) as f:
            while True: total += f.write(b'x' * 65536)
    except OSError as e: print(e.errno)
print(total <= 2 << 20)`)
    expect(bytes.stdout).toBe('28\n28\n28\n28\n28\nTrue\n')
    const reserved = await fill(`
try: os.posix_fallocate(os.open('big', os.O_CREAT | os.O_RDWR), 0, 4 << 20)
except OSError as e: print(e.errno)`)
    expect(reserved.stdout).toBe('28\n')
  })

  test('of one file meets its limit', async () => {
    const ran = await run(['dd', 'if=/dev/zero', 'of=big', 'bs=64k', 'count=99'], { fileBytes: MIB })
    expect(ran).toMatchObject({ reason: 'exit', signal: 25 })
  })
})

test('the next job finds nothing of the one before', async () => {
  const plant = python(`
import ctypes, os, socket, subprocess
for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run'):
    open(folder + '/planted', 'w').write('x'); os.mkfifo(folder + '/fifo')
libc = ctypes.CDLL(None)
print(libc.shmget(77, 4096, 0o1666) >= 0, libc.semget(77, 1, 0o1666) >= 0, libc.msgget(77, 0o1666) >= 0)
print(ctypes.CDLL('librt.so.1').mq_open(b'/planted', os.O_CREAT | os.O_RDWR, 0o666, None) >= 0)
s = socket.socket(socket.AF_UNIX); s.bind('\\0planted'); s.listen()
t = socket.socket(); t.bind(('127.0.0.1', 7777)); t.listen()
subprocess.Popen(['sleep', '60'], start_new_session=True)`)
  const look = python(`
import ctypes, os, socket
for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run'): print(os.listdir(folder))
libc = ctypes.CDLL(None)
print(libc.shmget(77, 4096, 0) >= 0, libc.semget(77, 1, 0) >= 0, libc.msgget(77, 0) >= 0)
print(ctypes.CDLL('librt.so.1').mq_open(b'/planted', os.O_RDWR) >= 0)
def connects(family, to):
    try: socket.socket(family).connect(to); return True
    except OSError: return False
print(connects(socket.AF_UNIX, '\\0planted'), connects(socket.AF_INET, ('127.0.0.1', 7777)))`)
  expect((await run(plant)).stdout).toBe('True True True\nTrue\n')
  expect((await run(look)).stdout).toBe(`${'[]\n'.repeat(5)}False False False\nFalse\nFalse False\n`)
  expect((await run(OTHERS)).stdout).toBe('[]\n')
})

/** How much rather the kernel takes it than others; -1 when it has ended. */
function score(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'))
  } catch {
    return -1
  }
}
