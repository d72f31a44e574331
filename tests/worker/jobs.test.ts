import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { JobSpec, Status } from '../../src/shared/job.ts'
import type { JobEvent } from '../../src/shared/job-event.ts'
import { loadLanguages } from '../../src/shared/language.ts'
import { DEFAULT_LIMITS } from '../../src/shared/limits.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import type { JobLifeCycle } from '../../src/shared/jobs/job-life-cycle.ts'
import { classify, limitsMet, signalName, withLimits } from '../../src/worker/jobs/classify.ts'
import { createEventPublisher } from '../../src/worker/jobs/event-publisher.ts'
import { createCharacterSplitter } from '../../src/worker/jobs/output-text.ts'
import { textOf, textsOf } from '../../src/shared/redis/stored-output.ts'
import { runJob } from '../../src/worker/jobs/run-job.ts'
import { createStageOutput } from '../../src/worker/jobs/stage-output.ts'
import { nullSandbox, SUCCESS } from './null-sandbox.ts'
import { eventually } from '../support/eventually.ts'

describe('how a stage ended', () => {
  const status = (report: object, kind: 'compile' | 'run' = 'run') =>
    classify({ ...SUCCESS, ...report }, kind, kind, { wallMs: 1000, cpuMs: 1000, outputBytes: 1000 }, DEFAULT_LIMITS)
      .status

  test.each([
    ['exit 0 is success', {}, 'succeeded'],
    ['another exit is failure', { exitCode: 3 }, 'failed'],
    ['a signal from inside is told', { exitCode: null, signal: 11 }, 'signalled'],
    ['a kill for memory is the memory limit', { exitCode: null, signal: 9, oomKills: 1 }, 'memory-limit'],
    ['a kill for memory of a child decides when the program fails of it', { exitCode: 1, oomKills: 1 }, 'memory-limit'],
    ['a kill for memory of a child does not when the program succeeds', { oomKills: 1 }, 'succeeded'],
    ['the wall limit wins over the exit it caused', { reason: 'wall', exitCode: 0 }, 'wall-time-limit'],
    ['the CPU limit is told', { reason: 'cpu', exitCode: null, signal: 15 }, 'cpu-time-limit'],
    ['the kernel’s own CPU limit is the same', { exitCode: null, signal: 24 }, 'cpu-time-limit'],
    ['the output limit is told', { reason: 'output', exitCode: null, signal: 9 }, 'output-limit'],
    ['a kill by us is a cancellation', { reason: 'kill', exitCode: null, signal: 15 }, 'cancelled'],
  ] as const)('%s', (_title, report, expected) => expect(status(report)).toBe(expected))

  test('a compiler that fails is a failed compilation, its limits are limits', () => {
    expect(status({ exitCode: 1 }, 'compile')).toBe('compile-failed')
    expect(status({ exitCode: null, signal: 11 }, 'compile')).toBe('compile-failed')
    expect(status({ reason: 'wall' }, 'compile')).toBe('wall-time-limit')
  })

  test('signals have their names, real-time ones a number', () => {
    expect([11, 6, 60].map(signalName)).toEqual(['SIGSEGV', 'SIGABRT', 'SIG60'])
  })
})

