import type { Execute } from '../../shared/sessions/operations.ts'
import { type Execution, type ExecutionStatus, INPUT_REFUSED, type Result } from '../../shared/sessions/session.ts'
import type { SessionEvent } from '../../shared/sessions/session-event.ts'
import type { KernelMessage } from './bridge-lines.ts'

/** What one execution may show, in bytes: its text as the session's limit says, its results together so much, as JSON. */
export const MAX_RESULT_BYTES = 8 * 1024 * 1024
const MAX_RESULTS = 1000
/** What is kept of an error that is too large, in bytes. */
const MAX_ERROR_NAME = 1024
const MAX_ERROR_VALUE = 4096
const NEEDS_INPUT = 'it asked for input; run it with "allowInput": true to answer it'
const INTERRUPTED = { ename: 'Interrupted', evalue: 'the execution was interrupted', traceback: [] }

/** What an execution becomes by what its kernel says of it. */
export interface RunningExecution {
  readonly id: string
  readonly isFinished: boolean
  /** Whether both its reply and the end of its output have come. */
  readonly isComplete: boolean
  /** Whether its reply has come. */
  readonly hasReply: boolean
  /** Whether the end of its output has come. */
  readonly isIdle: boolean
  /** As its owner sees it now. */
  view(): Execution
  start(): void
  /** Something that it would show is left out. */
  cut(): void
  take(message: KernelMessage): void
  /** What its kernel did not say: an error, unless it has told of one. */
  takeFault(why: string): void
  finish(status: ExecutionStatus, message?: string | null): void
  /** The status that its reply stands for; undefined before it. */
  outcome(): ExecutionStatus | undefined
}

/**
 * @param outputBytes most text of stdout and stderr together
 * @param tell takes its events
 */
