import { CONTAINER_LABEL } from '../../src/shared/container-label.ts'
import { KIB, MIB } from '../../src/shared/limits.ts'
import { encodeGather } from '../../src/worker/sandbox/artifact-frames.ts'
import { encodeFrame, encodeStart } from '../../src/worker/sandbox/frames.ts'
import { FRAME } from '../../src/worker/sandbox/protocol.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'
import { createBench, python, type RawSandbox, type Ran, stage, STAGE } from './init-harness.ts'
import { eventually } from '../support/eventually.ts'
import { sameBytes } from '../support/same-bytes.ts'

const bench = createBench('test-init-artifacts')
afterAll(() => bench.close())

const NOTHING_MISSING = { tooLarge: 0, unreadable: 0, unusable: 0, special: 0, deep: 0, stopped: null }
const LIMITS = { maxBytes: 4 * MIB, maxFiles: 64 }

interface Options {
  limits?: typeof LIMITS
  sandbox?: Sandbox
  fileBytes?: number
  changes?: Parameters<typeof stage>[2]
}

/** One job: a stage, what is found after it, and a look whether the next stage is none the worse. */
async function gather(program: string | string[], globs: string[], options: Options = {}) {
  const sandbox = options.sandbox ?? (await bench.shared())
  sandbox.begin(options.fileBytes ?? 8 * MIB)
  const ran = await stage(sandbox, program, options.changes)
  const { files, missing } = await sandbox.gather({ globs, ...(options.limits ?? LIMITS) })
  const after = await stage(sandbox, 'echo fine')
  await sandbox.end()
  expect(after).toMatchObject({ reason: 'exit', stdout: 'fine\n' })
  expectRan(ran)
  return { files, missing, texts: Object.fromEntries(files.map(({ path, content }) => [path, content.toString()])) }
}

function expectRan({ exitCode, stderr }: Ran): void {
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
}

describe('a glob', () => {
  const TREE = [
    'a.txt',
    'b.txt',
    'B.csv',
    '.hidden',
    'x[1]',
    'ü',
    'é-日',
    'out/1.png',
    'out/22.png',
    'out/.cache/c.png',
    'out/deep/er/3.png',
    'dir/a.txt',
    'dir/dir/a.txt',
  ]
  const found = new Map<string, string[]>()
  const cases: [glob: string, paths: string[]][] = [
    ['a.txt', ['a.txt']],
    ['*.txt', ['a.txt', 'b.txt']],
    ['[ab].txt', ['a.txt', 'b.txt']],
    ['[!a].*', ['B.csv', 'b.txt']],
    ['[a-c].*', ['a.txt', 'b.txt']],
    ['[A-C].*', ['B.csv']],
    ['x[[]1[]]', ['x[1]']],
    ['x[]1-[]1[]-]', ['x[1]']],
    ['?', ['ü']],
    ['[ö-ÿ]', ['ü']],
    ['é-?', ['é-日']],
    ['??', []],
    ['*', ['B.csv', 'a.txt', 'b.txt', 'x[1]', 'é-日', 'ü']],
    ['.*', ['.hidden']],
    ['?hidden', []],
    ['[.]hidden', []],
    ['out/*', ['out/1.png', 'out/22.png']],
    ['out/?.png', ['out/1.png']],
    ['out/*/*.png', []],
    ['out/**/*.png', ['out/1.png', 'out/22.png', 'out/deep/er/3.png']],
    ['out/.cache/*', ['out/.cache/c.png']],
    ['out/**', ['out/1.png', 'out/22.png', 'out/deep/er/3.png']],
    ['**/a.txt', ['a.txt', 'dir/a.txt', 'dir/dir/a.txt']],
    ['**/dir/**/a.txt', ['dir/a.txt', 'dir/dir/a.txt']],
    ['**/dir/dir/**', ['dir/dir/a.txt']],
    ['**/**/**/3.png', ['out/deep/er/3.png']],
    ['*/a*t', ['dir/a.txt']],
    ['out', []],
    ['nosuch/*', []],
    ['*.txt*', ['a.txt', 'b.txt']],
    ['*a*.*t*x*t*', ['a.txt']],
  ]
  beforeAll(async () => {
    const sandbox = await bench.shared()
    sandbox.begin(8 * MIB)
    for (const path of TREE) sandbox.writeFile(path, 0o644, Buffer.from(path))
    expectRan(await stage(sandbox, ['true']))
    for (const [glob] of cases) {
      const { files, missing } = await sandbox.gather({ globs: [glob], ...LIMITS })
      expect(missing).toEqual(NOTHING_MISSING)
      for (const { path, content } of files) expect(content.toString()).toBe(path)
      found.set(
        glob,
        files.map(({ path }) => path),
      )
    }
    await sandbox.end()
  })

  test.each(cases)('%s finds %j', (glob, paths) => expect(found.get(glob)).toEqual(paths))

  test('of several finds a file once', async () => {
    const { texts } = await gather('mkdir d; echo 1 > a; echo 2 > d/b', ['a', '*', '**/*', '**', 'd/?'])
    expect(texts).toEqual({ a: '1\n', 'd/b': '2\n' })
  })

  test('that costs all the time there is ends the search', async () => {
    const slow = `*[${'b-c'.repeat(80)}a]b`
    const tree = python(`for i in range(1800): open('a' * 250 + str(i), 'w')`)
    const { files, missing } = await gather(
      tree,
      Array.from({ length: 16 }, () => slow),
    )
    expect({ files, missing }).toEqual({ files: [], missing: { ...NOTHING_MISSING, stopped: 'time' } })
  })

  test('that is made to be slow is not', async () => {
    const name = 'a'.repeat(255)
    const slow = [
      `${'*a'.repeat(120)}b`,
      `${'**/'.repeat(31)}nosuch`,
      `${'[a-z]*'.repeat(40)}!`,
      `${'**/a*/'.repeat(15)}b`,
    ]
    const tree = `mkdir -p $(printf '${'a/'.repeat(20)}') && for d in . a a/a a/a/a; do for i in 1 2 3; do : > $d/${name.slice(1)}$i; done; done`
    const { files } = await gather(tree, [...slow, ...slow, ...slow, ...slow])
    expect(files).toEqual([])
  })
})

