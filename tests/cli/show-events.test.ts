import { PassThrough } from 'node:stream'
import { expect, test } from '@jest/globals'
import type { JobSummary, StreamedEvent } from '../../src/client/client.ts'
import { showEvents } from '../../src/cli/jobs/show-events.ts'
import { eventually } from '../support/eventually.ts'

const packages = { environment: '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d20', state: 'building' as const, error: null }
const EVENTS = [
  { id: '1', type: 'packages', data: { ...packages, progress: 'installing numpy 2.3.1\x1b[2J' } },
  { id: '2', type: 'stdout', data: { stage: 'run', data: 'hello\n', encoding: 'utf-8' } },
  { id: '3', type: 'result', data: { id: 'x' } as JobSummary },
] as StreamedEvent[]

async function shown(isTTY: boolean): Promise<{ stdout: string; stderr: string }> {
  const stdout = new PassThrough()
  const stderr = Object.assign(new PassThrough(), { isTTY })
  async function* events() {
    yield* EVENTS
  }
  await showEvents(events(), { stdout, stderr, note: () => undefined })
  return { stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') }
}

test('a terminal shows how far the installation of packages is, and clears that before the output', async () => {
  const { stdout, stderr } = await shown(true)
  expect(stdout).toBe('hello\n')
  const [nothing, drawn, cleared, ...more] = stderr.split('\r\x1b[K')
  expect([nothing, cleared, more]).toEqual(['', '', []])
  expect(drawn).toMatch(/^installing numpy 2\.3\.1/)
  expect(drawn).not.toContain('\x1b')
})

test('the last of many steps is what stands there, until the events break off', async () => {
  const stdout = new PassThrough()
  const stderr = Object.assign(new PassThrough(), { isTTY: true })
  let text = ''
  stderr.on('data', (piece: Buffer) => (text += piece.toString()))
  const step = (progress: string) => ({ id: '1', type: 'packages', data: { ...packages, progress } }) as StreamedEvent
  async function* events() {
    yield step('resolving')
    yield step('downloading')
    yield step('installing numpy')
    await eventually('the last step is shown', () => text.includes('installing numpy'))
    throw new Error('the service is gone')
  }
  const showing = showEvents(events(), { stdout, stderr, note: () => undefined })
  await expect(showing).rejects.toThrow('the service is gone')
  expect(text).not.toContain('downloading')
  expect(text.endsWith('\r\x1b[K')).toBe(true)
})

test('what is no terminal gets nothing but the output', async () => {
  expect(await shown(false)).toEqual({ stdout: 'hello\n', stderr: '' })
})
