import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { MIB } from '../../src/shared/limits.ts'
import { encodeFrame, encodeKill, encodeStart } from '../../src/worker/sandbox/frames.ts'
import type { Launch } from '../../src/worker/sandbox/launch.ts'
import { DEVICES_FOLDER, ENVIRONMENT_FOLDER, FRAME, OPTION_DEVICES } from '../../src/worker/sandbox/protocol.ts'
import { attachedTransport, type Transport } from '../../src/worker/sandbox/transport.ts'
import { eventually } from '../support/eventually.ts'
import { hasIpv6, hasIpv6Loopback } from '../support/ipv6.ts'
import { createBench, python, type Ran, stage, STAGE, syscalls } from './init-harness.ts'

const bench = createBench('test-init-walls')
const { run } = bench
const readIfThere = (path: string): string => (existsSync(path) ? readFileSync(path, 'utf8').trim() : '')
/** As Python has it. */
const HAS_IPV6 = hasIpv6 ? 'True' : 'False'
afterAll(() => bench.close())

describe('a program', () => {
  test('has no capability in use, no way to new ones, and a filter', async () => {
    const { stdout } = await run([
      'grep',
      '-E',
      '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs|Seccomp|[UG]id|Groups):',
      '/proc/self/status',
    ])
    expect(
      stdout
        .replaceAll(/[\t ]+/g, ' ')
        .trim()
        .split('\n')
        .map((line) => line.trim())
        .sort(),
    ).toEqual([
      'CapAmb: 0000000000000000',
      'CapEff: 0000000000000000',
      'CapInh: 0000000000000000',
      'CapPrm: 0000000000000000',
      'Gid: 1000 1000 1000 1000',
      'Groups:',
      'NoNewPrivs: 1',
      'Seccomp: 2',
      'Uid: 1000 1000 1000 1000',
    ])
  })

  test('gains nothing by a setuid file', async () => {
    const ran = await run(
      'find / -xdev -perm /6000 -type f 2>/dev/null; cp /usr/bin/id a; chmod 6755 a; ./a -u; ./a -g',
    )
    expect(ran.stdout).toBe('1000\n1000\n')
  })

  test('is refused what reaches past its own processes', async () => {
    const { stdout } = await run(
      syscalls(`
NEWUSER = 0x10000000
buffer = ctypes.create_string_buffer(256)
for label, number, args in [
    ('unshare', 272, (NEWUSER,)), ('setns', 308, (0, NEWUSER)), ('mount', 165, (b'x', b'/tmp', b'tmpfs', 0, 0)),
    ('umount', 166, (b'/tmp', 2)), ('pivot_root', 155, (b'/', b'/')), ('chroot', 161, (b'/tmp',)),
    ('fsopen', 430, (b'tmpfs', 0)), ('open_tree', 428, (-100, b'/', 1)), ('mount_setattr', 442, (-100, b'/', 0, buffer, 32)),
    ('bpf', 321, (0, buffer, 120)), ('io_uring_setup', 425, (8, buffer)), ('userfaultfd', 323, (1,)),
    ('keyctl', 250, (0, -3, 0)), ('add_key', 248, (b'user', b'a', b'b', 1, -3)),
    ('perf_event_open', 298, (buffer, 0, -1, -1, 0)), ('ptrace', 101, (0, 0, 0, 0)),
    ('process_vm_readv', 310, (1, buffer, 1, buffer, 1, 0)), ('pidfd_getfd', 438, (0, 0, 0)), ('kcmp', 312, (1, 1, 0, 0, 0)),
    ('open_by_handle_at', 304, (-100, buffer, 0)), ('vmsplice', 278, (1, buffer, 0, 0)), ('syslog', 103, (3, buffer, 9)),
    ('clone NEWUSER', 56, (NEWUSER | 17, 0, 0, 0, 0)), ('clone NEWNET', 56, (0x40000000 | 17, 0, 0, 0, 0)),
    ('clone3', 435, (buffer, 88)), ('x32 getpid', 0x40000000 + 39, ()),
]:
    print(label, name(call(number, *args)))`),
    )
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ (?=\w+$)/))
    const missing = 'io_uring_setup userfaultfd keyctl add_key perf_event_open kcmp vmsplice clone3'.split(' ')
    const other = answers.filter(([, answer]) => answer !== 'EPERM')
    expect(other).toEqual([...missing, 'x32 getpid'].map((name) => [name, 'ENOSYS']))
    expect(answers.length).toBe(26)
  })

  test('cannot walk around the filter by calls of 32 bits', async () => {
    // mov eax, 20 (getpid); int 0x80; ret
    const { stdout, signal } = await run(
      syscalls(`
import mmap
code = mmap.mmap(-1, 4096, prot=7); code.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3')
at = ctypes.addressof(ctypes.c_char.from_buffer(code))
print(name(ctypes.CFUNCTYPE(ctypes.c_int)(at)()))`),
    )
    // A kernel built without such calls ends the program instead.
    if (signal === null) expect(stdout).toBe('ENOSYS\n')
    else expect(signal).toBe(11)
  })

  test('has the kinds of socket that stay in its cell, and no other', async () => {
    const { stdout } = await run(
      syscalls(`
def kind(call, family, type, protocol=0):
    result = libc.socket(family, type, protocol) if call == 'socket' else libc.socketpair(family, type, protocol, (ctypes.c_int * 2)())
    return 'ok' if result >= 0 else errno.errorcode[ctypes.get_errno()]
print([kind('socket', f, t) for f, t in ((1, 1), (1, 2), (1, 5), (2, 1), (2, 2), (10, 1), (10, 2))])
print(kind('socket', 16, 3), kind('socketpair', 1, 1), kind('socket', 2, 1, 6), kind('socket', 2, 2, 17))
print({kind('socket', f, t) for f in (0, 3, 4, 9, 15, 17, 21, 29, 30, 31, 38, 40, 44, 45) for t in (1, 2, 3, 5)})
print({kind('socketpair', f, t) for f in (0, 15, 17, 30, 38, 40) for t in (1, 5)})
print({kind('socket', f, t, p) for f in (2, 10) for t, p in ((3, 1), (1, 132), (5, 132), (1, 262), (6, 33), (6, 0), (2, 136), (10, 3))})
print({kind('socket', 16, 3, p) for p in range(1, 22)})
print({kind('socketpair', f, t, p) for f in (2, 10) for t, p in ((1, 0), (2, 0), (1, 132), (3, 1), (5, 132), (6, 33), (2, 136))})
fd = libc.socket(2, 2, 0)
print({errno.errorcode[ctypes.get_errno()] for request in (0x8940, 0x8941, 0x8982, 0x89a0, 0x89a1, 0x89a2, 0x89a3) if libc.ioctl(fd, request, None) < 0})`),
    )
    const ofIpv6 = hasIpv6 ? "'ok'" : "'EAFNOSUPPORT'"
    expect(stdout.trim().split('\n')).toEqual([
      `[${[...Array.from({ length: 5 }, () => "'ok'"), ofIpv6, ofIpv6].join(', ')}]`,
      'ok ok ok ok',
      "{'EAFNOSUPPORT'}",
      "{'EAFNOSUPPORT'}",
      "{'EPROTONOSUPPORT'}",
      "{'EPROTONOSUPPORT'}",
      "{'ENOTSUP'}",
      "{'EPERM'}",
    ])
  })

  test('has sockets of UDP up to a bound, and others again when it has closed them', async () => {
    const { stdout } = await run(
      python(`
import errno, socket
def fill():
    held = []
    try:
        while True: held.append(socket.socket(socket.AF_INET6 if ${HAS_IPV6} and len(held) % 2 else socket.AF_INET, socket.SOCK_DGRAM))
    except OSError as error: return len(held), errno.errorcode[error.errno]
print(fill(), fill())`),
      { openFiles: 1024 },
    )
    expect(stdout).toBe("(128, 'ENFILE') (128, 'ENFILE')\n")
  })

  test('has 300 connections to itself, and a bound above that, whether they are used or not', async () => {
    const { stdout, stderr } = await run(
      python(`
import asyncio, errno, socket
async def main():
    async def echo(reader, writer):
        writer.write(await reader.readline()); await writer.drain()
    server = await asyncio.start_server(echo, '127.0.0.1', 0, backlog=128)
    to = server.sockets[0].getsockname()
    clients = [await asyncio.open_connection(*to) for _ in range(300)]
    for _, writer in clients: writer.write(b'hello\\n')
    print({await reader.readline() for reader, _ in clients})
    for _, writer in clients: writer.close()
    server.close()
asyncio.run(main())
held = []
try:
    while True: held.append(socket.socket())
except OSError as error: print(len(held) <= 512, len(held) > 400, errno.errorcode[error.errno])`),
      { openFiles: 1024 },
    )
    expect(stderr).toBe('')
    // Where the kernel bounds what a connection takes, that of open files is the only one.
    expect(stdout).toMatch(/^\{b'hello\\n'\}\n(True True ENFILE|False True EMFILE)\n$/)
  })

  test('is told nothing of errors and times that would lie in queues of its sockets', async () => {
    const { stdout } = await run(
      python(`
import errno, socket, struct
def option(level, name, family=socket.AF_INET):
    try: one = socket.socket(family, socket.SOCK_DGRAM); one.setsockopt(level, name, 1); return one.getsockopt(level, name)
    except OSError as error: return errno.errorcode[error.errno]
print(option(0, 11), option(41, 25, socket.AF_INET6), option(1, 37), option(1, 65), option(41, 6, socket.AF_INET6))
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect(('127.0.0.1', 9)); one.setsockopt(0, 11, 1); one.send(b'x')
try: one.send(b'x')
except OSError as error: print(errno.errorcode[error.errno])`),
    )
    const [errors, hops] = hasIpv6 ? ['0', 'ENOPROTOOPT'] : ['EAFNOSUPPORT', 'EAFNOSUPPORT']
    expect(stdout).toBe(`0 ${errors} ENOPROTOOPT ENOPROTOOPT ${hops}\nECONNREFUSED\n`)
  })

  test('does not speculate past a store, where the processor has that fault', async () => {
    const { stdout } = await run(['grep', '^Speculation_Store_Bypass:', '/proc/self/status'])
    // What the machine can do for none of its processes it cannot do here: it says so of all.
    const isHelpless = readIfThere('/sys/devices/system/cpu/vulnerabilities/spec_store_bypass') === 'Vulnerable'
    const answers = isHelpless ? ['vulnerable'] : ['thread force mitigated', 'not vulnerable']
    // Nothing at all: a kernel that does not know of it.
    expect(['', ...answers]).toContain(stdout.split('\t').slice(1).join('').trim())
  })

  test('has nothing written to a disk of the machine', async () => {
    const { stdout } = await run(
      syscalls(`
SYNC, ASYNC, INVALIDATE, NOWHERE = 4, 1, 2, 1 << 20
print([name(call(26, NOWHERE, 4096, flags)) for flags in (SYNC, SYNC | INVALIDATE, ASYNC)])
print(name(call(162)), name(call(306, 99)), name(call(221, 99, 0, 0, 4)), name(call(221, 99, 0, 0, 3)))`),
    )
    // What is never done finds no fault in its arguments.
    expect(stdout).toBe("['ok', 'ok', 'ENOMEM']\nok ok ok EBADF\n")
  })

  test('cannot change the limit of core files, and may ask', async () => {
    const ran = await run(
      python(`
import resource
before = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
print(before == resource.getrlimit(resource.RLIMIT_CORE))
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20)); print(resource.getrlimit(resource.RLIMIT_NOFILE))`),
    )
    expect(ran.stdout).toBe('True\n(20, 20)\n')
  })
})

