import { fstatSync, readFileSync } from 'node:fs'
import {
  type CodeRequest,
  type InteractiveJob,
  type JobSummary,
  RunyardError,
  type TerminalSize,
} from '../../client/client.ts'
import { type Connection, PATIENT_RETRIES } from '../service/connection.ts'
import { EXIT, exitCodeOf } from '../exit.ts'
import { showEvents, type Streams, verdict } from './show-events.ts'

export interface RunOptions {
  request: CodeRequest
  connection: Connection
  streams: Streams
  stdin: NodeJS.ReadStream
  /** What `streams` write to, when that is a terminal. */
  stdout: NodeJS.WriteStream
  /** The terminal's lines go to the program too. */
  interactive: boolean
  /** Nothing is shown but the finished job. */
  json: boolean
  /** Aborts at Ctrl-C: the job is cancelled. */
  stop: AbortSignal
  /** Aborts at the second Ctrl-C: nothing is waited for. */
  hurry: AbortSignal
}

/**
 * Runs a job with this command's standard streams as its own.
 * @returns with what the command ends
 */
export async function run(options: RunOptions): Promise<number> {
  const { connection, streams, stdin, stdout, json, stop, hurry } = options
  const { client } = connection
  const { request, input } = withInput(options)
  const patient = { signal: hurry, retries: PATIENT_RETRIES }
  // Not with `stop`: whoever was not answered could not cancel.
  const { id } = await client.submit(request, { signal: hurry })
  let leave = () => {}
  const cancel = () =>
    void client.cancel(id, { signal: hurry }).catch((error: unknown) => hurry.aborted || streams.note(String(error)))
  if (stop.aborted) cancel()
  else stop.addEventListener('abort', cancel, { once: true })
  try {
    const talk = input ? await client.interactive(id, patient) : undefined
    if (talk && request.terminal) leave = enterTerminal(stdin, stdout, talk)
    if (talk && input) void forward(input, talk, streams)
    if (json) {
      const job = await client.wait(id, patient)
      talk?.close()
      streams.stdout.write(`${JSON.stringify(job, null, 2)}\n`)
      return exitCodeOf(job)
    }
    const job = await showEvents(talk ?? client.stream(id, patient), streams)
    if (!job) {
      talk?.close()
      await client.cancel(id)
      return EXIT.brokenPipe
    }
    return ended(job, streams)
  } catch (error) {
    if (!hurry.aborted) throw error
    streams.note(`left job ${id}; runyard get ${id} shows how it ended`)
    return EXIT.cancelled
  } finally {
    stop.removeEventListener('abort', cancel)
    leave()
    // A pipe that nobody ends would keep this process.
    stdin.destroy()
  }
}

function ended(job: JobSummary, { note }: Streams): number {
  const text = verdict(job)
  if (text !== undefined) note(text)
  for (const { path, bytes } of job.artifacts ?? [])
    note(`kept ${path} (${bytes} bytes): runyard artifact ${job.id} ${path}`)
  return exitCodeOf(job)
}

const MOST_AT_ONCE = 1024 * 1024

/** A file goes with the request. A pipe is passed on as it comes: it may have no end, and the program may not read it. */
function withInput({ request, stdin, stdout, interactive, json }: RunOptions): {
  request: CodeRequest
  input: Input | undefined
} {
  if (request.stdin !== undefined) return { request, input: undefined }
  const kind = interactive ? 'live' : kindOf(stdin)
  if (kind === 'none') return { request, input: undefined }
  const terminal = kind === 'live' && !json ? terminalOf(stdin, stdout) : undefined
  const live = { ...request, interactive: true, ...(terminal && { terminal }) }
  if (kind === 'live') return { request: live, input: stdin }
  const bytes = readFileSync(0)
  const text = bytes.toString()
  if (Buffer.from(text).equals(bytes)) return { request: { ...request, stdin: text }, input: undefined }
  return { request: live, input: [bytes] }
}

/** Both ends have to be a terminal: a program that is at one writes for a screen. */
function terminalOf(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): TerminalSize | undefined {
  return stdin.isTTY && stdout.isTTY ? sizeOf(stdout) : undefined
}

const MOST_CHARACTERS = 1000

function sizeOf({ columns, rows }: NodeJS.WriteStream): TerminalSize {
  const within = (value: number, usual: number) => Math.min(MOST_CHARACTERS, Math.max(1, value || usual))
  return { columns: within(columns, 80), rows: within(rows, 24) }
}

/** What is typed goes to the program as it is, Ctrl-C too: the job's terminal makes a signal of it. @returns ends it */
function enterTerminal(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream, job: InteractiveJob): () => void {
  const resize = () => void job.resize(sizeOf(stdout)).catch(() => undefined)
  stdin.setRawMode(true)
  stdout.on('resize', resize)
  return () => {
    stdout.off('resize', resize)
    stdin.setRawMode(false)
  }
}

type Input = AsyncIterable<unknown> | Iterable<unknown>

function kindOf(stdin: NodeJS.ReadStream): 'none' | 'file' | 'live' {
  if (stdin.isTTY) return 'none'
  try {
    const stat = fstatSync(0)
    if (stat.isFile()) return stat.size > MOST_AT_ONCE ? 'live' : 'file'
    return stat.isFIFO() || stat.isSocket() ? 'live' : 'none'
  } catch {
    // There is none.
    return 'none'
  }
}

async function forward(input: Input, job: InteractiveJob, { note }: Streams): Promise<void> {
  try {
    for await (const chunk of input) await job.write(chunk as Buffer)
    await job.end()
  } catch (error) {
    // A program need not read all that it is given.
    if (error instanceof RunyardError && error.code === 'input-limit')
      note(`input is no longer accepted: ${error.detail}`)
  }
}