describe('text in pieces', () => {
  const bytes = Buffer.from('aé€😀z')

  test('is cut only between characters, wherever the reads ended', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = createCharacterSplitter()
      const pieces = [splitter.push(bytes.subarray(0, cut)), splitter.push(bytes.subarray(cut)), splitter.end()]
      expect(pieces.map((piece) => textOf(piece).base64)).toEqual([undefined, undefined, undefined])
      expect(Buffer.concat(pieces)).toEqual(bytes)
    }
  })

  test('that is not UTF-8 is text with its bytes beside it, and the other stream is text', () => {
    const output = createStageOutput()
    output.push('stdout', Buffer.from([0xff, 0x41]))
    output.push('stderr', Buffer.from('ok'))
    output.end(false)
    expect(textsOf(output.captured())).toEqual({
      stdout: '\ufffdA',
      stdoutBase64: '/0E=',
      stderr: 'ok',
      output: '\ufffdAok',
      outputBase64: '/0Fvaw==',
      encoding: 'utf-8',
    })
  })

  test('cut by a limit in the middle of a character loses that half and stays text', () => {
    const output = createStageOutput()
    output.push('stdout', bytes.subarray(0, 2))
    output.end(true)
    expect(textsOf(output.captured())).toMatchObject({ stdout: 'a', encoding: 'utf-8' })
  })

  test('of two streams keeps its order, and characters whole that the other stream interrupted', () => {
    const output = createStageOutput()
    output.push('stdout', Buffer.from('é').subarray(0, 1))
    output.push('stderr', Buffer.from('!'))
    output.push('stdout', Buffer.from('é').subarray(1))
    output.end(false)
    expect(textsOf(output.captured())).toMatchObject({ stdout: 'é', stderr: '!', output: '!é', encoding: 'utf-8' })
  })
  test('of any length of pieces is parted again as it was written', () => {
    const output = createStageOutput()
    const written = { stdout: '', stderr: '', output: '' }
    const lengths = [0, 1, 127, 128, 129, 16_383, 16_384, 70_000, 2_097_152, 3]
    for (const [index, length] of lengths.entries()) {
      const stream = index % 3 === 0 ? 'stderr' : 'stdout'
      const text = String.fromCharCode(97 + index).repeat(length)
      output.push(stream, Buffer.from(text))
      written[stream] += text
      written.output += text
    }
    output.end(false)
    expect(textsOf(output.captured())).toEqual({ ...written, encoding: 'utf-8' })
  })

  test('written byte by byte to two streams in turn takes little more than its bytes', () => {
    const output = createStageOutput()
    for (let i = 0; i < 20_000; i++) output.push(i % 2 ? 'stdout' : 'stderr', Buffer.from('x'))
    output.end(false)
    const { bytes, order } = output.captured()
    expect([bytes.length, order.length]).toEqual([20_000, 20_001])
  })

  test.each([1, 0x1b])(
    'that is full of control character %s is base64, so that JSON is not six times as long',
    (code) => {
      const controls = Buffer.alloc(100_000, code)
      controls.write('said')
      const shown = textOf(controls)
      expect(shown).toEqual({ text: 'said', base64: controls.toString('base64') })
      expect(JSON.stringify(shown).length).toBeLessThan(1.4 * controls.length)
    },
  )

  test.each([
    '\u001b[1;31mred text\u001b[0m and more\n',
    '\u001b[7m \u001b[m',
    '\u001b[m \u001b[m ',
    '\n',
    '\ttab\r\n',
    '"\\',
  ])('that is made for people or terminals is text, however long: %j', (text) => {
    const long = text.repeat(10_000)
    expect(textOf(Buffer.from(long))).toEqual({ text: long })
  })
})

