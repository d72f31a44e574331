import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { ContainerCreateOptions } from 'dockerode'
import { pino } from 'pino'
import { withOwnDevices } from '../../src/worker/sandbox/own-devices.ts'
import type { Launch } from '../../src/worker/sandbox/launch.ts'
import type { Transport } from '../../src/worker/sandbox/transport.ts'

let parent: string
let said: string[]
const log = pino({}, { write: (line: string) => void said.push((JSON.parse(line) as { msg: string }).msg) })
beforeEach(() => {
  // Where device nodes work.
  parent = mkdtempSync('/dev/test-')
  said = []
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

const hasOwn = (options: ContainerCreateOptions) => options.Cmd?.includes('--devices') === true
/** An engine that takes what `takes` says, and remembers which containers had nodes of their own. */
function engine(takes: (own: boolean, count: number) => Error | undefined) {
  const launched: boolean[] = []
  const launch: Launch = async (options) => {
    const own = hasOwn(options)
    launched.push(own)
    const fault = takes(own, launched.length)
    if (fault) throw fault
    return { out: new PassThrough() } as unknown as Transport
  }
  return { launched, launch: withOwnDevices(launch, log, parent) }
}

test('sandboxes have nodes of their own, which are gone with them', async () => {
  const { launched, launch } = engine(() => undefined)
  const transports = await Promise.all([launch({}), launch({})])
  expect([launched, readdirSync(parent).length]).toEqual([[true, true], 2])
  for (const { out } of transports) out.emit('close')
  expect(readdirSync(parent)).toEqual([])
  expect(said).toEqual(['sandboxes have their own device nodes'])
})

test('an engine that does not take them three times is never given any again', async () => {
  const { launched, launch } = engine((own) => (own ? new Error('statfs: no such file') : undefined))
  await Promise.all([launch({}), launch({}), launch({}), launch({}), launch({})])
  expect([launched, readdirSync(parent)]).toEqual([[true, false, true, false, true, false, false, false], []])
  expect(said).toEqual(['sandboxes share the device nodes of the machine'])
})

test('where none can be made none is tried again', async () => {
  rmSync(parent, { recursive: true })
  const { launched, launch } = engine(() => undefined)
  await launch({})
  await launch({})
  expect([launched, said]).toEqual([[false, false], ['sandboxes share the device nodes of the machine']])
})

test('what workers that are gone have left is removed, also where their process id has come again', async () => {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  const live = `runyard-${process.pid}-${start}-aaaaaa`
  const others = ['pts', 'runyard-notes']
  for (const name of [live, ...others, `runyard-${process.pid}-1-bbbbbb`, 'runyard-4194304-77-cccccc'])
    mkdirSync(join(parent, name))
  const { launch } = engine(() => undefined)
  const { out } = await launch({})
  out.emit('close')
  expect(readdirSync(parent).sort()).toEqual([live, ...others].sort())
})

test('a fault that passes decides nothing', async () => {
  const { launched, launch } = engine((_own, count) =>
    count === 1 ? new Error('the engine took too long') : undefined,
  )
  await launch({})
  await launch({})
  expect(launched).toEqual([true, false, true])
  expect(said).toEqual(['sandboxes have their own device nodes'])
})

test('a sandbox that fails later never shares the machine’s', async () => {
  const { launched, launch } = engine((_own, count) =>
    count === 2 ? new Error('no more containers today') : undefined,
  )
  await launch({})
  await expect(launch({})).rejects.toThrow('no more containers today')
  expect([launched, readdirSync(parent).length]).toEqual([[true, true], 1])
})

test('sandboxes that all fail at the start fail for who asked, one by one, and for nobody else', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  const { launch } = engine(() => new Error('the engine is away'))
  const launches = await Promise.allSettled([launch({}), launch({}), launch({})])
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(launches.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(unhandled).toEqual([])
})