test('a program cannot slow the leader down while it is being signalled without pause', async () => {
  const raw = await bench.attach()
  await raw.begin()
  const program = syscalls(`
def nice():
    return open('/proc/1/stat').read().rsplit(')', 1)[1].split()[16]
before = nice()
print('up', flush=True)
import time
end = time.monotonic() + 1.5
while time.monotonic() < end:
    for _ in range(1000):
        libc.setpriority(0, 1, 19)
print(nice() == before)`)
  raw.send(encodeStart({ ...STAGE, args: program }))
  await raw.skipTo(FRAME.STDOUT)
  // SIGURG does nothing to who does not handle it.
  const signals = Buffer.concat(Array.from({ length: 2000 }, () => encodeKill(23)))
  let done = false
  const flood = async () => {
    while (!done) await new Promise((resolve) => raw.stream.write(signals, resolve))
  }
  const flooding = flood()
  const unchanged = (await raw.skipTo(FRAME.STDOUT))?.payload.toString()
  done = true
  await flooding
  expect(unchanged).toBe('True\n')
  expect(await raw.report()).toMatchObject({ reason: 'exit', exitCode: 0 })
})

describe('the file system', () => {
  test('can be written in the five places of the job alone', async () => {
    const { stdout } = await run(
      python(`
import os
found = []
for folder, _, files in os.walk('/', followlinks=False):
    if folder.startswith('/proc'): continue
    try: open(folder + '/.probe', 'w').close(); os.unlink(folder + '/.probe'); found.append(folder)
    except OSError: pass
print(sorted(found))
print(sorted(p for p in ('/etc/passwd', '/usr/bin/python3', '/.runyard/init', '/dev/null') if os.access(p, os.W_OK)))`),
    )
    expect(stdout).toBe("['/dev/shm', '/job', '/run', '/tmp', '/var/tmp']\n['/dev/null']\n")
  })

  test('of the kernel tells nothing of the machine and takes no orders', async () => {
    const { stdout } = await run(
      python(`
import os
def read(path):
    try: return open(path, 'rb').read(1)
    except OSError: return b''
files = 'cmdline diskstats interrupts kcore kallsyms keys key-users kmsg latency_stats modules partitions sched_debug schedstat softirqs sysrq-trigger timer_list'
print([name for name in files.split() if read('/proc/' + name)])
print([name for name in 'acpi asound bus driver fs irq pressure scsi'.split() if os.path.isdir('/proc/' + name) and os.listdir('/proc/' + name)])
print(os.listdir('/sys'), os.listdir('/dev/mqueue'))
wrote = []
for folder, _, names in os.walk('/proc/sys'):
    for name in names:
        try: os.close(os.open(folder + '/' + name, os.O_WRONLY)); wrote.append(name)
        except OSError: pass
print(wrote)`),
    )
    expect(stdout).toBe('[]\n[]\n[] []\n[]\n')
  })

  test('names no host, no folder of it but the image store, and nobody to ask', async () => {
    const { stdout } = await run(
      'cat /etc/hosts /etc/hostname /etc/resolv.conf; hostname; uname -n; cat /proc/self/mountinfo',
    )
    const [hosts, ...rest] = stdout.split('\nsandbox\n')
    expect(hosts).toBe('127.0.0.1 localhost sandbox\n::1 localhost')
    expect(rest.slice(0, -1)).toEqual(expect.arrayContaining(['sandbox']))
    expect(stdout).not.toMatch(/userdata|containers\/storage\/overlay-containers|\.containerenv|secrets/)
    expect((await run('ls /run /run/secrets /.dockerenv /run/.containerenv 2>/dev/null')).stdout).toBe('/run:\n')
  })
})