export function createExecution(
  { id, context, warnings, allowInput }: Pick<Execute, 'id' | 'context' | 'warnings' | 'allowInput'>,
  outputBytes: number,
  tell: (event: SessionEvent) => void,
): RunningExecution {
  const now = () => new Date().toISOString()
  const execution: Execution = {
    id,
    context,
    state: 'queued',
    status: null,
    message: null,
    executionCount: null,
    results: [],
    stdout: '',
    stderr: '',
    error: null,
    truncated: false,
    warnings,
    createdAt: now(),
    startedAt: null,
    finishedAt: null,
  }
  let textLeft = outputBytes
  let resultsLeft = MAX_RESULT_BYTES
  let clearsNext = false
  let isIdle = false
  let replied: 'ok' | 'error' | 'aborted' | undefined

  const tellState = () => {
    const {
      results: _results,
      stdout: _stdout,
      stderr: _stderr,
      error: _error,
      warnings: _warnings,
      ...rest
    } = execution
    tell({ type: 'execution', data: rest })
  }
  const clear = () => {
    clearsNext = false
    // A program that clears without end is told of no more often than it shows something.
    if (execution.results.length === 0 && execution.stdout === '' && execution.stderr === '') return
    execution.results = []
    execution.stdout = ''
    execution.stderr = ''
    tell({ type: 'output-cleared', data: { execution: id } })
  }
  const beforeOutput = () => {
    if (clearsNext) clear()
  }

  const takeText = (stream: 'stdout' | 'stderr', text: string) => {
    beforeOutput()
    const kept = cutBytes(text, textLeft)
    textLeft -= Buffer.byteLength(kept)
    if (kept.length < text.length) execution.truncated = true
    if (kept === '') return
    execution[stream] += kept
    tell({ type: stream, data: { execution: id, data: kept } })
  }

  /** @returns undefined when it is too much */
  const resultOf = ({ content, omitted }: KernelMessage, isMainResult: boolean): Result | undefined => {
    const data = objectIn(content, 'data')
    const metadata = objectIn(content, 'metadata')
    const displayId = objectIn(content, 'transient')['display_id']
    const result = { data, metadata, isMainResult, ...(typeof displayId === 'string' && { displayId }) }
    const came = omitted === undefined || 'text/plain' in data
    if (came && execution.results.length < MAX_RESULTS && pay(result, 1)) return result
    execution.truncated = true
    return undefined
  }

  /** Counts a result for each place where it is shown. @returns whether there is room for it */
  const pay = ({ data, metadata, displayId }: Result, places: number): boolean => {
    const size = places * jsonBytes([data, metadata, displayId ?? ''])
    if (size > resultsLeft) return false
    resultsLeft -= size
    return true
  }

  const takeResult = (message: KernelMessage, isMainResult: boolean) => {
    beforeOutput()
    const result = resultOf(message, isMainResult)
    if (!result) return
    execution.results.push(result)
    tell({ type: 'output', data: { execution: id, ...result } })
  }

  const updateResult = (message: KernelMessage) => {
    const result = resultOf(message, false)
    if (!result) return
    const isShown = ({ displayId }: Result) => displayId !== undefined && displayId === result.displayId
    const places = execution.results.filter(isShown).length
    if (places > 1 && !pay(result, places - 1)) {
      execution.truncated = true
      return
    }
    for (const [index, shown] of execution.results.entries()) {
      if (isShown(shown)) execution.results[index] = { ...result, isMainResult: shown.isMainResult }
    }
    tell({ type: 'output-updated', data: { execution: id, ...result } })
  }

  const takeError = (content: Record<string, unknown>, omitted?: number) => {
    if (omitted !== undefined)
      content = { ename: 'Error', evalue: `the error text was left out: ${omitted} bytes are more than the limit` }
    const { traceback } = content
    const isText = (line: unknown): line is string => typeof line === 'string'
    const lines = Array.isArray(traceback) ? traceback.filter(isText) : []
    const error = { name: textIn(content, 'ename'), value: textIn(content, 'evalue'), traceback: lines }
    const kept = Buffer.byteLength(JSON.stringify(error)) <= Math.max(resultsLeft, 64 * 1024)
    if (!kept) execution.truncated = true
    execution.error = kept
      ? error
      : { name: cutBytes(error.name, MAX_ERROR_NAME), value: cutBytes(error.value, MAX_ERROR_VALUE), traceback: [] }
    tell({ type: 'error', data: { execution: id, ...execution.error } })
  }

  /** What a pager would show, as for `name?` in IPython: here it is output like other. */
  const takePages = ({ payload }: Record<string, unknown>) => {
    if (!Array.isArray(payload)) return
    const pages = payload.map((one: unknown) => {
      const page = objectIn({ one }, 'one')
      const text = page['source'] === 'page' ? textIn(objectIn(page, 'data'), 'text/plain') : ''
      return text === '' || text.endsWith('\n') ? text : `${text}\n`
    })
    if (pages.some((text) => text !== '')) takeText('stdout', pages.join(''))
  }

  const takeCount = ({ execution_count: count }: Record<string, unknown>) => {
    if (Number.isSafeInteger(count)) execution.executionCount = count as number
  }

  return {
    id,
    get isFinished() {
      return execution.state === 'finished'
    },
    get isComplete() {
      return isIdle && replied !== undefined
    },
    get hasReply() {
      return replied !== undefined
    },
    get isIdle() {
      return isIdle
    },
    view: () => ({ ...execution, results: [...execution.results] }),
    start() {
      execution.state = 'running'
      execution.startedAt = now()
      tellState()
    },
    cut() {
      execution.truncated = true
    },
    take(message) {
      const { type, content, omitted } = message
      if (execution.state !== 'running') return
      if (omitted !== undefined) execution.truncated = true
      switch (type) {
        case 'status':
          if (content['execution_state'] === 'idle') isIdle = true
          return
        case 'execute_input':
          return takeCount(content)
        case 'stream':
          return takeText(content['name'] === 'stderr' ? 'stderr' : 'stdout', textIn(content, 'text'))
        case 'display_data':
          return takeResult(message, false)
        case 'execute_result':
          takeCount(content)
          return takeResult(message, true)
        case 'update_display_data':
          return updateResult(message)
        case 'clear_output':
          if (content['wait'] === true) clearsNext = true
          else clear()
          return
        case 'error':
          return takeError(content, omitted)
        case 'input_request':
          return tell({
            type: 'input-request',
            data: {
              execution: id,
              context,
              prompt: textIn(content, 'prompt').slice(0, 4096),
              password: content['password'] === true,
            },
          })
        case 'execute_reply':
          takeCount(content)
          takePages(content)
          replied = content['status'] === 'ok' ? 'ok' : content['status'] === 'aborted' ? 'aborted' : 'error'
          if (replied === 'error' && !execution.error) {
            // What IRkernel says of code that was interrupted, and no more than that.
            takeError(content['status'] === 'abort' ? INTERRUPTED : content, omitted)
          }
          return
      }
    },
    takeFault(why) {
      if (execution.state === 'running' && !execution.error) takeError({ ename: 'KernelError', evalue: why })
    },
    finish(status, message = null) {
      if (execution.state === 'finished') return
      execution.state = 'finished'
      execution.status = status
      const isInVain = status === 'failed' && !allowInput && execution.error?.name === INPUT_REFUSED
      execution.message = message ?? (isInVain ? NEEDS_INPUT : null)
      execution.finishedAt = now()
      tellState()
    },
    outcome() {
      if (replied === undefined) return undefined
      if (replied === 'aborted') return 'cancelled'
      return replied === 'ok' ? 'succeeded' : 'failed'
    },
  }
}

const textIn = (from: Record<string, unknown>, name: string): string => {
  const value = from[name]
  return typeof value === 'string' ? value : ''
}

const objectIn = (from: Record<string, unknown>, name: string): Record<string, unknown> => {
  const value = from[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** Bytes of a value as JSON: without end when it is nested deeper than it can be written again. */
export function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch (error) {
    if (error instanceof RangeError) return Infinity
    throw error
  }
}

/** The beginning of a text that has at most so many bytes in UTF-8. */
export function cutBytes(text: string, most: number): string {
  if (most <= 0) return ''
  const bytes = Buffer.from(text)
  if (bytes.length <= most) return text
  let end = most
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
