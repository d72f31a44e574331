import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { type Agent, AgentRefusal, createAgent, type ProcessEnd } from '../../src/worker/sessions/agent.ts'
import type { Clock } from '../../src/worker/sessions/clock.ts'
import { ArchiveFailed, packFolder, unpackFolder } from '../../src/worker/sessions/folder-archive.ts'
import { AGENT } from '../../src/worker/sessions/agent-protocol.ts'
import { eventually } from '../support/eventually.ts'

/** Init as its tests take it: with `npm run test:asan` and `npm test`, the one with sanitizers. */
const INIT =
  process.env['RUNYARD_TEST_INIT'] ??
  process.env['RUNYARD_TEST_SANITIZED_INIT'] ??
  join(packageRoot(), 'sandbox/build/init')
const ENV = { PATH: '/usr/bin:/bin' }
/** Its exit status when the worker broke the protocol. */
const FAULT = 12
const ENOENT = 2
const EINVAL = 22

let folder: string
let child: ChildProcess
let agent: Agent
let said = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-'))
  child = spawn(INIT, ['--agent'], { cwd: folder, stdio: 'pipe' })
  agent = createAgent((bytes) => child.stdin?.write(bytes))
  child.stdout?.on('data', (bytes: Buffer) => agent.receive(bytes))
  said = ''
  child.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()))
  child.stdin?.on('error', () => undefined)
  await agent.ready
})
afterEach(async () => {
  const closed = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined
  child.stdin?.end()
  await closed
  await rm(folder, { recursive: true, force: true })
  expect({ code: child.exitCode, signal: child.signalCode, said: said.includes('ERROR') }).toEqual({
    code: expect.any(Number) as unknown,
    signal: null,
    said: false,
  })
})

/** Runs a command to its end. @param acknowledge whether its output is taken */
async function run(argv: string[], more: { input?: string; terminal?: boolean } = {}, acknowledge = true) {
  const output = { stdout: '', stderr: '' }
  let end: ProcessEnd | undefined
  const process = await agent.start(
    {
      argv,
      env: ENV,
      cwd: folder,
      stdin: more.input !== undefined,
      ...(more.terminal && { terminal: { columns: 90, rows: 20 } }),
    },
    {
      output(stream, bytes, taken) {
        output[stream] += bytes.toString()
        if (acknowledge) taken()
      },
      ended: (how) => (end = how),
    },
  )
  if (more.input !== undefined) {
    process.input(Buffer.from(more.input))
    process.endInput()
  }
  return { process, output, ended: () => end, end: () => eventually('its end', () => end) }
}

describe('processes', () => {
  test('have arguments, a folder, an environment and input of any length', async () => {
    const text = 'x'.repeat(1_000_000)
    const one = await run(['sh', '-c', 'echo "$1" "$PWD" "$PATH"; exec wc -c', 'sh', 'a b'], { input: text })
    expect(await one.end()).toMatchObject({ exitCode: 0, signal: null })
    expect(one.output.stdout).toBe(`a b ${folder} /usr/bin:/bin\n1000000\n`)
  })

  test('have their streams apart, and an end that says how', async () => {
    const one = await run(['sh', '-c', 'echo out; echo err >&2; kill -USR1 $$'])
    expect(await one.end()).toMatchObject({ exitCode: null, signal: 10 })
    expect(one.output).toEqual({ stdout: 'out\n', stderr: 'err\n' })
  })

  test('that cannot be started say why', async () => {
    await expect(run(['nonesuch'])).rejects.toMatchObject({ errno: ENOENT })
    await writeFile(join(folder, 'plain'), 'x')
    await expect(run([join(folder, 'plain')])).rejects.toThrow(AgentRefusal)
  })

  test('on a terminal have its size, which changes', async () => {
    const one = await run(['sh', '-c', 'stty size; read line; stty size'], { terminal: true })
    await eventually('the first size', () => one.output.stdout.includes('20 90'))
    one.process.resize({ columns: 132, rows: 43 })
    one.process.input(Buffer.from('go\r'))
    expect(await one.end()).toMatchObject({ exitCode: 0 })
    expect(one.output.stdout).toContain('43 132')
  })

  test('that write without end wait for an acknowledgement, and others do not', async () => {
    const loud = await run(['yes'], {}, false)
    await eventually('its window to be full', () => loud.output.stdout.length >= 450_000)
    expect((await (await run(['true'])).end()).exitCode).toBe(0)
    expect(loud.output.stdout.length).toBeLessThanOrEqual(524_288)
    loud.process.signal(9, 'tree')
    expect(loud.ended()).toBeUndefined()
  })

  test('are ended with all that they started', async () => {
    const one = await run(['sh', '-c', 'sleep 1001 & sh -c "sleep 1001 & sleep 1001" & echo; sleep 1001'])
    await eventually('its start', () => one.output.stdout === '\n')
    one.process.signal(9, 'tree')
    expect(await one.end()).toMatchObject({ signal: 9 })
    const left = await run(['sh', '-c', 'ps -eo args | grep -c "[s]leep 1001"'])
    await left.end()
    expect(left.output.stdout).toBe('0\n')
  })

  test('end when their first process does, and what they leave goes on', async () => {
    const one = await run(['sh', '-c', '(sleep 0.3; echo late; touch left) & echo done'])
    expect(await one.end()).toMatchObject({ exitCode: 0 })
    expect(one.output.stdout).toBe('done\n')
    await eventually('what it left to go on past its write', () => stat(join(folder, 'left')))
  })

  test('are 32 at a time', async () => {
    const all = await Promise.all(Array.from({ length: 32 }, () => run(['sleep', '1002'])))
    await expect(run(['true'])).rejects.toMatchObject({ errno: 11 })
    for (const { process } of all) process.signal(9, 'group')
    for (const one of all) await one.end()
    expect((await (await run(['true'])).end()).exitCode).toBe(0)
  })
})