test('the network is a loopback and nothing else', async () => {
  const { stdout } = await run(
    python(`
import socket
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen()
client = socket.create_connection(server.getsockname()); client.send(b'hello')
print(server.accept()[0].recv(5), [name for _, name in socket.if_nameindex()])
if ${hasIpv6Loopback ? 'True' : 'False'}: six = socket.socket(socket.AF_INET6); six.bind(('::1', 0))
print('six')
for to in ('169.254.169.254', '10.0.2.2', '1.1.1.1', '127.0.0.1'):
    try: socket.create_connection((to, 6379), timeout=1); print('reached', to)
    except OSError as e: print(e.errno)
try: socket.getaddrinfo('example.com', 80); print('resolved')
except OSError: print('unknown')`),
  )
  expect(stdout).toBe("b'hello' ['lo']\nsix\n101\n101\n101\n111\nunknown\n")
})

describe('a file that is written', () => {
  const write = async (prepare: string, path: string, content = 'planted', fileBytes = 4 * MIB) => {
    const sandbox = await bench.shared()
    sandbox.begin(fileBytes)
    await stage(sandbox, prepare)
    sandbox.writeFile(path, 0o600, Buffer.from(content))
    const ran = await stage(sandbox, ['cat', path])
    const look = await stage(sandbox, 'cat /tmp/target /tmp/planted 2>/dev/null; echo looked')
    await sandbox.end()
    return { ...ran, look: look.stdout }
  }

  test('makes its folders, has its mode and belongs to the program', async () => {
    const sandbox = await bench.shared()
    sandbox.begin(4 * MIB)
    sandbox.writeFile('a/b/c.sh', 0o4750, Buffer.from('#!/bin/sh\necho ran\n'))
    sandbox.writeFile('empty', 0o600, Buffer.alloc(0))
    sandbox.writeFile('large', 0o600, Buffer.alloc(700_000, 'x'))
    const ran = await stage(sandbox, 'stat -c "%a %u %g %s" a a/b a/b/c.sh empty large; a/b/c.sh')
    await sandbox.end()
    expect(ran.stdout.replaceAll(/^755 1000 1000 \d+$/gm, 'folder')).toBe(
      'folder\nfolder\n750 1000 1000 19\n600 1000 1000 0\n600 1000 1000 700000\nran\n',
    )
  })

  test.each(['/tmp/planted', '../tmp/planted', 'a/../../tmp/planted', './planted', 'a//b', 'a/', '', '.', '..', 'a/.'])(
    'does not take the path %j',
    async (path) => {
      const ran = await write('true', path)
      expect(ran).toMatchObject({ reason: 'start', error: { call: 'write', errno: 22 }, look: 'looked\n' })
    },
  )

  test.each([
    ['a link to a file', 'echo safe > /tmp/target; ln -s /tmp/target x', 'x', 40],
    ['a link to a file of the image', 'ln -s /etc/passwd x', 'x', 40],
    ['a link to nothing', 'ln -s /tmp/planted x', 'x', 40],
    ['a link to a folder', 'ln -s /tmp x', 'x/planted', 20],
    ['a link within the job', 'mkdir y; ln -s y x', 'x/planted', 20],
    ['a magic link', 'ln -s /proc/self/root x', 'x/tmp/planted', 20],
    ['a FIFO', 'mkfifo x', 'x', 6],
    ['a folder', 'mkdir x', 'x', 21],
    ['a socket', `python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('x')"`, 'x', 6],
  ])('does not go through %s', async (_, prepare, path, number) => {
    const ran = await write(prepare, path)
    expect(ran).toMatchObject({ reason: 'start', error: { call: 'write', errno: number } })
    expect(ran.look).toBe(prepare.includes('safe') ? 'safe\nlooked\n' : 'looked\n')
  })

  test('is refused where the file system is full', async () => {
    const ran = await write('true', 'big', 'x'.repeat(3 * MIB), MIB)
    expect(ran).toMatchObject({ reason: 'start', error: { call: 'write', errno: 28 } })
  })

  test('that was refused stops one stage, not the next', async () => {
    const sandbox = await bench.shared()
    sandbox.begin(4 * MIB)
    sandbox.writeFile('/etc/passwd', 0o644, Buffer.from('x'))
    sandbox.writeFile('fine', 0o644, Buffer.from('fine'))
    expect(await stage(sandbox, ['cat', 'fine'])).toMatchObject({ reason: 'start' })
    expect(await stage(sandbox, ['cat', 'fine'])).toMatchObject({ reason: 'exit', stdout: 'fine' })
    await sandbox.end()
  })
})