describe('content', () => {
  test('is whole, of any bytes and of no bytes', async () => {
    const code = `open('big', 'wb').write(bytes(i * 7919 % 256 for i in range(700_001))); open('empty', 'w')`
    const { files, missing } = await gather(python(code), ['*'])
    expect(files.map(({ path }) => path)).toEqual(['big', 'empty'])
    const big = Uint8Array.from({ length: 700_001 }, (_, i) => (i * 7919) % 256)
    expect(sameBytes(files[0]?.content ?? Buffer.of(), big)).toBe('the same')
    expect(files[1]?.content.length).toBe(0)
    expect(missing).toEqual(NOTHING_MISSING)
  })

  test('is that of the moment at which the last process was killed', async () => {
    const code = `
import os, sys
if os.fork() == 0:
    os.setsid()
    with open('growing', 'ab', buffering=0) as file:
        while True: file.write(b'x' * 1000)
while not os.path.exists('growing') or os.path.getsize('growing') < 5000: pass`
    const { files, missing } = await gather(python(code), ['growing'], { limits: { maxBytes: 8 * MIB, maxFiles: 1 } })
    expect(files[0]?.content.length).toBeGreaterThanOrEqual(5000)
    expect(files[0]?.content.every((byte) => byte === 0x78)).toBe(true)
    expect(missing).toEqual(NOTHING_MISSING)
  })

  test('up to the limits is taken, beyond them left out and told', async () => {
    const limits = { maxBytes: 10, maxFiles: 3 }
    const exact = await gather('printf 1234567890 > a; : > b; : > c', ['*'], { limits })
    expect(exact.files.map(({ path }) => path)).toEqual(['a', 'b', 'c'])
    expect(exact.missing).toEqual(NOTHING_MISSING)
    const large = await gather('printf 12345678901 > a; printf 1 > b', ['*'], { limits })
    expect(large.texts).toEqual({ b: '1' })
    expect(large.missing).toEqual({ ...NOTHING_MISSING, tooLarge: 1 })
    const many = await gather(': > a; : > b; : > c; : > d', ['*'], { limits })
    expect(many.files.length).toBe(3)
    expect(many.missing).toEqual({ ...NOTHING_MISSING, stopped: 'files' })
  })

  test('of a sparse file counts as large as it says it is', async () => {
    const { texts, missing } = await gather('truncate -s 1G big; echo 1 > small', ['*'], {
      changes: { fileBytes: 2 ** 31 },
    })
    expect(texts).toEqual({ small: '1\n' })
    expect(missing).toEqual({ ...NOTHING_MISSING, tooLarge: 1 })
  })
})

