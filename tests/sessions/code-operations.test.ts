import { expect, test } from '@jest/globals'
import type { Execute } from '../../src/shared/sessions/operations.ts'
import { createCodeOperations } from '../../src/worker/sessions/code-operations.ts'
import type { SessionContext } from '../../src/worker/sessions/context.ts'
import { createExecution, type RunningExecution } from '../../src/worker/sessions/execution.ts'
import type { Kernels } from '../../src/worker/sessions/kernels.ts'
import { createRepeatedRequests } from '../../src/worker/sessions/repeated-requests.ts'
import { createSessionResults } from '../../src/worker/sessions/results.ts'

const NONE = Buffer.alloc(0)

/** Operations on contexts named `a` and `b` whose executions end when the test says so. */
function rig() {
  const clock = { after: () => () => undefined }
  const interrupted: string[] = []
  const ends = new Map<string, () => void>()
  const contexts = ['a', 'b'].map((id) => ({
    id,
    view: () => ({ id }),
    execute(asked: Execute, ended: (execution: RunningExecution) => void) {
      const execution = createExecution(asked, 1000, () => undefined)
      ends.set(asked.id, () => {
        execution.finish('succeeded')
        ended(execution)
      })
      return execution
    },
    interrupt: (execution?: string) => interrupted.push(`${execution ?? 'what runs'} in ${id}`) > 0,
  }))
  const kernels = { get: (id: string) => contexts.find((one) => one.id === id) as unknown as SessionContext }
  const { handlers } = createCodeOperations({
    kernels: kernels as Kernels,
    env: {},
    results: createSessionResults(() => undefined, clock),
    repeated: createRepeatedRequests(),
    clock,
  })
  const run = (id: string, context: string) =>
    handlers.execute(
      { id, context, code: '', timeoutMs: 1000, silent: false, allowInput: false, warnings: [], waitMs: 0 },
      NONE,
    )
  return { handlers, run, ends, interrupted }
}

test('an interrupt of an execution is for one of that context: one that runs, waits or has ended', async () => {
  const { handlers, run, ends, interrupted } = rig()
  await run('one', 'a')
  await run('two', 'b')
  const interrupt = async (execution?: string) =>
    handlers.interruptContext({ id: 'a', ...(execution !== undefined && { execution }) }, NONE)
  await interrupt()
  await interrupt('one')
  ends.get('one')?.()
  await interrupt('one')
  expect(interrupted).toEqual(['what runs in a', 'one in a', 'one in a'])
  for (const other of ['two', 'three'])
    await expect(interrupt(other)).rejects.toMatchObject({
      code: 'not-found',
      message: 'the context "a" has no such execution, or it has gone',
    })
  expect(interrupted).toHaveLength(3)
})

test('executions are listed without their output, whether they run or have ended', async () => {
  const { handlers, run, ends } = rig()
  await run('one', 'a')
  await run('two', 'b')
  ends.get('one')?.()
  const [listed] = await handlers.listExecutions({}, NONE)
  expect(listed.map(({ id, state }) => [id, state])).toEqual([
    ['one', 'finished'],
    ['two', 'queued'],
  ])
  for (const execution of listed)
    for (const member of ['results', 'stdout', 'stderr']) expect(execution).not.toHaveProperty(member)
})