describe('the publisher of events', () => {
  const record = () => {
    const writes: JobEvent[][] = []
    const append: JobLifeCycle['append'] = async (_id, _attempt, _number, events) => {
      writes.push([...events])
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return { writes, records: { append } as JobLifeCycle }
  }

  test('sends the first output at once and joins what follows while that is under way', async () => {
    const { writes, records } = record()
    const publisher = createEventPublisher(records, 'id', 1)
    for (let i = 0; i < 1000; i++) publisher.output('run', 'stdout', Buffer.from('x\n'))
    publisher.output('run', 'stderr', Buffer.from('e'))
    publisher.output('run', 'stdout', Buffer.from('y'))
    expect(writes).toEqual([[{ type: 'stdout', data: { stage: 'run', data: 'x\n', encoding: 'utf-8' } }]])
    const rest = await publisher.close()
    const all = [...writes.flat(), ...rest].map(({ type, data }) => [type, (data as { data: string }).data])
    expect(all).toEqual([
      ['stdout', 'x\n'],
      ['stdout', 'x\n'.repeat(999)],
      ['stderr', 'e'],
      ['stdout', 'y'],
    ])
  })

  test('joins a line that comes in pieces, and does not keep back one without an end', async () => {
    const { writes, records } = record()
    const texts = () => writes.map((events) => events.map(({ data }) => (data as { data: string }).data))
    const publisher = createEventPublisher(records, 'id', 1)
    publisher.output('run', 'stdout', Buffer.from('42'))
    expect(writes).toEqual([])
    publisher.output('run', 'stdout', Buffer.from('\n'))
    expect(texts()).toEqual([['42\n']])
    await publisher.close()

    const prompt = createEventPublisher(records, 'id', 1)
    prompt.output('run', 'stdout', Buffer.from('name? '))
    await eventually('two writes were made', () => writes.length >= 2)
    expect(texts().at(-1)).toEqual(['name? '])
    await prompt.close()
  })

  test('joins output before it is written, what is not text apart and with its bytes', async () => {
    const { writes, records } = record()
    const publisher = createEventPublisher(records, 'id', 1)
    publisher.stageStarted('run')
    publisher.output('run', 'stdout', Buffer.from([1, 10]))
    for (let i = 0; i < 4999; i++) publisher.output('run', 'stdout', Buffer.from([1]))
    publisher.output('run', 'stdout', Buffer.from([255]))
    publisher.output('run', 'stdout', Buffer.from('text'))
    const rest = await publisher.close()
    // The beginning of the stage went out with the first output, not before it.
    expect(writes.map((events) => events.map(({ type }) => type))).toEqual([['stage', 'stdout']])
    expect(rest.map(({ data }) => data)).toEqual([
      { stage: 'run', data: '', dataBase64: Buffer.alloc(4999, 1).toString('base64'), encoding: 'utf-8' },
      { stage: 'run', data: '\ufffd', dataBase64: '/w==', encoding: 'utf-8' },
      { stage: 'run', data: 'text', encoding: 'utf-8' },
    ])
  })

  test('writes a short job in one step with its end where that is what is waited for', async () => {
    const { writes, records } = record()
    const publisher = createEventPublisher(records, 'id', 1, 'soon')
    publisher.stageStarted('run')
    publisher.output('run', 'stdout', Buffer.from('x'))
    expect((await publisher.close()).map(({ type }) => type)).toEqual(['stage', 'stdout'])
    expect(writes).toEqual([])

    const longer = createEventPublisher(records, 'id', 1, 'soon')
    longer.output('run', 'stdout', Buffer.from('x'))
    await eventually('a write was made', () => writes.length !== 0)
    longer.output('run', 'stdout', Buffer.from('y'))
    const told = [...writes.flat(), ...(await longer.close())].map(({ data }) => (data as { data: string }).data)
    expect(told).toEqual(['x', 'y'])
  })

  test('tells a refusal of Redis when it is closed', async () => {
    const records = { append: () => Promise.reject(new Error('refused')) } as unknown as JobLifeCycle
    const publisher = createEventPublisher(records, 'id', 1)
    publisher.output('run', 'stdout', Buffer.from('x\n'))
    await expect(publisher.close()).rejects.toThrow('refused')
  })
})

const [python] = loadLanguages(`${packageRoot()}/languages`).filter(({ id }) => id === 'python')
const quiet = { stageStarted: () => {}, output: () => {}, stageEnded: () => {} }
const SPEC: JobSpec = {
  head: {
    id: 'x',
    kind: 'code',
    language: 'python',
    version: '3',
    image: null,
    interactive: false,
    limits: DEFAULT_LIMITS,
    metadata: {},
    warnings: [],
    createdAt: '',
  },
  tenant: 'local',
  origin: { requestId: 'r', address: '127.0.0.1', keyId: null },
  shareable: true,
  maxRunningJobs: null,
  rank: 1,
  keptRequest: null,
  delayMs: 0,
  webhook: null,
  artifacts: null,
  files: [],
  entrypoint: 'main.py',
  command: [],
  stdin: '',
  args: [],
  compilerArgs: [],
  env: {},
  tests: [],
  expectedOutput: null,
}

describe('a limit that a stage came to', () => {
  const told = (report: object, status: Status, message: string | null = null, kind: 'compile' | 'run' = 'run') => {
    const met = limitsMet({ ...SUCCESS, ...report }, kind)
    return [met, withLimits(message, 'run', status, met, DEFAULT_LIMITS)]
  }

  test.each([
    ['is said where the status does not', { reached: ['processes'] }, 'failed', ['processes'], /^stage run: .*64 proc/],
    ['is no news where the status is its', { oomKills: 1 }, 'memory-limit', ['memoryBytes'], null],
    ['is said where a child was killed', { oomKills: 1 }, 'succeeded', ['memoryBytes'], /killed a process/],
    ['is named alone where the program coped', { reached: ['openFiles'] }, 'succeeded', ['openFiles'], null],
    ['is not said of a job that was cancelled', { reached: ['fileBytes'] }, 'cancelled', ['fileBytes'], null],
    ['is named when it ended the stage', { reason: 'cpu' }, 'cpu-time-limit', ['cpuMs'], null],
    ['is that of the kernel too', { signal: 24 }, 'cpu-time-limit', ['cpuMs'], null],
    ['is the output’s', { reason: 'output', truncated: true }, 'output-limit', ['outputBytes'], null],
  ] as const)('%s', (_, report, status, met, message) => {
    const [names, text] = told(report, status)
    expect(names).toEqual(met)
    if (message === null) expect(text).toBeNull()
    else expect(text).toMatch(message)
  })

  test('is known by the last words of a runtime that was refused', () => {
    const words: [string, ...string[]][] = [
      ['openFiles', "OSError: [Errno 24] Too many open files: '/dev/null'", 'Error: EMFILE: too many open files, open'],
      ['processes', "RuntimeError: can't start new thread", 'main.sh: fork: retry: Resource temporarily unavailable'],
      ['fileBytes', 'OSError: [Errno 27] File too large'],
    ]
    for (const [limit, ...texts] of words) {
      for (const text of texts) expect(limitsMet({ ...SUCCESS, exitCode: 1 }, 'run', text)).toEqual([limit])
      for (const text of texts) expect(limitsMet(SUCCESS, 'run', text)).toEqual([])
    }
    expect(limitsMet({ ...SUCCESS, exitCode: 1 }, 'run', 'Resource temporarily unavailable')).toEqual([])
    // A compiler quotes what it compiles.
    const compiler = "error: 'EMFILE' undeclared; Too many open files"
    expect(limitsMet({ ...SUCCESS, exitCode: 1 }, 'compile', compiler)).toEqual([])
    expect(limitsMet({ ...SUCCESS, exitCode: 1 }, 'run', "NameError: name 'EMFILE' is not defined")).toEqual([])
  })

  test('is said behind what ended the stage', () => {
    const [met, text] = told({ reason: 'wall', oomKills: 2 }, 'wall-time-limit', 'it took long')
    expect(met).toEqual(['wallMs', 'memoryBytes'])
    expect(text).toMatch(/^it took long; the kernel killed a process .* 536870912 bytes \(memoryBytes\)$/)
    expect(told({ reason: 'wall' }, 'wall-time-limit', null, 'compile')[0]).toEqual(['compileWallMs'])
  })
})

test('a job of many tests may write only so much in all', async () => {
  const sandbox = nullSandbox()
  const given: number[] = []
  sandbox.run = async ({ outputBytes }) => {
    given.push(outputBytes)
    return { ...SUCCESS, stdoutBytes: outputBytes }
  }
  const spec = { ...SPEC, tests: Array.from({ length: 100 }, () => ({})) }
  const { stages } = await runJob(sandbox, spec, python, 0, quiet, new AbortController().signal)
  expect(stages).toHaveLength(100)
  expect(given.slice(0, 9)).toEqual([...Array.from({ length: 8 }, () => 1024 ** 2), 1])
})

test.each([
  ['python', 'files', ['test 1', 'files', 'test 2', 'files', 'test 3']],
  ['go', 'folder', ['compile', 'folder', 'test 1', 'folder', 'test 2', 'folder', 'test 3']],
])('every test of a job in %s has a cell that begins with its %s', async (id, _, expected) => {
  const sandbox = nullSandbox()
  const seen: string[] = []
  sandbox.renew = async (from) => void seen.push(from)
  const listener = { ...quiet, stageStarted: (stage: string) => void seen.push(stage) }
  const language = loadLanguages(join(packageRoot(), 'languages')).find((one) => one.id === id)
  const spec = { ...SPEC, tests: [{}, {}, {}] }
  await runJob(sandbox, spec, language, 0, listener, new AbortController().signal)
  expect(seen).toEqual(expected)
})

test('a job without tests runs where it was compiled', async () => {
  const sandbox = nullSandbox()
  let renewed = 0
  sandbox.renew = async () => void renewed++
  const go = loadLanguages(join(packageRoot(), 'languages')).find((one) => one.id === 'go')
  const { stages } = await runJob(sandbox, SPEC, go, 0, quiet, new AbortController().signal)
  expect([stages.length, renewed]).toEqual([2, 0])
})

test('the ways out a job tried are told once each over its stages, and in none of them', async () => {
  const sandbox = nullSandbox()
  const tried = [['mount'], [], ['bpf', 'mount']].map((names) => names.map((name) => ({ name, count: 7 })))
  sandbox.run = async () => ({ ...SUCCESS, refusedCalls: tried.shift() ?? [] })
  const spec = { ...SPEC, tests: [{}, {}, {}] }
  const outcome = await runJob(sandbox, spec, python, 0, quiet, new AbortController().signal)
  expect(outcome.refusedCalls).toEqual(['mount', 'bpf'])
  expect(JSON.stringify(outcome.stages)).not.toMatch(/mount|bpf|refused/i)
})