describe('the sandbox ends', () => {
  const start = (records: string) => encodeFrame(FRAME.START, records)
  const begin = (records: string) => encodeFrame(FRAME.BEGIN, records)
  // The engine takes seconds to remove what ended: all of them are waited for at once, below.
  const ended: string[] = []

  test.each<[string, boolean, Uint8Array]>([
    ['a job without a beginning', false, encodeStart(STAGE)],
    ['a type that is none', false, Buffer.from('?\0\0\0\0')],
    ['an oversized frame', false, Buffer.from('B\u00ff\u00ff\u00ff\u00ff', 'latin1')],
    ['a file system without bytes', false, begin('b0\0i100\0')],
    ['a file system without inodes', false, begin('b65536\0i0\0')],
    ['a file system too small to stand', false, begin('b65536\0i1\0')],
    ['a second beginning', true, begin('b65536\0i100\0')],
    ['a record that is unknown', true, start('atrue\0zz\0')],
    ['a record list without its end', true, start('atrue\0w1\0c1')],
    ['an empty record', true, start('atrue\0\0')],
    ['a number that is none', true, start('atrue\0w1x\0')],
    ['a negative number', true, start('atrue\0w-1\0')],
    ['a number too large', true, start('atrue\0w1\0c9007199254740992\0')],
    ['a stage without a program', true, start('w1\0c1\0')],
    ['a stage without limits of time', true, start('atrue\0')],
    ['a file without a path', true, encodeFrame(FRAME.WRITE, '\0\0\0abc')],
    ['a signal that is not one byte', true, encodeFrame(FRAME.KILL, '\0\0')],
    ['what only init sends', true, encodeFrame(FRAME.DONE, '{}')],
  ])('by %s', async (_, begun, frame) => {
    const raw = await bench.attach()
    if (begun) await raw.begin()
    else await raw.skipTo(FRAME.READY)
    raw.send(frame)
    expect(await raw.rest()).toEqual([expect.stringMatching(/^F \S/)])
    ended.push(raw.id)
  })

  test('and with it its container', async () => {
    for (const id of ended) await gone(id)
    expect(ended.length).toBeGreaterThan(0)
  })

  test('by more input than the window', async () => {
    const raw = await bench.attach()
    await raw.begin()
    const piece = encodeFrame(FRAME.INPUT, Buffer.alloc(262_144))
    raw.send(encodeStart({ ...STAGE, args: ['sleep', '60'], stdin: true }), piece, piece)
    expect((await raw.rest()).at(-1)).toMatch(/^F /)
  })

  test('with its standard input, whatever it was doing', async () => {
    const raw = await bench.attach()
    await raw.begin()
    // No limit of its own ends it before.
    raw.send(encodeStart({ ...STAGE, wallMs: 600_000, args: ['sh', '-c', "trap '' TERM; echo up; sleep 600 & wait"] }))
    await raw.skipTo(FRAME.STDOUT)
    raw.stream.destroy()
    await gone(raw.id)
    const idle = await bench.attach()
    await idle.skipTo(FRAME.READY)
    idle.stream.end()
    await gone(idle.id)
  })

  const gone = (id: string) =>
    eventually(`container ${id} is gone`, async () => {
      const left = await bench.engine.containers(CONTAINER_LABEL.namespace, 'test-init-walls')
      return !left.some((container) => container.id === id)
    })
})

