import { join } from 'node:path'
import { loadLanguages } from '../../src/shared/language.ts'
import { MIB } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import { IMAGE_LABEL, runtimeImage } from '../../src/shared/runtime-image.ts'
import { encodeStart } from '../../src/worker/sandbox/frames.ts'
import { FRAME } from '../../src/worker/sandbox/protocol.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { createBench, python, RawSandbox, stage, STAGE, syscalls } from './init-harness.ts'

const bench = createBench('test-init-seccomp-notify')
const { run } = bench
afterAll(() => bench.close())

/** Calls `mount` without end in 61 processes, of which each says `up` once it was refused. */
const FLOOD = `
#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/time.h>
#include <unistd.h>
static void nothing(int number) { (void)number; }
int main(int argc, char **argv)
{
    if (argc > 1 && *argv[1] == 't')
        signal(SIGTERM, SIG_IGN);
    for (int i = 0; i < 60 && fork() > 0; i++)
        ;
    struct itimerval often = {{0, 200}, {0, 200}};
    while (mount("x", "/tmp", "tmpfs", 0, 0) == 0 || errno != EPERM)
        ;
    if (write(1, "up\\n", 3) != 3)
        return 1;
    if (argc > 1 && *argv[1] == 's' && signal(SIGALRM, nothing) != SIG_ERR)
        setitimer(ITIMER_REAL, &often, 0);
    for (;;)
        mount("x", "/tmp", "tmpfs", 0, 0);
}`

/** A sandbox whose job has the flood as a program. */
async function floodable(): Promise<Sandbox> {
  const sandbox = await bench.make({ language: 'c', memoryBytes: 512 * MIB })
  sandbox.begin(64 * MIB)
  sandbox.writeFile('flood.c', 0o644, Buffer.from(FLOOD))
  expect(await stage(sandbox, ['gcc', '-Wall', '-Werror', '-O2', '-o', 'flood', 'flood.c'])).toMatchObject({
    exitCode: 0,
    stderr: '',
    refusedCalls: [],
  })
  return sandbox
}

const MOUNT = { name: 'mount', count: expect.any(Number) as number }

