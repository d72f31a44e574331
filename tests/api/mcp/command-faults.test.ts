import { expect, test } from '@jest/globals'
import { runCommand } from '../../../src/api/mcp/tools/run-in-session.ts'
import type { ToolCall, ToolNeeds } from '../../../src/api/mcp/tools/tool.ts'
import { checkCommand } from '../../../src/api/sessions/commands.ts'

const ID = '01a22c69-5392-766c-a145-c63bab2c38dd'
const DETAIL = 'must not contain a NUL character'
const sessions = {
  config: { http: { maxCodeBytes: 1000 } },
  screen: () => [],
  records: { read: () => Promise.resolve({ tenant: 'ada', session: { id: ID, state: 'running' } }) },
}
const call = { caller: { tenant: 'ada' }, requestId: 'r' } as unknown as ToolCall

test('what is wrong with the line of run_command is told of its command', async () => {
  const needs = { sessions } as unknown as ToolNeeds
  await expect(runCommand.run(needs, { session_id: ID, command: 'echo a\0b' }, call)).rejects.toMatchObject({
    errors: [{ pointer: '/command', detail: DETAIL }],
  })
})

test.each([
  { asked: { shell: 'a\0b', cwd: 'c\0d' }, pointers: ['/shell', '/cwd'] },
  { asked: { argv: ['a', 'b\0'], env: { 'x/y': '\0' } }, pointers: ['/argv/1', '/env/x~1y'] },
])('a NUL character in a command is told where its request has it: $pointers', ({ asked, pointers }) => {
  const session = { language: 'python', endUser: null } as never
  const errors = pointers.map((pointer) => ({ pointer, detail: DETAIL }))
  const check = () => checkCommand(sessions as never, session, asked, call)
  expect(check).toThrow(expect.objectContaining({ errors }))
})