/** A transport, and what init says for the log beside its frames. */
const listening = (transport: Transport, hear: (text: string) => void): Transport => ({
  ...transport,
  listen(listener) {
    const text = (bytes: Buffer) => {
      hear(bytes.toString())
      listener.text(bytes)
    }
    transport.listen({ ...listener, text })
  },
})

test('device nodes of the sandbox’s own that cannot be opened are told of once, and no job sees them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runyard-devices-'))
  // Files of somebody who is nobody in the container.
  const mounts = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => {
    writeFileSync(join(folder, name), '', { mode: 0 })
    return { Type: 'bind' as const, Source: join(folder, name), Target: join(DEVICES_FOLDER, name) }
  })
  let said = ''
  const launch: Launch = async (options) => {
    const { HostConfig, Cmd = [] } = options
    const more = {
      Cmd: [...Cmd, OPTION_DEVICES],
      HostConfig: { ...HostConfig, Mounts: [...(HostConfig?.Mounts ?? []), ...mounts] },
    }
    return listening(attachedTransport(await bench.engine.launch({ ...options, ...more })), (text) => (said += text))
  }
  try {
    const sandbox = await bench.make({ launch })
    const { stdout } = await run(
      'grep /run/devices /proc/self/mountinfo; echo lost > /dev/null && echo fine',
      {},
      { sandbox },
    )
    expect(stdout).toBe('fine\n')
    expect(said.split('\n').filter((line) => line.includes(DEVICES_FOLDER))).toEqual([
      expect.stringMatching(/^\/run\/devices\/null: .*; the machine's is used/),
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('the packages of an environment', () => {
  /** A sandbox that has this folder of the machine as its environment, and what its init says to the log. */
  const withEnvironment = async (folder: string) => {
    let said = ''
    const launch: Launch = async (options) => {
      const { HostConfig } = options
      const mount = { Type: 'bind' as const, Source: folder, Target: ENVIRONMENT_FOLDER, ReadOnly: true }
      const more = { HostConfig: { ...HostConfig, Mounts: [...(HostConfig?.Mounts ?? []), mount] } }
      return listening(attachedTransport(await bench.engine.launch({ ...options, ...more })), (text) => (said += text))
    }
    const sandbox = await bench.make({ launch })
    sandbox.begin(MIB)
    return { sandbox, said: () => said }
  }
  /** Holds its locks until its input ends. */
  const LOCK = python(`
import fcntl, os, struct, sys
fd = os.open('/environment/lib/module.py', os.O_RDONLY)
try:
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack('hhqqi', fcntl.F_RDLCK, 0, 0, 1, 0))
    print('locked', flush=True)
except BlockingIOError: print('held by another', flush=True)
os.fsync(fd); os.fsync(os.open('/environment/lib', os.O_RDONLY))
sys.stdin.read()`)

  /** Whether the kernel has overlayfs for containers, which it has had since 5.11. A module is loaded by then: init has tried to mount one. */
  const hasOverlay = () => {
    const [major = 0, minor = 0] = release().split('.').map(Number)
    return major * 1000 + minor >= 5011 && /\toverlay$/m.test(readFileSync('/proc/filesystems', 'utf8'))
  }

  test('are files of the sandbox alone: its locks are on no file of the machine, and a neighbour feels none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runyard-environment-'))
    try {
      mkdirSync(join(folder, 'lib'))
      writeFileSync(join(folder, 'lib/module.py'), 'print("imported")\n')
      for (const [path, mode] of Object.entries({ '.': 0o755, lib: 0o755, 'lib/module.py': 0o644 }))
        chmodSync(join(folder, path), mode)
      const [one, other] = [await withEnvironment(folder), await withEnvironment(folder)]
      let locks = ''
      let neighbour: Promise<Ran> | undefined
      const held = stage(
        one.sandbox,
        LOCK,
        {},
        {
          isHeldOpen: true,
          onOutput: () => {
            locks = readFileSync('/proc/locks', 'utf8')
            // The locks are held until the neighbour has tried.
            neighbour ??= stage(other.sandbox, LOCK, {}, { stdin: new Uint8Array() }).finally(() =>
              one.sandbox.endInput(),
            )
          },
        },
      )
      const ended = { exitCode: 0, stdout: 'locked\n', stderr: '' }
      expect(await held).toMatchObject(ended)
      const { dev, ino } = statSync(join(folder, 'lib/module.py'))
      const hex = (number: number) => number.toString(16).padStart(2, '0')
      const name = ` ${hex((dev >> 8) & 0xfff)}:${hex((dev & 0xff) | ((dev >> 12) & 0xfff00))}:${ino} `
      const seen = await stage(
        one.sandbox,
        'python3 /environment/lib/module.py; touch /environment/x; stat -f -c %T /environment; grep -c /environment /proc/self/mountinfo',
      )
      expect(seen.stderr).toMatch(/Read-only file system/)
      if (hasOverlay()) {
        expect(await neighbour).toMatchObject(ended)
        expect(locks).not.toContain(name)
        expect(seen.stdout).toBe('imported\noverlayfs\n1\n')
        expect([one.said(), other.said()]).toEqual(['', ''])
      } else {
        // They are the machine's, and the log says so.
        expect(await neighbour).toMatchObject({ ...ended, stdout: 'held by another\n' })
        expect(locks).toContain(name)
        expect(seen.stdout).toMatch(/^imported\n(?!overlayfs)\S+\n1\n$/)
        expect(one.said()).toMatch(/^\/environment: .*; its files are the machine's$/m)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

test("a sandbox whose devices are the machine's may hold few locks", async () => {
  const launch: Launch = async (options) => attachedTransport(await bench.engine.launch(options))
  const { stdout } = await run(
    python(`
import errno, fcntl, os, struct
fd = os.open('/dev/null', os.O_RDWR)
def lock(kind, at): fcntl.fcntl(fd, fcntl.F_SETLK, struct.pack('hhqqi', kind, 0, at, 1, 0))
# One at a time is what most programs do.
for _ in range(1000): lock(fcntl.F_WRLCK, 0); lock(fcntl.F_UNLCK, 0)
count = 0
try:
    for count in range(2000): lock(fcntl.F_WRLCK, 2 * count)
except OSError as error: print(count, errno.errorcode[error.errno])`),
    {},
    { sandbox: await bench.make({ launch }) },
  )
  expect(stdout).toBe('256 ENOLCK\n')
})
