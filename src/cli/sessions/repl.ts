import { createInterface } from 'node:readline'
import { type Execution, type OnInput, RunyardError, type Session, type SessionHandle } from '../../client/client.ts'
import { contentOf, writeFile } from '../service/connection.ts'
import { MAX_TIMER_MS } from '../../shared/limits.ts'
import { INPUT_REFUSED } from '../../shared/sessions/session.ts'
import type { Streams } from '../jobs/show-events.ts'
import { ctrlC, type CtrlC, type Ending } from './ctrl-c.ts'
import { isComplete } from './is-complete.ts'
import { ownExecution } from './own-execution.ts'
import type { ResultShower } from './show-result.ts'

export interface ReplOptions {
  session: SessionHandle
  view: Session
  streams: Streams
  shower: ResultShower
  stdin: NodeJS.ReadStream
  stdout: NodeJS.WriteStream
  /** Ends what takes longer. When absent it is the service's, and at a terminal nothing. */
  timeoutMs?: number
  /** A clock, in milliseconds, so that tests have their own. */
  now?: () => number
}

const HELP = `Lines are run as code; a block ends with an empty line. Tab completes. Ctrl-D leaves.
Ctrl-C interrupts; again 1 to 10 s later it restarts the interpreter, whose state is lost, or kills the command.
  !COMMAND            run a shell command in the session
  .put FILE [PATH]    upload a file
  .get PATH [FILE]    download a file
  .files [PATH]       list a folder
  .restart            start the interpreter anew: its state is lost
  .help               this
  .exit               leave`

/** Reads code and runs it, until the end of input or of the session. @returns when the person leaves */
export async function repl(options: ReplOptions): Promise<void> {
  const { session, view, streams, shower, stdin, stdout } = options
  const { note } = streams
  const isTerminal = stdin.isTTY && stdout.isTTY
  // Who sits at a terminal ends what takes too long by Ctrl-C.
  const timeoutMs = options.timeoutMs ?? (isTerminal ? MAX_TIMER_MS : undefined)
  /** Ends the calls that wait, so that what is left running keeps nobody here. */
  const leaving = new AbortController()
  const { signal } = leaving
  const call = { signal, ...(timeoutMs !== undefined && { timeoutMs }) }
  const lines = createInterface({
    input: stdin,
    ...(isTerminal && {
      output: stdout,
      completer: (line: string, done: Completed) => void complete(session, line, done),
    }),
    terminal: isTerminal,
  })
  const said = (text: string) => void streams.stdout.write(`${text}\n`)
  let waiting = ''
  let [isRunning, isClosed, isLeft] = [false, false, false]
  /** Takes the question of code off the terminal, with what is typed; absent when there was none. */
  let dropQuestion: (() => void) | undefined
  /** The same, where Ctrl-C was pressed at it: an error is the end of its code, and output is not, which a thread may have written. */
  let dropAtError: (() => void) | undefined
  /** The same, where the interrupt was passed on: code that shows something then has gone on most likely, code that does not may want its answer. */
  let dropAtOutput: (() => void) | undefined
  // One that is dropped gets no answer. Its signal aborts when the code ends, and when the person leaves.
  const asker: OnInput = (prompt, { signal: isOver }) =>
    new Promise((answer) => {
      const dropped = new AbortController()
      dropQuestion = () => {
        if (!isClosed) dropped.abort()
      }
      isOver.addEventListener('abort', dropQuestion, { once: true })
      lines.question(prompt, { signal: dropped.signal }, answer)
    })
  const onOutput = (isError: boolean) => {
    dropAtOutput?.()
    if (isError) dropAtError?.()
    dropAtOutput = undefined
  }
  /** Ends what runs; absent where nothing of it can be ended. */
  let ends: CtrlC | undefined
  const begins = ({ interrupt, ...ending }: Ending) => {
    const interruptQuestion = async () => {
      const drop = (dropAtError = dropQuestion)
      try {
        await interrupt()
        if (dropAtError === drop) dropAtOutput = drop
      } catch (error) {
        dropAtError = undefined
        throw error
      }
    }
    ends = ctrlC({ ...ending, interrupt: interruptQuestion }, note, options.now)
  }
  const callbacks = { onOutput, ...(isTerminal && { onInput: asker }) }
  const code = view.kernel
    ? (text: string) => runCode(session, text, streams, shower, call, begins, callbacks)
    : undefined
  const prompt = () => {
    if (!isTerminal || isClosed) return
    lines.setPrompt(waiting === '' ? `${view.language}> ` : '... ')
    lines.prompt()
  }
  lines.on('SIGINT', () => {
    if (isRunning) return ends?.press()
    waiting = ''
    stdout.write('\n')
    prompt()
  })
  lines.once('close', () => {
    isClosed = true
    // Piped input ends before what it says has run.
    if (isTerminal && isRunning) leaving.abort()
  })

  const obey = async (line: string): Promise<boolean> => {
    const [word = '', ...rest] = line.trim().split(/\s+/)
    const [first, second] = rest
    if (word === '.exit') return false
    if (word === '.help') said(HELP)
    else if (word === '.restart') await session.contexts.restart(undefined, { signal })
    else if (word === '.files') {
      for (const { name, kind, bytes } of await session.files.list(first, { signal }))
        said(kind === 'folder' ? `${name}/` : `${name}  ${bytes}`)
    } else if (word === '.put' && first !== undefined) {
      const path = second ?? first.slice(first.lastIndexOf('/') + 1)
      await session.files.write(path, await contentOf(first, 'the file'), { signal })
    } else if (word === '.get' && first !== undefined) {
      const path = second ?? first.slice(first.lastIndexOf('/') + 1)
      writeFile(path, await session.files.read(first, { signal }), 'the file')
    } else note(`${word} is no command here; .help lists them`)
    return true
  }
  const run = async (text: string): Promise<boolean> => {
    isRunning = true
    try {
      if (/^\.[a-z]+(\s|$)/.test(text)) return await obey(text)
      const command = text.startsWith('!') ? text.slice(1) : code ? undefined : text
      if (command !== undefined) await runCommand(session, command, streams, call, begins)
      else if (code) await code(text)
    } catch (error) {
      if (signal.aborted) return false
      if (!(error instanceof RunyardError)) throw error
      note(error.detail)
      if (error.code === 'session-ended' || error.code === 'session-lost') return false
    } finally {
      isRunning = false
      ends?.close()
      ends = undefined
      dropQuestion?.()
      dropQuestion = dropAtError = dropAtOutput = undefined
    }
    return true
  }

  const takes = async (line: string): Promise<boolean> => {
    const text = waiting === '' ? line : `${waiting}\n${line}`
    if (text.trim() === '') return true
    if (waiting === '' && /^[!.]/.test(text)) return run(text)
    if (code && !isComplete(text, view.language)) {
      waiting = text
      return true
    }
    waiting = ''
    return run(text)
  }
  prompt()
  for await (const line of lines) {
    const goesOn = await takes(line)
    isLeft = !goesOn && !isClosed
    if (!goesOn) break
    prompt()
  }
  // A file may end with a block. At a terminal nobody could interrupt it any more.
  if (!isTerminal && waiting.trim() !== '') await run(waiting)
  // Ctrl-D leaves the prompt in the last line.
  if (isTerminal && !isLeft) said('')
  lines.close()
}

