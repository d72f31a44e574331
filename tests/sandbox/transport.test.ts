import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { ContainerCreateOptions } from 'dockerode'
import { pino } from 'pino'
import { MIB } from '../../src/shared/limits.ts'
import { SandboxBroken } from '../../src/worker/sandbox/sandbox.ts'
import type { Engine } from '../../src/worker/sandbox/engine.ts'
import { eventually } from '../support/eventually.ts'
import { createLaunch, type Launch } from '../../src/worker/sandbox/launch.ts'
import { createBench, python, stage } from './init-harness.ts'

const bench = createBench('test-transport')
const folder = mkdtempSync(join(tmpdir(), 'runyard-transport-'))
afterAll(async () => {
  await bench.close()
  rmSync(folder, { recursive: true })
})

let lines: string[] = []
const log = pino({ level: 'info' }, { write: (line: string) => lines.push((JSON.parse(line) as { msg: string }).msg) })
const CONNECTED = 'sandboxes connect to sockets of this worker'
const THROUGH_THE_ENGINE = 'sandboxes cannot connect to sockets of this worker; using the engine instead'

/** How containers were started. */
let started: ('attached' | 'alone')[] = []
beforeEach(() => {
  lines = []
  started = []
})
/** @param change of what the engine is asked for */
function launchBy(change: (options: ContainerCreateOptions) => ContainerCreateOptions = (options) => options): Launch {
  const engine: Engine = {
    ...bench.engine,
    launch(options) {
      started.push('attached')
      return bench.engine.launch(change(options))
    },
    start(options) {
      started.push('alone')
      return bench.engine.start(change(options))
    },
  }
  return createLaunch(engine, () => Promise.resolve(folder), log)
}

async function works(launch: Launch): Promise<void> {
  const sandbox = await bench.make({ launch })
  const big = 'x'.repeat(MIB)
  sandbox.begin(4 * MIB)
  const ran = await stage(sandbox, 'cat; echo err >&2', { outputBytes: 2 * MIB }, { stdin: Buffer.from(big) })
  expect(ran).toMatchObject({ reason: 'exit', exitCode: 0, stderr: 'err\n' })
  expect(ran.stdout === big).toBe(true)
  await sandbox.end()
  expect((await bench.run('echo again', {}, { sandbox })).stdout).toBe('again\n')
}

describe('a sandbox that connects to its worker', () => {
  test('runs jobs, and after the first one the engine has no stream of it', async () => {
    const launch = launchBy()
    await works(launch)
    await works(launch)
    expect(lines).toEqual([CONNECTED])
    expect(started).toEqual(['attached', 'alone'])
    expect(readdirSync(folder)).toEqual([])
  })

  test('leaves no way to the worker for a program', async () => {
    const sandbox = await bench.make({ launch: launchBy() })
    const program = python(`
import os
def read(path):
    try: return open(path).read()
    except OSError as error: return error.strerror
print(*[fd for fd in os.listdir('/proc/self/fd') if 'socket' in (os.readlink('/proc/self/fd/' + fd) if os.path.islink('/proc/self/fd/' + fd) else '')])
print(len(read('/proc/net/unix').splitlines()), os.path.exists('/run/transport'))
print([line for line in read('/proc/self/mountinfo').splitlines() if 'transport' in line])`)
    expect((await bench.run(program, {}, { sandbox })).stdout).toBe('\n1 False\n[]\n')
  })

  test('is lost with its stream, and goes when its worker lets go of it', async () => {
    const sandbox = await bench.make({ launch: launchBy() })
    sandbox.begin(MIB)
    const running = stage(sandbox, 'sleep 60')
    const lost = expect(running).rejects.toThrow(SandboxBroken)
    await sandbox.destroy()
    await lost
    expect(
      (await bench.engine.containers('runyard.namespace', 'test-transport')).map(({ id }) => id.slice(0, 12)),
    ).not.toContain(sandbox.id)
  })
})

describe('where a sandbox cannot connect to its worker', () => {
  const mounts = (Source: string) => (options: ContainerCreateOptions) => {
    const { HostConfig } = options
    if (!HostConfig?.Mounts) return options
    return {
      ...options,
      HostConfig: { ...HostConfig, Mounts: HostConfig.Mounts.map((mount) => ({ ...mount, Source })) },
    }
  }
  const elsewhere = mkdtempSync(join(tmpdir(), 'runyard-elsewhere-'))
  afterAll(() => rmSync(elsewhere, { recursive: true }))

  test.each([
    ['nobody listens in the folder that podman sees', elsewhere],
    ['podman sees no such folder', join(elsewhere, 'not there')],
  ])('because %s, it is spoken to through the engine', async (_title, source) => {
    const launch = launchBy(mounts(source))
    await works(launch)
    await works(launch)
    expect(lines).toEqual([THROUGH_THE_ENGINE])
    expect(readdirSync(folder)).toEqual([])
    // Tried once.
    expect(started.at(-1)).toBe('attached')
    expect(started.length).toBeLessThanOrEqual(3)
  })

  test('an engine that refuses every container decides nothing', async () => {
    let refuses = true
    const launch = launchBy((options) => {
      if (refuses) throw new Error('no more containers today')
      return options
    })
    await expect(bench.make({ launch })).rejects.toThrow('no more containers today')
    refuses = false
    await works(launch)
    expect(lines).toEqual([CONNECTED])
  })
})

test('a container that the engine does not start after all leaves no connection', async () => {
  const handles = () => process.getActiveResourcesInfo().filter((name) => name === 'PipeWrap').length
  const starts: Engine = {
    ...bench.engine,
    async start(options) {
      const id = await bench.engine.start(options)
      await sleep(100)
      await bench.engine.remove(id)
      throw new Error('it took too long')
    },
  }
  const launch = createLaunch(starts, () => Promise.resolve(folder), log)
  await works(launch)
  const before = handles()
  await expect(bench.make({ launch })).rejects.toThrow('it took too long')
  await eventually('no connection is left', () => handles() <= before)
})

test('what a worker that was killed has left is removed', async () => {
  const [old, young] = ['transport-old', 'transport-young'].map((name) => join(folder, name)) as [string, string]
  mkdirSync(old)
  mkdirSync(young)
  const anHourAgo = Date.now() / 1000 - 3600
  utimesSync(old, anHourAgo, anHourAgo)
  await bench.make({ launch: launchBy() })
  expect(readdirSync(folder)).toEqual(['transport-young'])
  rmSync(young, { recursive: true })
})
