import type { Execution, SessionHandle } from '../../client/client.ts'
import { EXIT } from '../exit.ts'
import type { Streams } from '../jobs/show-events.ts'
import { reasonOf } from '../service/explain.ts'
import { ownExecution } from './own-execution.ts'
import { whyEnded } from './repl.ts'
import type { ResultShower } from './show-result.ts'

export interface RunFileOptions {
  session: SessionHandle
  code: string
  context: string
  /** Ends what takes longer; the service's when absent. */
  timeoutMs?: number
  /** Nothing is shown but the finished execution. */
  json: boolean
  streams: Streams
  shower: ResultShower
  /** Aborts at Ctrl-C: the code is interrupted. What others run in the context goes on. */
  stop: AbortSignal
  /** Aborts at the second Ctrl-C: nothing is waited for. */
  hurry: AbortSignal
}

/**
 * Runs code of a file in a session, with this command's standard streams as its own.
 * @returns with what the command ends
 */
export async function runFile(options: RunFileOptions): Promise<number> {
  const { session, code, context, timeoutMs, json, streams, shower, stop, hurry } = options
  const own = ownExecution(session, context)
  const interrupt = () => {
    streams.note('interrupting...; Ctrl-C again leaves it')
    own.interrupt({ signal: hurry }).catch((error: unknown) => {
      if (!hurry.aborted) streams.note(`not interrupted: ${reasonOf(error)}`)
    })
  }
  if (stop.aborted) interrupt()
  else stop.addEventListener('abort', interrupt, { once: true })
  try {
    const execution = await session.runCode(code, {
      context,
      ...(timeoutMs !== undefined && { timeoutMs }),
      signal: hurry,
      onStart: own.onStart,
      ...(!json && {
        onStdout: (text) => void streams.stdout.write(text),
        onStderr: (text) => void streams.stderr.write(text),
        onResult: (result) => shower.result(result),
        onError: (error) => shower.error(error),
      }),
    })
    if (json) streams.stdout.write(`${JSON.stringify(execution, null, 2)}\n`)
    const why = whyEnded(execution)
    if (why !== undefined) streams.note(why)
    return exitCodeOf(execution)
  } catch (error) {
    if (!hurry.aborted) throw error
    streams.note('left without waiting for the code to end')
    return EXIT.cancelled
  } finally {
    own.close()
    stop.removeEventListener('abort', interrupt)
  }
}

const OF_STATUS: Record<NonNullable<Execution['status']>, number> = {
  succeeded: 0,
  failed: 1,
  interrupted: EXIT.cancelled,
  cancelled: EXIT.cancelled,
  'wall-time-limit': EXIT.timeLimit,
  'cpu-time-limit': EXIT.timeLimit,
  'context-lost': EXIT.internal,
  'session-lost': EXIT.unavailable,
}
const exitCodeOf = ({ status }: Execution): number => (status === null ? EXIT.internal : OF_STATUS[status])
