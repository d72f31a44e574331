import { expect, test } from '@jest/globals'
import type { ToolCall, ToolNeeds } from '../../../src/api/mcp/tools/tool.ts'
import { runInSession } from '../../../src/api/mcp/tools/run-in-session.ts'

const ID = '01a22c69-5392-766c-a145-c63bab2c38dd'

test('a cancelled cell interrupts itself alone: what runs in its context by then may be of others', async () => {
  const cancelling = new AbortController()
  const calls: { operation: string; input: { id: string; execution?: string } }[] = []
  const needs = {
    config: { limits: { defaults: { wallMs: 1000 } } },
    sessions: {
      config: { http: { maxCodeBytes: 1000 } },
      screen: () => [],
      records: { read: () => Promise.resolve({ tenant: 'ada', session: { id: ID, state: 'running' } }) },
      calls: {
        call(_place: object, operation: string, input: { id: string }) {
          calls.push({ operation, input })
          if (operation !== 'execute') return Promise.resolve({ value: { id: input.id, state: 'running' } })
          cancelling.abort()
          return Promise.reject(new Error('nobody waits for it'))
        },
      },
    },
  } as unknown as ToolNeeds
  const call = {
    caller: { tenant: 'ada' },
    ends: new AbortController().signal,
    cancelled: cancelling.signal,
  } as unknown as ToolCall
  await expect(runInSession.run(needs, { session_id: ID, code: '1' }, call)).rejects.toThrow('nobody waits for it')
  const interrupts = calls.filter(({ operation }) => operation === 'interruptContext')
  expect(interrupts.map(({ input }) => input)).toEqual([{ id: 'default', execution: calls[0]?.input.id }])
})
