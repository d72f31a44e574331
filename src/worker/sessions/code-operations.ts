import { type Execution, summaryOfExecution } from '../../shared/sessions/session.ts'
import type { Clock } from './clock.ts'
import type { SessionContext } from './context.ts'
import type { RunningExecution } from './execution.ts'
import type { Kernels } from './kernels.ts'
import type { RepeatedRequests } from './repeated-requests.ts'
import type { Handlers } from './handlers.ts'
import { Refused } from './refusals.ts'
import type { SessionResults } from './results.ts'

export interface CodeOperations {
  handlers: Handlers<
    | 'execute'
    | 'readExecution'
    | 'listExecutions'
    | 'answerInput'
    | 'listContexts'
    | 'createContext'
    | 'interruptContext'
    | 'restartContext'
    | 'deleteContext'
    | 'askContext'
    | 'sendComm'
  >
  /** Whether any code runs or waits. */
  readonly isBusy: boolean
}

export interface CodeOptions {
  /** Null for a session without a kernel. */
  kernels: Kernels | null
  env: Record<string, string>
  results: SessionResults
  repeated: RepeatedRequests
  clock: Clock
}

/** Code of a session: contexts and what runs in them. */
export function createCodeOperations(options: CodeOptions): CodeOperations {
  const { results, repeated, clock } = options
  const executions = new Map<string, RunningExecution>()

  const kernelsOf = (): Kernels => {
    if (options.kernels) return options.kernels
    throw new Refused(
      'no-kernel',
      'the session has no kernel, since `kernel` was false or its language has none here; run commands, or start a session with `kernel: true`, which says what is missing',
    )
  }
  const contextOf = (id: string): SessionContext => {
    const context = kernelsOf().get(id)
    if (!context) throw new Refused('not-found', `the session has no context "${id}"`)
    return context
  }
  const readExecution = async (id: string, waitMs: number): Promise<Execution> => {
    const running = executions.get(id)
    const execution = running ? await results.waitFor(id, running, waitMs) : results.find('execution', id)
    if (!execution) throw new Refused('not-found', 'the session has no such execution, or it has gone')
    return execution
  }
  const contextIdOf = (execution: string): string | undefined =>
    (executions.get(execution)?.view() ?? results.find('execution', execution))?.context
  /** @throws Refused when the kernel has something else to do for longer */
  const answeredWithin = <T>(answer: Promise<T>, waitMs: number): Promise<T> =>
    new Promise((resolve, reject) => {
      const stop = clock.after(waitMs, () => {
        reject(new Refused('session-busy', 'the context runs code, and answers when that has ended'))
      })
      answer.then(resolve, reject).finally(stop)
    })

  return {
    get isBusy() {
      return executions.size > 0
    },
    handlers: {
      async execute(asked) {
        const made = repeated.find(asked.idempotency)
        if (made !== undefined) return [await readExecution(made, asked.waitMs)]
        const execution = contextOf(asked.context).execute(asked, (one) => {
          executions.delete(one.id)
          results.add('execution', one.view())
        })
        repeated.note(asked.idempotency, asked.id)
        if (!execution.isFinished) executions.set(asked.id, execution)
        return [await results.waitFor(asked.id, execution, asked.waitMs)]
      },
      readExecution: async ({ id, waitMs }) => [await readExecution(id, waitMs)],
      listExecutions: () => [
        [...results.list('execution'), ...[...executions.values()].map((execution) => execution.view())].map(
          summaryOfExecution,
        ),
      ],
      answerInput({ id, value }) {
        const execution = executions.get(id)
        if (!execution) throw new Refused('not-found', 'the session has no such execution that runs')
        if (!contextOf(execution.view().context).input(id, value))
          throw new Refused('not-waiting', 'the execution does not ask for input')
        return [execution.view()]
      },

      listContexts: () => [kernelsOf().list()],
      async createContext({ id, cwd, env }) {
        const context = await kernelsOf().create(id, { cwd, env: { ...options.env, ...env } })
        await context.ready
        return [context.view()]
      },
      interruptContext({ id, execution }) {
        const context = contextOf(id)
        if (execution !== undefined && contextIdOf(execution) !== id)
          throw new Refused('not-found', `the context "${id}" has no such execution, or it has gone`)
        context.interrupt(execution)
        return [context.view()]
      },
      async restartContext({ id }) {
        const context = contextOf(id)
        await kernelsOf().restart(context)
        await context.ready
        return [context.view()]
      },
      deleteContext({ id }) {
        const context = contextOf(id)
        kernelsOf().remove(context)
        return [context.view()]
      },
      async askContext({ id, type, content, waitMs }) {
        const context = contextOf(id)
        await context.ready
        const answer = context.ask(type, content)
        return [await (waitMs === undefined ? answer : answeredWithin(answer, waitMs))]
      },
      async sendComm({ id, context: name, ...message }) {
        const context = contextOf(name)
        await context.ready
        context.comm(id, message)
        return [{ id }]
      },
    },
  }
}