describe('the report names what a program tried', () => {
  test('each call that is a way out, with how often', async () => {
    const { stdout, refusedCalls } = await run(
      syscalls(`
buffer = ctypes.create_string_buffer(256)
USER, NET, TIME, SIGCHLD, PID_1 = 0x10000000, 0x40000000, 0x80, 17, 1
answers = [name(call(*args)) for args in [
    (165, b'x', b'/tmp', b'tmpfs', 0, 0), (166, b'/tmp', 2), (166, b'/proc', 0), (155, b'/', b'/'),
    (308, 0, USER), (272, USER), (272, NET), (272, TIME), (56, USER | SIGCHLD, 0, 0, 0, 0), (56, NET | SIGCHLD, 0, 0, 0, 0),
    (430, b'tmpfs', 0), (433, -100, b'/', 0), (428, -100, b'/', 1), (429, -100, b'a', -100, b'b', 0),
    (442, -100, b'/', 0, buffer, 32), (321, 0, buffer, 120), (169, 0, 0, 0, 0), (101, 16, PID_1, 0, 0),
    (310, PID_1, buffer, 1, buffer, 1, 0), (311, PID_1, buffer, 1, buffer, 1, 0),
]]
print(len(answers), set(answers))`),
    )
    expect(stdout).toBe("20 {'EPERM'}\n")
    expect(Object.fromEntries(refusedCalls.map(({ name, count }) => [name, count]))).toEqual({
      mount: 1,
      umount2: 2,
      pivot_root: 1,
      setns: 1,
      unshare: 3,
      clone: 2,
      fsopen: 1,
      fspick: 1,
      open_tree: 1,
      move_mount: 1,
      mount_setattr: 1,
      bpf: 1,
      reboot: 1,
      ptrace: 1,
      process_vm_readv: 1,
      process_vm_writev: 1,
    })
  })

  test('not what honest programs ask as well, which is refused all the same', async () => {
    const { stdout, refusedCalls } = await run(
      syscalls(`
buffer = ctypes.create_string_buffer(256)
FILES, ME = 0x400, os.getpid()
print(name(call(435, buffer, 88)), sorted({name(call(*args)) for args in [
    (272, FILES), (101, 0, 0, 0, 0), (101, 16, ME, 0, 0), (310, ME, buffer, 1, buffer, 1, 0), (425, 8, buffer),
    (250, 0, -3, 0), (298, buffer, 0, -1, -1, 0), (103, 3, buffer, 9), (312, ME, ME, 0, 0, 0), (323, 1),
]}))`),
    )
    expect({ stdout, refusedCalls }).toEqual({ stdout: "ENOSYS ['ENOSYS', 'EPERM']\n", refusedCalls: [] })
  })

  test('of every process of the stage, and of this stage alone', async () => {
    const sandbox = await bench.shared()
    sandbox.begin(1 << 20)
    const many = await stage(
      sandbox,
      syscalls(`
for _ in range(20):
    if os.fork() == 0:
        for _ in range(50): libc.mount(b'x', b'/tmp', b'tmpfs', 0, 0)
        os._exit(0)
for _ in range(20): os.wait()`),
    )
    const next = await stage(sandbox, ['true'])
    const missing = await stage(sandbox, ['no-such-program'])
    await sandbox.end()
    expect(many.refusedCalls).toEqual([{ name: 'mount', count: 1000 }])
    expect([next.refusedCalls, missing.refusedCalls]).toEqual([[], []])
    expect(missing).toMatchObject({ reason: 'start', error: { call: 'execve', errno: 2 } })
  })

  test('of a program that may open one file beside its streams', async () => {
    const ran = await run(['unshare', '-U', 'true'], { openFiles: 4 })
    expect(ran).toMatchObject({ reason: 'exit', refusedCalls: [{ name: 'unshare', count: 1 }] })
  })

  test('nothing of ordinary programs', async () => {
    const scripts = [
      'echo hello; sort /etc/passwd | head -n 1 >&2; mkdir -p a/b; mktemp; df . >/dev/null; ls -la / /proc/self/ns >/dev/null',
      'ps 2>/dev/null; id; date; find / -maxdepth 2 >/dev/null 2>&1; tar cf - /etc 2>/dev/null | gzip | wc -c; umount; mount',
    ]
    for (const script of scripts) expect(await run(script)).toMatchObject({ reason: 'exit', refusedCalls: [] })
    const ran = await run(
      python(`
import asyncio, ctypes, hashlib, json, multiprocessing, os, random, socket, sqlite3, ssl, subprocess, tempfile, threading, uuid
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
subprocess.run(['sh', '-c', 'true'], check=True); subprocess.run(['true'], preexec_fn=os.setsid, check=True)
with multiprocessing.get_context('fork').Pool(2) as pool: pool.map(abs, [-1, 2])
asyncio.run(asyncio.create_subprocess_exec('true')); os.urandom(8)
print(sqlite3.connect(':memory:').execute('select 1').fetchone(), uuid.uuid4().version)`),
    )
    expect(ran).toMatchObject({ exitCode: 0, stdout: '(1,) 4\n', stderr: '', refusedCalls: [] })
  })
})

test('the hello program of every language that is here tries nothing', async () => {
  const images = await bench.engine.images(IMAGE_LABEL.language)
  const present = new Set(images.flatMap(({ references }) => references))
  const root = packageRoot()
  const languages = loadLanguages(join(root, 'languages')).filter((one) => present.has(runtimeImage(root, one)))
  expect(languages.map(({ id }) => id)).toEqual(expect.arrayContaining(['bash', 'c', 'javascript', 'python']))
  for (const { id, fileName, compile, run: start, env, hello } of languages) {
    const sandbox = await bench.make({ language: id, memoryBytes: 1024 * MIB })
    sandbox.begin(256 * MIB)
    sandbox.writeFile(fileName, 0o644, Buffer.from(hello.code))
    const word = (part: string) =>
      part === '{entrypoint}' || part === '{sources}' ? fileName : part.replace('{stackKib}', '1024')
    const known = (part: string) => !['{args}', '{compilerArgs}'].includes(part)
    const limits = {
      env: { ...STAGE.env, HOME: '/job', TMPDIR: '/tmp', ...env },
      openFiles: 1024,
      fileBytes: 256 * MIB,
    }
    const stages = [compile?.argv, start.argv].flatMap((argv) => (argv ? [argv.filter(known).map(word)] : []))
    const reports = []
    for (const argv of stages) reports.push(await stage(sandbox, argv, { ...limits, wallMs: 60_000, cpuMs: 60_000 }))
    await sandbox.destroy()
    const told = reports.flatMap(({ refusedCalls }) => refusedCalls)
    expect({ id, stdout: reports.at(-1)?.stdout, told }).toEqual({ id, stdout: hello.stdout, told: [] })
  }
})