describe('files', () => {
  test('are written and read in pieces', async () => {
    expect(await agent.write('a/b/c.bin', 0, true, 0o640, Buffer.from('0123456789'))).toBe(10)
    expect(await agent.write('a/b/c.bin', 10, false, null, Buffer.from('ab'))).toBe(12)
    const { bytes, size } = await agent.read('a/b/c.bin', 8, 100)
    expect([bytes.toString(), size]).toEqual(['89ab', 12])
    expect(await agent.stat('a/b/c.bin')).toMatchObject({ kind: 'file', bytes: 12, mode: '0640' })
    expect(await agent.write('a/b/c.bin', 0, true, null, Buffer.alloc(0))).toBe(0)
  })

  test('are listed by name, and more than fit one answer in several', async () => {
    const name = (index: number) => `${String(index).padStart(5, '0')}${'n'.repeat(240)}`
    const many = Array.from({ length: 1500 }, (_, index) => name(index))
    for (const one of many) await agent.write(`many/${one}`, 0, true, null, Buffer.alloc(0))
    const found: string[] = []
    for (let total = 1; found.length < total;) {
      const page = await agent.list('many', found.length)
      expect(page.entries.length).toBeGreaterThan(0)
      found.push(...page.entries.map((entry) => entry.name))
      total = page.total
    }
    expect(found).toEqual(many)
  })

  test('are moved and removed', async () => {
    await agent.write('a/x', 0, true, null, Buffer.from('x'))
    await agent.move('a/x', 'b/c/y')
    expect((await agent.read('b/c/y', 0, 10)).bytes.toString()).toBe('x')
    await expect(agent.remove('b', false)).rejects.toThrow(AgentRefusal)
    await agent.remove('b', true)
    await expect(agent.stat('b')).rejects.toMatchObject({ errno: ENOENT })
    await agent.makeFolder('p/q')
    await agent.makeFolder('p/q')
    await expect(agent.write('p/q', 0, true, null, Buffer.from('x'))).rejects.toThrow(AgentRefusal)
  })

  test('that are no regular files are neither read nor written', async () => {
    await expect(agent.read('/dev/zero', 0, 10)).rejects.toMatchObject({ errno: EINVAL })
    expect(await (await run(['mkfifo', 'fifo'])).end()).toMatchObject({ exitCode: 0 })
    await expect(agent.read('fifo', 0, 10)).rejects.toMatchObject({ errno: EINVAL })
    await expect(agent.write('fifo', 0, true, null, Buffer.from('x'))).rejects.toThrow(AgentRefusal)
    await symlink('loop', join(folder, 'loop'))
    await expect(agent.read('loop', 0, 10)).rejects.toThrow(AgentRefusal)
  })
})

