import { expect, test } from '@jest/globals'
import { watchEventsOf } from '../../src/api/sessions/watches.ts'

const ID = 'one'
const watch = (state: string, id = ID) => ({ id: '1-0', type: 'watch', data: JSON.stringify({ id, state }) })
const files = (of = ID) => ({ id: '2-0', type: 'files', data: JSON.stringify({ watch: of, changes: [] }) })
const gap = { id: '0-0', type: 'gap', data: '{"before":"1-0"}' }
const other = { id: '1-1', type: 'stdout', data: JSON.stringify({ data: ID }) }

async function read(events: (typeof gap)[], isWhole: boolean): Promise<string[]> {
  const stream = (async function* () {
    await Promise.resolve()
    yield* events
  })()
  const found: string[] = []
  for await (const { type, data } of watchEventsOf(stream, ID, isWhole)) {
    found.push(type === 'watch' ? ((JSON.parse(data) as { state?: string }).state ?? '') : type)
  }
  return found
}

test('events of a watch are its own, to its end', async () => {
  const all = [watch('watching', 'two'), watch('watching'), files('two'), other, files(), watch('ended'), files()]
  expect(await read(all, true)).toEqual(['watching', 'files', 'ended'])
})

test('what is missing before it began is none of it, and anything else is said', async () => {
  expect(await read([gap, other, watch('watching'), files()], true)).toEqual(['watching', 'files'])
  expect(await read([gap, other, files()], true)).toEqual(['gap', 'files'])
  expect(await read([gap, watch('watching')], false)).toEqual(['gap', 'watching'])
  expect(await read([watch('watching'), gap, files()], true)).toEqual(['watching', 'gap', 'files'])
})

test('the end of the session is the last', async () => {
  expect(await read([watch('watching'), { id: '9-0', type: 'ended', data: '{}' }, files()], true)).toEqual([
    'watching',
    'ended',
  ])
})
