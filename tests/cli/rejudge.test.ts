import { PassThrough } from 'node:stream'
import { expect, test } from '@jest/globals'
import { RunyardError } from '../../src/client/client.ts'
import { rejudge } from '../../src/cli/jobs/rejudge.ts'
import type { Connection } from '../../src/cli/service/connection.ts'
import { PATIENT_RETRIES } from '../../src/cli/service/connection.ts'

const judged = (id: string, verdict: string, score: number) => ({
  id,
  status: 'succeeded',
  judging: { verdict, score, points: 10 },
})
const OLD = [judged('old-a', 'accepted', 10), judged('old-b', 'wrong-answer', 4)]
const NEW = [judged('a', 'accepted', 10), judged('b', 'accepted', 10), judged('c', 'accepted', 10)]

test('results are compared with those before, patiently, and the terminal shows how far that is', async () => {
  const asked: unknown[] = []
  const client = {
    problems: {
      rejudge: async () => ({
        batch: 'batch',
        version: 2,
        left: [],
        jobs: NEW.map(({ id }) => ({ id, again: { id: `old-${id}` } })),
      }),
    },
    waitBatch: async () => ({ jobs: NEW, counts: { queued: 0, running: 0, finished: 3, cancelled: 0 } }),
    get: async (id: string, call?: { retries?: number }) => {
      asked.push([id, call?.retries])
      const found = OLD.find((one) => one.id === id)
      if (!found) throw new RunyardError({ code: 'not-found', status: 404, detail: 'expired' })
      return found
    },
  }
  const texts = { stdout: '', stderr: '' }
  const streamOf = (name: keyof typeof texts) =>
    new PassThrough().on('data', (chunk: Buffer) => (texts[name] += chunk.toString()))
  const notes: string[] = []
  await rejudge('problem', { wait: true }, { client } as unknown as Connection, {
    stdout: streamOf('stdout'),
    stderr: Object.assign(streamOf('stderr'), { isTTY: true }),
    note: (text) => void notes.push(text),
  })
  expect(asked).toEqual(['old-a', 'old-b', 'old-c'].map((id) => [id, PATIENT_RETRIES]))
  expect(texts.stderr).toContain('comparing 1 of 3 with the result before')
  expect(notes.at(-1)).toBe('3 judged again, 2 with another result')
  const rows = texts.stdout.trim().split('\n')
  expect(rows).toHaveLength(3)
  expect(rows[1]).toMatch(/^old-b +wrong-answer 4\/10 +accepted 10\/10 +b$/)
  expect(rows[2]).toMatch(/^old-c +expired +accepted 10\/10 +c$/)
})