describe('watches', () => {
  const ENOTDIR = 20
  const EUSERS = 87
  const at = (path: string) => join(folder, path)

  /** Watches a folder, and takes what is told one batch after another. */
  async function watched(path = '.', recursive = true) {
    const told: string[] = []
    const behind: boolean[] = []
    const pending: (() => void)[] = []
    let holds = false
    const stop = await agent.watch(path, recursive, ({ isBehind, changes }, taken) => {
      behind.push(isBehind)
      told.push(...changes.map((one) => [one.change, one.from, one.path, one.kind].filter(Boolean).join(' ')))
      if (holds) pending.push(taken)
      else taken()
    })
    const next = async (count: number) => {
      await eventually(`${count} changes`, () => told.length >= count || undefined)
      return told.splice(0)
    }
    const hold = (is: boolean) => {
      holds = is
      if (!is) for (const taken of pending.splice(0)) taken()
    }
    return { told, behind, stop, next, hold, pending }
  }

  test('tell what is created, changed, moved and removed', async () => {
    await mkdir(at('in'))
    await writeFile(at('in/a'), 'a')
    const watch = await watched()
    await writeFile(at('in/b'), 'b')
    expect(await watch.next(1)).toEqual(['created in/b file'])
    await writeFile(at('in/a'), 'longer')
    expect(await watch.next(1)).toEqual(['changed in/a file'])
    await rename(at('in/a'), at('c'))
    expect(await watch.next(1)).toEqual(['moved in/a c file'])
    // What is in a folder goes along, which is one change.
    await rename(at('in'), at('out'))
    expect(await watch.next(1)).toEqual(['moved in out folder'])
    await rename(at('out'), at('an'))
    expect(await watch.next(1)).toEqual(['moved out an folder'])
    await chmod(at('c'), 0o600)
    expect(await watch.next(1)).toEqual(['changed c file'])
    await rm(at('an'), { recursive: true })
    expect((await watch.next(2)).sort()).toEqual(['removed an folder', 'removed an/b file'])
    await rm(at('c'))
    await watch.next(1)
    await symlink('nowhere', at('c'))
    expect(await watch.next(1)).toEqual(['created c link'])
    await watch.stop()
    await writeFile(at('after'), '')
    // One that began later has seen what the first was not told.
    const later = await watched()
    await writeFile(at('last'), '')
    await later.next(1)
    expect(watch.told).toEqual([])
  })

  test('without what is in folders tell of these alone', async () => {
    await mkdir(at('in'))
    const watch = await watched('.', false)
    await writeFile(at('in/a'), 'a')
    await writeFile(at('b'), 'b')
    expect(await watch.next(1)).toEqual(['created b file'])
  })

  test('a file that takes the place of another has changed', async () => {
    await writeFile(at('a'), 'old')
    const watch = await watched()
    await writeFile(at('a.new'), 'new')
    await watch.next(1)
    await rename(at('a.new'), at('a'))
    expect((await watch.next(2)).sort()).toEqual(['changed a file', 'removed a.new file'])
    await rm(at('a'))
    await mkdir(at('a'))
    const all: string[] = []
    while (all.at(-1) !== 'created a folder') all.push(...(await watch.next(1)))
    expect(all).toContain('removed a file')
  })

  test('that are told more than one frame holds get the rest with the next', async () => {
    const watch = await watched()
    watch.hold(true)
    const names = Array.from({ length: 600 }, (_, index) => `${String(index).padStart(3, '0')}${'n'.repeat(120)}`)
    for (const name of names) await writeFile(at(name), '')
    await eventually('the first of them', () => watch.pending.length === 1)
    watch.hold(false)
    expect(await watch.next(600)).toEqual(names.map((name) => `created ${name} file`))
    expect(watch.behind).not.toContain(true)
  })

  test('say when there is too much, and go on when there is less', async () => {
    const watch = await watched('.', false)
    const many = await run(['sh', '-c', 'seq 10001 | xargs touch'])
    await many.end()
    await eventually('that it is behind', () => watch.behind.includes(true))
    await expect(watched()).rejects.toMatchObject({ errno: 7 })
    watch.told.length = 0
    const fewer = await run(['sh', '-c', 'seq 2 10001 | xargs rm'])
    await fewer.end()
    await eventually('that it is not', () => watch.behind.at(-1) === false)
    await eventually('what is left', async () => (await agent.list('.', 0)).total === 1)
  })

  test('are of folders that exist, and eight at a time', async () => {
    await expect(watched('nowhere')).rejects.toMatchObject({ errno: ENOENT })
    await writeFile(at('file'), '')
    await expect(watched('file')).rejects.toMatchObject({ errno: ENOTDIR })
    const all = await Promise.all(Array.from({ length: 8 }, () => watched()))
    await expect(watched()).rejects.toMatchObject({ errno: EUSERS })
    await all[0]?.stop()
    const again = await watched()
    await writeFile(at('x'), '')
    expect(await again.next(1)).toEqual(['created x file'])
  })
})