/** What each piece of code and each command is run with. */
type Call = { timeoutMs?: number; signal: AbortSignal }

/** @param begins is given what ends the command */
async function runCommand(
  session: SessionHandle,
  line: string,
  { stdout, stderr, note }: Streams,
  call: Call,
  begins: (ending: Ending) => void,
): Promise<void> {
  const { commands } = session
  const { signal: left } = call
  const started = commands.start(line, call)
  // What is wished before its id is known is done once it is. That it cannot be started is told below.
  const once = (work: (id: string) => Promise<unknown>) =>
    started.then(
      ({ id }) => work(id),
      () => undefined,
    )
  begins({
    interrupt: () => once((id) => commands.signal(id, 'SIGINT')),
    kill: () => once((id) => commands.signal(id, 'SIGKILL', { tree: true })),
    killing: 'kills it',
  })
  const { id } = await started
  for await (const { type, data } of commands.stream(id, { signal: left })) {
    if (type === 'stdout') stdout.write(data.data)
    else if (type === 'stderr') stderr.write(data.data)
  }
  const { exitCode, signal, status, message } = await commands.wait(id, { signal: left })
  const how = status === 'signalled' ? `ended by ${signal ?? 'a signal'}` : status
  if (status !== 'succeeded') note(message ?? `${how}${exitCode === null ? '' : `, exit code ${exitCode}`}`)
}

async function runCode(
  session: SessionHandle,
  code: string,
  { stdout, stderr, note }: Streams,
  shower: ResultShower,
  call: Call,
  begins: (ending: Ending) => void,
  { onOutput, ...asks }: { onOutput: (isError: boolean) => void; onInput?: OnInput },
): Promise<void> {
  const own = ownExecution(session)
  const showing =
    <T>(show: (shown: T) => void, isError = false) =>
    (shown: T) => {
      onOutput(isError)
      show(shown)
    }
  begins({
    interrupt: own.interrupt,
    kill: () => session.contexts.restart(),
    killing: 'restarts the interpreter, whose state is lost then',
  })
  try {
    const execution = await session.runCode(code, {
      ...call,
      ...asks,
      onStart: own.onStart,
      onStdout: showing((text) => void stdout.write(text)),
      onStderr: showing((text) => void stderr.write(text)),
      onResult: showing((result) => shower.result(result)),
      onError: showing((error) => shower.error(error), true),
    })
    const why = whyEnded(execution)
    if (why !== undefined) note(why)
  } finally {
    own.close()
  }
}

/** What the output does not say of how it ended. */
export function whyEnded({ status, message, truncated, error }: Execution): string | undefined {
  const cut = truncated ? 'output beyond the limits was left out' : undefined
  const isRefused = message !== null && error?.name === INPUT_REFUSED
  const said = isRefused ? 'it asked for input, which it gets at a terminal in: runyard session repl' : message
  const why = status === 'succeeded' || status === 'failed' || status === 'interrupted' ? said : (message ?? status)
  return [why, cut].filter((text) => text !== null && text !== undefined).join('; ') || undefined
}

type Completed = (error: null, result: [string[], string]) => void

/** What the kernel knows that could stand at the end of the line. */
async function complete(session: SessionHandle, line: string, done: Completed): Promise<void> {
  try {
    const { matches, start, end } = await session.complete(line, { retries: 0 })
    done(null, [matches, Array.from(line).slice(start, end).join('')])
  } catch {
    done(null, [[], line])
  }
}
