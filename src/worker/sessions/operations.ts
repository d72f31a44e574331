import type { Operation } from '../../shared/sessions/operations.ts'
import type { Session } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import type { Answered, SentRequest } from '../../shared/sessions/session-requests.ts'
import type { Agent } from './agent.ts'
import type { Clock } from './clock.ts'
import type { Kernels } from './kernels.ts'
import { createRepeatedRequests } from './repeated-requests.ts'
import { createCodeOperations } from './code-operations.ts'
import { createCommandOperations } from './command-operations.ts'
import { createFileOperations } from './file-operations.ts'
import type { Handlers } from './handlers.ts'
import { Refused, refusalOf } from './refusals.ts'
import { createSessionResults } from './results.ts'
import { createSnapshotOperations, type KeepFile } from './snapshot-operations.ts'
import { createWatchOperations } from './watch-operations.ts'

/** Does what a session is asked. */
export interface SessionOperations {
  /** @throws AgentFault when the agent cannot be believed any more, and what ended it when it is gone; all else is answered */
  perform(request: SentRequest): Promise<Answered>
  /** Whether something runs that somebody waits for. */
  readonly isBusy: boolean
  /** Ends what runs. */
  close(how: 'cancelled' | 'session-lost', message: string): void
}

export interface OperationsOptions {
  agent: Agent
  /** Null for a session without a kernel. */
  kernels: Kernels | null
  env: Record<string, string>
  tell: (event: SessionEvent) => void
  whenRoom: (resume: () => void) => void
  /** Keeps what has ended, and removes others. */
  keep: (result: { id: string; json: string }, remove: readonly string[]) => void
  keepFile: KeepFile
  storeFailed: (error: unknown) => void
  session: {
    view: () => Session
    extend: (times: { idleTimeoutMs?: number; maxLifetimeMs?: number }) => void
    end: () => void
  }
  clock: Clock
}

const NONE = Buffer.alloc(0)

export function createOperations(options: OperationsOptions): SessionOperations {
  const { agent, kernels, env, tell, whenRoom, keep, keepFile, storeFailed, session, clock } = options
  const results = createSessionResults(keep, clock)
  const repeated = createRepeatedRequests()
  const code = createCodeOperations({ kernels, env, results, repeated, clock })
  const commands = createCommandOperations({ agent, env, tell, whenRoom, results, repeated, clock })

  const handlers: Handlers<Operation> = {
    read: () => [session.view()],
    extend(input) {
      session.extend(input)
      return [session.view()]
    },
    end() {
      session.end()
      return [session.view()]
    },
    ...code.handlers,
    ...commands.handlers,
    ...createFileOperations(agent),
    ...createSnapshotOperations({ agent, clock, keepFile, storeFailed }),
    ...createWatchOperations({ agent, tell, whenRoom, clock }),
  }

  return {
    async perform({ operation, input, bytes }) {
      try {
        if (!Object.hasOwn(handlers, operation))
          throw new Refused('not-found', 'the worker does not know the operation')
        const handle = handlers[operation] as (input: unknown, bytes: Buffer) => Promise<[unknown, Buffer?]>
        const [value, answer = NONE] = await handle(input, bytes)
        return { value, bytes: answer }
      } catch (error) {
        return { refusal: refusalOf(error, input) }
      }
    },
    get isBusy() {
      return results.isAwaited || code.isBusy || commands.isBusy
    },
    close(how, message) {
      kernels?.close(how, message)
      commands.close(how, message)
    },
  }
}
