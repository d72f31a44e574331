import { MIB } from '../../src/shared/limits.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { createBench, python, stage } from './init-harness.ts'

const bench = createBench('test-init-renew', { isSanitized: true })
afterAll(() => bench.close())

const FILE_BYTES = 8 * MIB

async function job(work: (sandbox: Sandbox) => Promise<void>, fileBytes = FILE_BYTES): Promise<void> {
  const sandbox = await bench.shared()
  sandbox.begin(fileBytes)
  await work(sandbox)
  await sandbox.end()
}

/** Leaves something of every kind that outlives a process. */
const LITTER = python(`
import ctypes, os, socket
for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run'): open(folder + '/left', 'w').write('left')
open('main.txt', 'w').write('rewritten')
os.chmod('/job', 0o700)
libc = ctypes.CDLL(None, use_errno=True)
print(libc.shmget(4711, 4096, 0o1600) >= 0, libc.semget(4711, 1, 0o1600) >= 0, libc.msgget(4711, 0o1600) >= 0)
librt = ctypes.CDLL('librt.so.1')
print(librt.mq_open(b'/left', os.O_CREAT | os.O_RDWR, 0o600, None) >= 0)
one = socket.create_server(('127.0.0.1', 4711), reuse_port=False)
two = socket.create_connection(('127.0.0.1', 4711))
one.accept()[0].close()
if os.fork() == 0:
    os.setsid()
    while True: os.getppid()
`)
const LOOK = python(`
import ctypes, os, socket
print([len(os.listdir(folder)) for folder in ('/job', '/tmp', '/var/tmp', '/dev/shm', '/run')])
print(open('main.txt').read(), oct(os.stat('/job').st_mode & 0o777), os.getpid())
libc = ctypes.CDLL(None, use_errno=True)
print(libc.shmget(4711, 4096, 0), libc.semget(4711, 1, 0), libc.msgget(4711, 0))
print(ctypes.CDLL('librt.so.1').mq_open(b'/left', os.O_RDWR))
socket.create_server(('127.0.0.1', 4711), reuse_port=False).setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
print(sum(one.isdigit() for one in os.listdir('/proc')))
`)

describe('a job that goes on in a new cell', () => {
  test.each(['files', 'folder'] as const)('finds its %s and nothing of the stages before', async (from) => {
    await job(async (sandbox) => {
      sandbox.writeFile('main.txt', 0o644, Buffer.from('as it was'))
      if (from === 'folder') await sandbox.renew(from)
      const first = await stage(sandbox, LITTER)
      expect(first).toMatchObject({ exitCode: 0, stdout: 'True True True\nTrue\n' })
      for (const _ of [1, 2]) {
        await sandbox.renew(from)
        const next = await stage(sandbox, LOOK)
        expect(next.stderr).toBe('')
        expect(next.stdout).toBe('[1, 0, 0, 0, 0]\nas it was 0o755 2\n-1 -1 -1\n-1\n2\n')
        await stage(sandbox, LITTER)
      }
    })
  })

  test('has its folder with modes, times, links, holes and folders as they were', async () => {
    await job(async (sandbox) => {
      const made = await stage(
        sandbox,
        `mkdir -p a/b empty; echo '#!/bin/sh
echo ran' > a/b/run; chmod 751 a/b/run; ln -s b/run a/link; ln -s /etc/hosts out; mkfifo -m 640 pipe
touch -d @1000000000 a/b/run; chmod 750 empty; truncate -s 4M holes; printf x | dd of=holes bs=1 seek=3000000 conv=notrunc 2>&- ; echo t > /tmp/gone`,
      )
      expect(made).toMatchObject({ exitCode: 0, stderr: '' })
      await sandbox.renew('folder')
      const found = await stage(
        sandbox,
        `stat -c '%n %a %F %Y' a/b/run; stat -c '%n %a %F' empty pipe; readlink a/link out; a/link
stat -c '%s' holes; [ $(stat -c %b holes) -lt 64 ] && tail -c +3000001 holes | head -c 1; echo; ls -a /tmp | wc -l`,
      )
      expect(found.stderr).toBe('')
      expect(found.stdout).toBe(
        `a/b/run 751 regular file 1000000000\nempty 750 directory\npipe 640 fifo\nb/run\n/etc/hosts\nran\n4194304\nx\n2\n`,
      )
    })
  })

  test('has what its owner may not read, with the modes it had', async () => {
    await job(async (sandbox) => {
      const made = await stage(sandbox, 'mkdir -p d/e; echo x > d/e/f; echo y > g; chmod 0 d/e/f d/e d; chmod 200 g')
      expect(made).toMatchObject({ exitCode: 0, stderr: '' })
      for (const _ of [1, 2]) {
        await sandbox.renew('folder')
        const found = await stage(sandbox, "stat -c '%n %a' d g; chmod -R u=rwx d g; cat d/e/f g")
        expect(found).toMatchObject({ stdout: 'd 0\ng 200\nx\ny\n', stderr: '' })
      }
    })
  })

  test('has a file system of the same size', async () => {
    await job(async (sandbox) => {
      await stage(sandbox, 'head -c 3M /dev/zero > three')
      await sandbox.renew('folder')
      const ran = await stage(sandbox, 'head -c 9M /dev/zero > rest 2>&-; stat -c %s three rest')
      expect(ran.stdout).toMatch(/^3145728\n52\d{5}\n$/)
    })
  })

  test.each([
    ['is deeper than can be copied', 'for i in $(seq 80); do mkdir d && cd d || exit 1; done', 36],
    ['cannot be entered itself', 'chmod 0 /job', 13],
  ])('whose folder %s says so with its next stage', async (_, program, errno) => {
    const sandbox = await bench.shared()
    const before = sandbox.jobs
    await job(async () => {
      expect(await stage(sandbox, program)).toMatchObject({ exitCode: 0 })
      await sandbox.renew('folder')
      const next = await stage(sandbox, 'true')
      expect(next).toMatchObject({ reason: 'start', error: { call: 'restore', errno } })
    })
    expect(await bench.run('ls')).toMatchObject({ exitCode: 0, stdout: '' })
    expect(sandbox.jobs).toBe(before + 2)
  })

  test('leaves nothing to the next job, which has its own', async () => {
    await job(async (sandbox) => {
      await stage(sandbox, 'echo secret > secret')
      await sandbox.renew('folder')
    })
    await job(async (sandbox) => {
      await sandbox.renew('folder')
      expect(await stage(sandbox, 'ls -A')).toMatchObject({ stdout: '' })
    })
  })
})
