import type { Response } from 'express'
import { expect, test } from '@jest/globals'
import type { Session } from '../../src/shared/sessions/session.ts'
import { createSessionFacts } from '../../src/api/sessions/session-facts.ts'

const responseFor = (tenant: string) => ({ locals: { caller: { tenant } } }) as unknown as Response

function rig(most?: number) {
  const reads: string[] = []
  const there = new Set(['a', 'b'])
  const factsOf = createSessionFacts(
    {
      read(id) {
        reads.push(id)
        const session = { id, language: 'python', state: 'running', endUser: 'eve' } as unknown as Session
        return Promise.resolve(there.has(id) ? { tenant: 'ada', session } : undefined)
      },
    },
    most,
  )
  return { reads, there, of: (tenant: string, id: string) => factsOf(responseFor(tenant), id) }
}

test('what never changes of a session is read once, under its id in any letter case', async () => {
  const { reads, of } = rig()
  expect(await of('ada', 'A')).toEqual({ id: 'a', language: 'python', limits: undefined, endUser: 'eve' })
  expect(await of('ada', 'a')).toMatchObject({ id: 'a' })
  expect(reads).toEqual(['a'])
})

test("another tenant's session is not there, whoever asked for it first", async () => {
  const { of } = rig()
  await expect(of('bob', 'a')).rejects.toMatchObject({ code: 'not-found' })
  expect(await of('ada', 'a')).toMatchObject({ id: 'a' })
  await expect(of('bob', 'a')).rejects.toMatchObject({ code: 'not-found' })
})

test('a session that is not there may be there later', async () => {
  const { there, of } = rig()
  await expect(of('ada', 'c')).rejects.toMatchObject({ code: 'not-found' })
  there.add('c')
  expect(await of('ada', 'c')).toMatchObject({ id: 'c' })
})

test('of too many sessions those that were known first are read anew', async () => {
  const { reads, of } = rig(1)
  for (const id of ['a', 'b', 'b', 'a']) await of('ada', id)
  expect(reads).toEqual(['a', 'b', 'a'])
})
