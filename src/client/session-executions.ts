import type { Execution, ExecutionError, ExecutionRequest, ExecutionSummary, Result } from './api-types.ts'
import { eventsOf, type StreamedSessionEvent, type StreamOptions } from './event-stream.ts'
import { type CallOptions, type Http } from './http.ts'
import type { RunyardError } from './runyard-error.ts'
import { createInputAnswers, type OnInput } from './session-input.ts'

export interface ExecutionOptions extends CallOptions, Omit<ExecutionRequest, 'code'> {
  /** The same key with the same request is the same execution. Each call makes one of its own when it is absent. */
  idempotencyKey?: string | undefined
}

/** With any of these the output is given as it comes, and is in the execution at the end all the same. */
export interface OutputCallbacks {
  /** It has begun, or waits for its turn. */
  onStart?: ((execution: Execution) => void) | undefined
  onStdout?: ((text: string) => void) | undefined
  onStderr?: ((text: string) => void) | undefined
  /** Something to show: the value of the last expression, a plot, a table. */
  onResult?: ((result: Result) => void) | undefined
  /** One that takes the place of those with its `displayId`. */
  onResultUpdate?: ((result: Result) => void) | undefined
  /** What was shown so far is to go. */
  onClear?: (() => void) | undefined
  onError?: ((error: ExecutionError) => void) | undefined
  /** Answers `input()`; without it, code that asks for input fails. Its `signal` aborts when no answer is wanted any more. */
  onInput?: OnInput | undefined
}

/** A signal that aborts ends the call; the execution goes on until its time is over, or its context is interrupted. */
export type RunCodeOptions = ExecutionOptions & OutputCallbacks

export interface SessionExecutions {
  /** As `runCode` of the session. */
  run(code: string, options?: RunCodeOptions): Promise<Execution>
  /** Starts an execution without waiting for it. */
  start(code: string, options?: ExecutionOptions): Promise<Execution>
  /** The execution as it is now. */
  get(id: string, options?: CallOptions): Promise<Execution>
  /** The execution when it has ended. */
  wait(id: string, options?: CallOptions): Promise<Execution>
  /** Those that wait, run, and ended last, without their output and results. */
  list(options?: CallOptions): Promise<ExecutionSummary[]>
  /** The events of an execution, to its end. */
  stream(id: string, options?: StreamOptions): AsyncGenerator<StreamedSessionEvent, void, void>
  /** Answers an execution that asks for input. */
  input(id: string, value: string, options?: CallOptions): Promise<Execution>
}

/** The longest the service waits at one time, in seconds. */
const LONGEST_WAIT = 60

/** What must not reach the service twice is sent again only where it was certainly not taken. */
export const onlyRefused = ({ status }: RunyardError): boolean => status === 429

/** @param session the path of the session */
export function createExecutions(http: Http, session: string, newIdempotencyKey: () => string): SessionExecutions {
  const at = (id: string) => `${session}/executions/${encodeURIComponent(id)}`

  const post = (code: string, options: ExecutionOptions, waitSeconds: number): Promise<Execution> => {
    const { idempotencyKey = newIdempotencyKey(), signal, retries, shouldRetry, ...request } = options
    const headers: Record<string, string> = { 'idempotency-key': idempotencyKey }
    if (waitSeconds > 0) headers['prefer'] = `wait=${waitSeconds}`
    const call = { signal, retries, shouldRetry, waitsMs: waitSeconds * 1000 }
    return http.json(`${session}/executions`, { ...call, method: 'POST', headers, body: { ...request, code } })
  }
  const untilEnded = async (execution: Execution, call: CallOptions): Promise<Execution> => {
    let now = execution
    while (now.state !== 'finished') {
      now = await http.json(`${at(now.id)}?wait=${LONGEST_WAIT}`, { ...call, waitsMs: LONGEST_WAIT * 1000 })
    }
    return now
  }

  const executions: SessionExecutions = {
    async run(code, options = {}) {
      const { onStart, onStdout, onStderr, onResult, onResultUpdate, onClear, onError, onInput, ...own } = options
      const call: CallOptions = { signal: own.signal, retries: own.retries, shouldRetry: own.shouldRetry }
      const follows = [onStart, onStdout, onStderr, onResult, onResultUpdate, onClear, onError, onInput].some(Boolean)
      if (!follows) return untilEnded(await post(code, own, LONGEST_WAIT), call)
      const started = await post(code, { ...own, ...(onInput && { allowInput: true }) }, 0)
      onStart?.(started)
      const { id } = started
      const send = (value: string, signal: AbortSignal) => executions.input(id, value, { ...call, signal })
      const answers = onInput && createInputAnswers(onInput, send, own.signal)
      try {
        for await (const { type, data } of executions.stream(
          id,
          answers ? { ...call, signal: answers.signal } : call,
        )) {
          if (type === 'stdout') onStdout?.(data.data)
          else if (type === 'stderr') onStderr?.(data.data)
          else if (type === 'output') onResult?.(resultOf(data))
          else if (type === 'output-updated') onResultUpdate?.(resultOf(data))
          else if (type === 'output-cleared') onClear?.()
          else if (type === 'error') onError?.({ name: data.name, value: data.value, traceback: data.traceback })
          else if (type === 'input-request') answers?.ask(data.prompt, data.password)
        }
      } finally {
        answers?.close()
      }
      return untilEnded(await executions.get(id, call), call)
    },
    start: (code, options = {}) => post(code, options, 0),
    get: (id, call) => http.json(at(id), call),
    wait: async (id, call = {}) => untilEnded(await executions.get(id, call), call),
    list: async (call) =>
      (await http.json<{ executions: ExecutionSummary[] }>(`${session}/executions`, call)).executions,
    stream: (id, options) => eventsOf<StreamedSessionEvent>(http, `${at(id)}/events`, options, isEnd),
    input: (id, value, call) =>
      http.json(`${at(id)}/input`, { shouldRetry: onlyRefused, ...call, method: 'POST', body: { value } }),
  }
  return executions
}

/** Whether it is the last event of an execution or a command. */
export const isEnd = ({ type, data }: StreamedSessionEvent): boolean =>
  type === 'ended' || ((type === 'execution' || type === 'command') && data.state === 'finished')

const resultOf = ({ execution: _execution, ...result }: Result & { execution: string }): Result => result