describe('what is no file of the job', () => {
  test.each([
    ['a link to a file of the image', 'ln -s /etc/passwd x', 'x'],
    ['a link to a device', 'ln -s /dev/urandom x', 'x'],
    ['a link to a file of the job', 'echo 1 > .y; ln -s .y x', 'x'],
    ['a link to nothing', 'ln -s nosuch x', 'x'],
    ['a link to itself', 'ln -s x x', 'x'],
    ['a magic link', 'ln -s /proc/self/exe x', 'x'],
    ['a FIFO', 'mkfifo x', 'x'],
    ['a socket', `python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('x')"`, 'x'],
  ])('is not read: %s', async (_, prepare, glob) => {
    const { files, missing } = await gather(prepare, [glob])
    expect(files).toEqual([])
    expect(missing).toEqual({ ...NOTHING_MISSING, special: 1 })
  })

  test.each([
    ['a link to a folder of the image', 'ln -s /etc x', 'x/passwd'],
    ['a link to the root', 'ln -s / x', 'x/etc/passwd'],
    ['a link to a folder of the job', 'mkdir .y; echo 1 > .y/a; ln -s .y x', 'x/*'],
    ['a link to its own folder', 'ln -s . x', 'x/**'],
    ['a link to the folder above', 'ln -s .. x', '**/passwd'],
    ['a magic link', 'ln -s /proc/self/root x; ln -s /proc/self/cwd y', '*/etc/passwd'],
    ['another folder of the job', 'echo 1 > /tmp/a', '**/a'],
  ])('is not entered: %s', async (_, prepare, glob) => {
    const { files } = await gather(prepare, [glob])
    expect(files).toEqual([])
  })

  test('cannot be made: a device', async () => {
    const code = `
import os, stat
for kind in (stat.S_IFCHR, stat.S_IFBLK):
    try: os.mknod('x', kind | 0o666, os.makedev(1, 9))
    except PermissionError: pass`
    const { files, missing } = await gather(python(code), ['*'])
    expect({ files, missing }).toEqual({ files: [], missing: NOTHING_MISSING })
  })

  test('a file of several names is read by each; a name of a file outside cannot be made', async () => {
    const { texts } = await gather('echo 1 > a; ln a b; ! ln /etc/passwd c 2>/dev/null', ['*'])
    expect(texts).toEqual({ a: '1\n', b: '1\n' })
  })
})

describe('names', () => {
  test('that are odd are as good as others', async () => {
    const names = ['-rf', '--help', ' ', '..a', 'a b', '$(id)', '"', '\\', '%2e%2e', '日本', '\u2028']
    const odd = python(`import sys\nfor name in ${JSON.stringify(names)}: open(name, 'w').write('1')`)
    const { files, missing } = await gather(odd, ['*', '..*'])
    expect(files.map(({ path }) => path)).toEqual(names.toSorted())
    expect(missing).toEqual(NOTHING_MISSING)
  })

  test('that are no text, or would spoil a line, are left out and counted', async () => {
    const code = `
import os
for name in (b'a\\nb', b'\\xff', b'\\x1b[2J', b'\\xc0\\xae', b'\\xed\\xa0\\x80', b'\\xf4\\x90\\x80\\x80', b'\\x7f', b'ok', b'x\\xe2\\x82'):
    open(name, 'w')
os.mkdir(b'd\\n'); open(b'd\\n/a', 'w')`
    const { texts, missing } = await gather(python(code), ['*', '*/*'])
    expect(texts).toEqual({ ok: '' })
    expect(missing).toEqual({ ...NOTHING_MISSING, unusable: 9 })
    expect((await gather(python(code), ['ok'])).missing).toEqual(NOTHING_MISSING)
  })

  test('that make a path too long are left out and counted', async () => {
    const folder = 'd'.repeat(250)
    const code = `mkdir -p ${folder}/${folder}; : > ${folder}/${folder}/123456789; : > ${folder}/${folder}/1234567890`
    const { files, missing } = await gather(code, ['**'])
    expect(files.map(({ path }) => path.length)).toEqual([511])
    expect(missing).toEqual({ ...NOTHING_MISSING, deep: 1 })
  })
})

describe('permissions', () => {
  test('hold: what the program cannot read is not read', async () => {
    const prepare = 'echo 1 > a; echo 2 > b; mkdir c; echo 3 > c/d; chmod 000 a c'
    const { texts, missing } = await gather(prepare, ['**'])
    expect(texts).toEqual({ b: '2\n' })
    expect(missing).toEqual({ ...NOTHING_MISSING, unreadable: 2 })
  })

  test("of the job's own folder too", async () => {
    const sandbox = await bench.shared()
    sandbox.begin(8 * MIB)
    expectRan(await stage(sandbox, 'echo 1 > a; chmod 000 .'))
    const { files, missing } = await sandbox.gather({ globs: ['*'], ...LIMITS })
    await sandbox.end()
    expect({ files, missing }).toEqual({ files: [], missing: { ...NOTHING_MISSING, unreadable: 1 } })
  })
})