test('a program has no descriptor of the listener, nor a way to one', async () => {
  const { stdout } = await run(
    syscalls(`
links = []
for fd in range(64):
    try: links.append(os.readlink(f'/proc/self/fd/{fd}').split(':')[0])
    except OSError: pass
print(links)
try: os.listdir('/proc/1/fd')
except OSError as e: print(e.strerror)
pidfd = os.pidfd_open(1)
print({name(call(438, pidfd, fd, 0)) for fd in range(32)})
# A second listener below the first.
class Program(ctypes.Structure): _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_char_p)]
allow = Program(1, (6).to_bytes(2, 'little') + bytes(2) + 0x7fff0000.to_bytes(4, 'little'))
print(name(call(317, 1, 8, ctypes.byref(allow))), name(call(317, 1, 0, ctypes.byref(allow))), name(call(165, 0, 0, 0, 0, 0)))`),
  )
  expect(stdout.split('\n')).toEqual([
    "['pipe', 'pipe', 'pipe']",
    'Permission denied',
    "{'EPERM'}",
    'ENOSYS ENOSYS EPERM',
    '',
  ])
})

test('a program sees no socket of the leader, however early it looks', async () => {
  const sandbox = await bench.shared()
  sandbox.begin(MIB)
  const seen = new Set<string>()
  for (let i = 0; i < 200; i++) seen.add((await stage(sandbox, ['cat', '/proc/net/unix'])).stdout)
  await sandbox.end()
  expect([...seen]).toEqual([expect.stringMatching(/^Num .*\n$/)])
})

describe('a flood of such calls', () => {
  const floods = [
    { title: 'ends by the wall limit', kind: [], changes: { wallMs: 1500 }, reason: 'wall', signal: 15 },
    { title: 'that ignores SIGTERM ends by it', kind: ['t'], changes: { wallMs: 1500 }, reason: 'wall', signal: 9 },
    { title: 'in a storm of signals ends by it', kind: ['s'], changes: { wallMs: 1500 }, reason: 'wall', signal: 15 },
    { title: 'ends by the CPU limit', kind: [], changes: { cpuMs: 1000 }, reason: 'cpu', signal: 9 },
  ]

  test.each(floods)('$title, and the next stage and job are unharmed', async ({ kind, changes, reason, signal }) => {
    const sandbox = await floodable()
    const ran = await stage(sandbox, ['./flood', ...kind], changes)
    expect(ran).toMatchObject({ reason, signal, stdout: 'up\n'.repeat(61), stderr: '', refusedCalls: [MOUNT] })
    expect(ran.refusedCalls[0]?.count).toBeGreaterThan(1000)
    expect(await stage(sandbox, 'echo fine')).toMatchObject({ reason: 'exit', stdout: 'fine\n', refusedCalls: [] })
    await sandbox.end()
    expect(await run('echo fine', {}, { sandbox })).toMatchObject({ exitCode: 0, stdout: 'fine\n', refusedCalls: [] })
    await sandbox.destroy()
  })

  test('lets output and orders through', async () => {
    const sandbox = await floodable()
    let told = false
    const ran = await stage(
      sandbox,
      ['./flood'],
      { graceMs: 0 },
      {
        onOutput: (_, soFar) => {
          if (soFar.length < 61 * 3 || told) return
          told = true
          sandbox.kill()
        },
      },
    )
    expect(ran).toMatchObject({ reason: 'kill', signal: 9, refusedCalls: [MOUNT] })
    await sandbox.destroy()
  })

  test('costs its stage the CPU time of the leader, who answers in a few kilobytes', async () => {
    const { stdout, cpuUs } = await run(
      syscalls(`
import resource, time
def leader(): return sum(int(x) for x in open('/proc/1/stat').read().rsplit(')', 1)[1].split()[11:13]) / os.sysconf('SC_CLK_TCK')
def resident(): return int(open('/proc/1/statm').read().split()[1]) * 4
def spent(who): return sum(resource.getrusage(who)[:2])
before, pids = leader(), []
for _ in range(60):
    pid = os.fork()
    if pid == 0:
        while True: libc.mount(b'x', b'/tmp', b'tmpfs', 0, 0)
    pids.append(pid)
kilobytes = resident()
time.sleep(1.5)
print(resident() - kilobytes)
for pid in pids: os.kill(pid, 9); os.waitpid(pid, 0)
print(spent(resource.RUSAGE_SELF) + spent(resource.RUSAGE_CHILDREN)); print(leader() - before)`),
    )
    const [kilobytes = NaN, program = NaN, leader = NaN] = stdout.trim().split('\n').map(Number)
    expect(kilobytes).toBeLessThanOrEqual(64)
    expect(leader).toBeGreaterThan(0.1)
    expect(cpuUs / 1e6).toBeGreaterThan(program + 0.8 * leader)
  })

  test('by processes that are killed while they wait is no trouble', async () => {
    const { refusedCalls, ...ran } = await run(
      syscalls(`
import signal, time
for _ in range(200):
    pid = os.fork()
    if pid == 0:
        while True: libc.mount(b'x', b'/tmp', b'tmpfs', 0, 0)
    time.sleep(0.001)
    os.kill(pid, 9); os.waitpid(pid, 0)
print(name(call(165, b'x', b'/tmp', b'tmpfs', 0, 0)))`),
    )
    expect(ran).toMatchObject({ reason: 'exit', exitCode: 0, stdout: 'EPERM\n' })
    expect(refusedCalls).toEqual([MOUNT])
  })
})