describe('archives', () => {
  const clock: Clock = {
    after(ms, task) {
      const timer = setTimeout(task, ms)
      return () => clearTimeout(timer)
    },
  }
  const packed = async (): Promise<Uint8Array> => {
    const pieces: Uint8Array[] = []
    for await (const piece of packFolder(agent, clock)) pieces.push(piece)
    return Buffer.concat(pieces)
  }
  /** In pieces of any size. */
  async function* cut(content: Uint8Array) {
    for (let at = 0; at < content.length; at += 300_000) {
      await Promise.resolve()
      yield content.subarray(at, at + 300_000)
    }
  }
  const shell = async (line: string) => {
    const one = await run(['sh', '-c', line])
    await one.end()
    return one.output.stdout
  }

  test('hold what is in the folder, with modes, links and holes', async () => {
    await shell(
      'mkdir -p d/e; echo t > d/e/t; chmod 751 d/e/t; ln -s e/t d/l; ln d/e/t twin; truncate -s 50M hole; head -c 3M /dev/urandom > noise; mkfifo pipe',
    )
    const sum = await shell('sha256sum noise')
    const archive = await packed()
    expect(archive.length).toBeLessThan(4_000_000)
    await shell('rm -rf ./* && mkdir d && echo old > d/other')
    await unpackFolder(agent, clock, cut(archive))
    expect(await shell("stat -c '%a %h' d/e/t; readlink d/l; cat twin d/other; stat -c %s hole; stat -c %F pipe")).toBe(
      '751 2\ne/t\nt\nold\n52428800\nfifo\n',
    )
    expect(await shell('sha256sum noise')).toBe(sum)
  })

  test('whoever stops reading one ends its program, and others run after it', async () => {
    await shell('head -c 5M /dev/zero > zeros')
    for (let round = 0; round < 34; round++) {
      for await (const piece of packFolder(agent, clock)) {
        expect(piece.length).toBeGreaterThan(0)
        break
      }
    }
    await eventually(
      'the last to be gone',
      async () => (await shell('ps -eo args | grep -c "[t]ar --create"')) === '0\n',
    )
  })

  test('that cannot be read say so, and reach nothing outside of the folder', async () => {
    await expect(unpackFolder(agent, clock, cut(Buffer.from('no archive')))).rejects.toThrow(ArchiveFailed)
    await shell('mkdir in && echo bad > escaped && tar -cPf hostile.tar in/../escaped && rm escaped')
    const hostile = Buffer.from((await agent.read('hostile.tar', 0, 100_000)).bytes)
    await expect(unpackFolder(agent, clock, cut(hostile))).rejects.toThrow('..')
    // What does not come to its end is no success.
    const whole = await packed()
    await expect(unpackFolder(agent, clock, cut(whole.subarray(0, 700)))).rejects.toThrow(ArchiveFailed)
    const failing = (async function* () {
      yield whole.subarray(0, 512)
      await Promise.reject(new Error('the store fails'))
    })()
    await expect(unpackFolder(agent, clock, failing)).rejects.toThrow('the store fails')
  })
})

/** A generator of numbers below one, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** No dot and no slash: a path of them stays in the folder of the test. */
const BYTES = [0, 0, 1, 2, 9, 97, 101, 105, 119, 255]

test('frames that make no sense end it with a fault, and never with a crash', async () => {
  const random = randomOf(17)
  const types = [...Object.values(AGENT), 0, 255]
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  for (let round = 0; round < 150; round++) {
    const one = spawn(INIT, ['--agent'], { cwd: folder, stdio: ['pipe', 'ignore', 'pipe'] })
    let words = ''
    one.stderr.on('data', (bytes: Buffer) => (words += bytes.toString()))
    one.stdin.on('error', () => undefined)
    for (let count = 0; count < 8; count++) {
      const payload = Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => pick(BYTES)))
      const length = random() < 0.1 ? Math.floor(random() * 2 ** 32) : payload.length
      const head = Buffer.from([pick(types), 0, 0, 0, 0])
      head.writeUInt32BE(length, 1)
      one.stdin.write(Buffer.concat([head, payload]))
    }
    one.stdin.end()
    const [code, signal] = (await once(one, 'close')) as [number | null, string | null]
    expect({ round, signal, crashed: /ERROR|runtime error/.test(words) }).toEqual({
      round,
      signal: null,
      crashed: false,
    })
    expect([0, FAULT]).toContain(code)
  }
})
