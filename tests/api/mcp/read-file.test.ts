import { expect, test } from '@jest/globals'
import { readFile } from '../../../src/api/mcp/tools/files.ts'
import type { ToolCall, ToolNeeds } from '../../../src/api/mcp/tools/tool.ts'

test('behind the end of a file there is nothing, and it is as long as it is', async () => {
  const content = Buffer.from('abc')
  const call = (_place: object, _operation: string, { offset, most }: { offset: number; most: number }) =>
    Promise.resolve({ value: { bytes: content.length }, bytes: content.subarray(offset, offset + most) })
  const needs = { sessions: { calls: { call } } } as unknown as ToolNeeds
  const asked = { caller: { tenant: 'ada' } } as unknown as ToolCall
  const read = async (offset: number) => {
    const args = { session_id: '01a22c69-5392-766c-a145-c63bab2c38dd', path: 'a.txt', offset }
    const { content: shown, structured } = await readFile.run(needs, args, asked)
    return [shown[0]?.type === 'text' && shown[0].text, structured['bytes'], structured['next_offset']]
  }
  expect(await read(1)).toEqual(['bc', 3, null])
  expect(await read(3)).toEqual(['(offset 3 is at or beyond the end of the file)', 3, null])
  expect(await read(1000)).toEqual(['(offset 1000 is at or beyond the end of the file)', 3, null])
})