describe('a tree', () => {
  test('of a thousand levels is searched as deep as a glob can reach', async () => {
    const code = `
import os
for level in range(1000):
    if level in (0, 31, 32, 999): open('a.txt', 'w').write(str(level))
    os.mkdir('d'); os.chdir('d')`
    const { files, missing } = await gather(python(code), ['**/*.txt'])
    expect(files.map(({ content }) => content.toString())).toEqual(['0', '31'])
    expect(missing).toEqual({ ...NOTHING_MISSING, deep: 1 })
  })

  test('of over 100,000 files is searched up to there', async () => {
    const sandbox = await bench.make({ memoryBytes: 768 * MIB })
    const code = `
import os
os.mkdir('d')
for i in range(110_000): os.symlink('.', f'd/{i}')
open('d/z', 'w')`
    const options = { sandbox, fileBytes: 500 * MIB }
    const { missing } = await gather(python(code), ['**/*.txt'], options)
    // Whichever bound a busy machine meets first.
    expect(['entries', 'time']).toContain(missing.stopped)
    expect((await gather(python(code), ['*.txt'], options)).missing).toEqual(NOTHING_MISSING)
    await sandbox.destroy()
  })
})

describe('on the transport', () => {
  const glob = encodeGather({ globs: ['*'], ...LIMITS })
  const records = (text: string) => encodeFrame(FRAME.GATHER, text)
  const begun = async (): Promise<RawSandbox> => {
    const raw = await bench.attach()
    await raw.begin()
    return raw
  }

  test.each<[string, Uint8Array]>([
    ['a glob with an empty part', records('ga//b\0')],
    ['an absolute glob', records('g/etc/*\0')],
    ['no glob', records('b1\0n1\0')],
    ['an empty glob', records('g\0')],
    ['a glob of too many parts', records(`g${'a/'.repeat(32)}a\0`)],
    ['too many globs', records('ga\0'.repeat(17))],
    ['a number that is none', records('ga\0bx\0')],
    ['a record that is unknown', records('ga\0z\0')],
    ['a list without its end', records('ga')],
    ['what only init sends', encodeFrame(FRAME.PIECE, '\0a\0b')],
  ])('%s is a fault', async (_, frame) => {
    const raw = await begun()
    raw.send(frame)
    expect(await raw.rest()).toEqual([expect.stringMatching(/^F \S/)])
  })

  test('gathering is a fault before a job and while a stage runs', async () => {
    const early = await bench.attach()
    await early.skipTo(FRAME.READY)
    early.send(glob)
    expect(await early.rest()).toEqual([expect.stringMatching(/^F \S/)])
    const raw = await begun()
    raw.send(encodeStart({ ...STAGE, args: ['sleep', '60'] }), glob)
    expect((await raw.rest()).at(-1)).toMatch(/^F \S/)
  })

  test('a glob that leads out finds nothing', async () => {
    const raw = await begun()
    raw.send(records('g../*\0g../etc/passwd\0g.\0g..\0b99\0n9\0'))
    const frame = await raw.next()
    expect([frame?.type, frame?.payload.toString()]).toEqual([FRAME.LIST, JSON.stringify(NOTHING_MISSING)])
    await raw.quit()
  })

  const BIG = { ...STAGE, args: ['sh', '-c', 'head -c 6000000 /dev/zero > big'] }
  const big = encodeGather({ globs: ['*'], maxBytes: 8 * MIB, maxFiles: 1 })

  test('a worker that does not read is waited for', async () => {
    const raw = await begun()
    raw.send(encodeStart(BIG))
    await raw.report()
    raw.stream.pause()
    raw.send(big)
    await new Promise((resolve) => setTimeout(resolve, 500))
    raw.stream.resume()
    let bytes = 0
    for (let frame = await raw.next(); frame?.type === FRAME.PIECE; frame = await raw.next()) {
      expect(frame.payload.length).toBeLessThanOrEqual(64 * KIB + 5)
      bytes += frame.payload.length - 5
    }
    expect(bytes).toBe(6_000_000)
    await raw.quit()
  })

  test('a worker that goes away meanwhile takes the sandbox with it', async () => {
    const raw = await begun()
    raw.send(encodeStart(BIG))
    await raw.report()
    raw.stream.pause()
    raw.send(big)
    raw.stream.destroy()
    const present = async () => {
      const left = await bench.engine.containers(CONTAINER_LABEL.namespace, 'test-init-artifacts')
      return left.some(({ id }) => id === raw.id)
    }
    await eventually('the container is gone', async () => !(await present()))
  })
})

test('a sandbox serves the next job as if nothing had been gathered', async () => {
  const sandbox = await bench.make()
  for (let i = 0; i < 20; i++) {
    const { texts } = await gather(`ls -A; echo ${i} > a${i}`, ['*'], { sandbox })
    expect(texts).toEqual({ [`a${i}`]: `${i}\n` })
  }
  const ran = await bench.run(
    'ls -A | wc -l; ls /proc/1/fd 2>/dev/null | wc -l; cat /proc/self/status | grep Cap',
    {},
    { sandbox },
  )
  const fresh = await bench.run('ls -A | wc -l; ls /proc/1/fd 2>/dev/null | wc -l; cat /proc/self/status | grep Cap')
  expect(ran.stdout).toBe(fresh.stdout)
})