describe('where the kernel tells nobody, calls are refused in silence', () => {
  const kernels = [
    { title: 'since it does not know how', operation: 2, flag: 0, errno: 95 },
    { title: 'since it does not know the flag', operation: 1, flag: 8, errno: 22 },
    { title: 'since somebody else listens', operation: 1, flag: 8, errno: 16 },
  ]

  test.each(kernels)('$title', async ({ operation, flag, errno }) => {
    const script = join(packageRoot(), 'tests/sandbox/refuse-listeners.py')
    const args = ['python3', '/refuse-listeners.py', operation, flag, errno].map(String)
    const raw = new RawSandbox(await bench.launch(args, [`${script}:/refuse-listeners.py:ro`]))
    await raw.begin()
    const program = syscalls(
      `print(name(call(165, 0, 0, 0, 0, 0)), name(call(272, 0x10000000)), name(call(101, 16, 1, 0, 0)))`,
    )
    raw.send(encodeStart({ ...STAGE, args: program }))
    const said = await raw.skipTo(FRAME.STDOUT)
    expect(said?.payload.toString()).toBe('EPERM EPERM EPERM\n')
    expect(await raw.report()).toMatchObject({ reason: 'exit', exitCode: 0, refusedCalls: [] })
    await raw.quit()
  })
})

describe('of sockets', () => {
  /** Makes 20,000 sockets of TCP while a handler without SA_RESTART runs every 50 microseconds, and names what they answered. */
  const INTERRUPTED = `
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
static void nothing(int number) { (void)number; }
int main(void)
{
    struct sigaction act = {.sa_handler = nothing};
    struct itimerval often = {{0, 50}, {0, 50}};
    int failed = 0, error = 0;
    if (access("/proc/sys/net/core/tstamp_allow_data", F_OK) < 0)
        return puts("counted") < 0;
    sigaction(SIGALRM, &act, 0);
    setitimer(ITIMER_REAL, &often, 0);
    for (int i = 0; i < 20000; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd < 0) {
            failed++;
            error = errno;
        } else
            close(fd);
    }
    memset(&often, 0, sizeof often);
    setitimer(ITIMER_REAL, &often, 0);
    return printf("%d failed: %s\\n", failed, strerror(error)) < 0;
}`

  test('those of TCP are made in a storm of signals as ever, where their connections are bounded otherwise', async () => {
    const sandbox = await bench.make({ language: 'c', memoryBytes: 512 * MIB })
    sandbox.begin(64 * MIB)
    sandbox.writeFile('interrupted.c', 0o644, Buffer.from(INTERRUPTED))
    expect((await stage(sandbox, ['gcc', '-Wall', '-O2', '-o', 'interrupted', 'interrupted.c'])).exitCode).toBe(0)
    const { stdout } = await stage(sandbox, ['./interrupted'])
    await sandbox.destroy()
    expect(stdout).toMatch(/^(0 failed: Success|counted)\n$/)
  })

  test('few listen at a time, and others once those are closed', async () => {
    const { stdout } = await run(
      python(`
import errno, os, socket, time
counted = not os.path.exists('/proc/sys/net/core/tstamp_allow_data')
def listen(held):
    one = socket.socket()
    one.bind(('127.0.0.1', 0))
    one.listen(1)
    held.append(one)
held, said = [], 'never'
try:
    for _ in range(200): listen(held)
except OSError as error: said = errno.errorcode[error.errno]
print(counted or (said, 40 <= len(held) <= 48))
for one in held: one.close()
local = socket.socket(socket.AF_UNIX)
local.bind('local')
while True:
    try: local.listen(1); break
    except OSError: time.sleep(0.01)
for _ in range(1000): held.clear(); listen(held); held[0].close()
print('again')`),
    )
    expect(stdout).toMatch(/^(True|\('ENOBUFS', True\))\nagain\n$/)
  })
})
