import Type, { type Static } from 'typebox'
import { v7 as uuid } from 'uuid'
import { SECOND } from '../../shared/limits.ts'
import type { Finding } from '../../shared/security/finding.ts'
import { CommandRequest, SignalRequest, StdinRequest } from '../../shared/sessions/requests.ts'
import { Command, CommandSummary, summaryOfCommand } from '../../shared/sessions/session.ts'
import { GapEvent } from '../../shared/job-event.ts'
import { SessionEvent } from '../../shared/sessions/session-event.ts'
import { TerminalSize } from '../../shared/terminal-size.ts'
import type { Caller } from '../http/caller.ts'
import { idempotencyOf } from '../http/idempotency.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { preferredWait } from '../http/prefer.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { eventStreamOf } from '../http/sse.ts'
import { plainBase64, NOT_BASE64 } from '../jobs/request/base64.ts'
import { checkVectors } from '../jobs/request/check-request.ts'
import { checkSizes } from '../jobs/request/check-sizes.ts'
import { subjectOf } from '../screening/subject.ts'
import { command as commandExample } from './examples.ts'
import { CALL_PROBLEMS, folderOf } from './executions.ts'
import { ownSession, type SessionNeeds, sessionOf } from './needs.ts'
import { NO_MORE_EVENTS, readResult, sendResultEvents, WaitQuery } from './read-result.ts'
import type { SessionFacts } from './session-facts.ts'

const finished = { finished: { summary: 'An ended command', value: commandExample } }

export const runCommand = defineRoute({
  method: 'post',
  path: '/v1/sessions/:id/commands',
  id: 'runCommand',
  tag: 'Sessions',
  summary: 'Run a command in a session',
  description:
    'Returns 202 at once. `Prefer: wait=N` waits for the end: 200 with the ended command, or 202 when the time was over first. ' +
    'It ends with its first process; what that leaves running goes on.\n\n' +
    'The same `Idempotency-Key` means the same command as long as the session lives.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  headers: ['Prefer', 'Idempotency-Key'],
  body: {
    schema: CommandRequest,
    isRequired: true,
    examples: {
      argv: { summary: 'An argument vector', value: { argv: ['ls', '-l'] }, refused: 404 },
      shell: { summary: 'A shell line', value: { shell: 'sort data.csv | head -3' }, refused: 404 },
    },
  },
  answers: {
    200: {
      description: 'The ended command.',
      schema: Command,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
      examples: finished,
    },
    202: {
      description: 'The command runs.',
      schema: Command,
      headers: ['Location', 'Preference-Applied', 'Idempotent-Replayed'],
    },
  },
  problems: [...CALL_PROBLEMS, 'submission-blocked', 'too-many-open', 'invalid-header', 'idempotency-mismatch'],
  schemas: { CommandRequest },
  async handle(needs: SessionNeeds, { req, res, params, body, caller, requestId, send }) {
    const { calls, open, config } = needs
    const session = await needs.factsOf(res, params.id)
    const { argv, warnings } = checkCommand(needs, session, body, { caller, requestId })
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    const idempotency = idempotencyOf(req, 'commands')
    const signal = waitSeconds > 0 ? open.admit(res) : undefined
    const waitMs = waitSeconds * SECOND
    const { background = false, interactive = false, terminal, stdin = '' } = body
    const id = uuid()
    const to = sessionOf(res, session.id)
    const asked = {
      id,
      argv,
      env: body.env ?? {},
      cwd: folderOf(body.cwd),
      background,
      timeoutMs: body.timeoutMs ?? (background || interactive || terminal ? null : config.limits.defaults.wallMs),
      outputBytes: session.limits.outputBytes,
      interactive: interactive || stdin !== '' || terminal !== undefined,
      terminal: terminal ?? null,
      warnings,
      waitMs,
      inputEnds: stdin !== '' && !interactive && !terminal,
      ...(idempotency && { idempotency }),
    }
    const bytes = Buffer.from(stdin)
    const call = calls.call(to, 'runCommand', asked, { bytes, waitMs, ...(signal && { signal }) })
    const { value: command } = signal ? await whileKeyHolds(signal, call) : await call
    res.location(`/v1/sessions/${session.id}/commands/${command.id}`)
    if (command.id !== id) res.set('Idempotent-Replayed', 'true')
    if (signal) res.set('Preference-Applied', `wait=${waitSeconds}`)
    send(command.state === 'finished' ? 200 : 202, command)
  },
})

/**
 * @returns the argument vector, and what screening found in it that did not refuse it
 * @throws Problem `invalid-request`, `too-large`, `submission-blocked`
 */
export function checkCommand(
  { config, screen }: Pick<SessionNeeds, 'config' | 'screen'>,
  session: Pick<SessionFacts, 'language' | 'endUser'>,
  asked: Static<typeof CommandRequest>,
  { caller, requestId }: { caller: Caller; requestId: string },
): { argv: string[]; warnings: Finding[] } {
  const { env, stdin = '', cwd, shell } = asked
  const argv = argvOf(asked)
  checkSizes({ command: argv, env: env ?? {}, stdin }, [], config.http.maxCodeBytes)
  const subject = subjectOf({ language: undefined, files: [], command: argv })
  const warnings = screen(pointedAt(subject, shell !== undefined), caller, requestId, session.endUser)
  const errors = checkVectors({ ...(shell === undefined ? { argv } : { shell }), env, cwd })
  if (errors.length > 0) throw invalidRequest(errors)
  return { argv, warnings }
}

/** @throws Problem `invalid-request` unless exactly one of both is there */
function argvOf({ argv, shell }: { argv?: string[]; shell?: string }): string[] {
  if ((argv === undefined) === (shell === undefined)) {
    throw invalidRequest([
      { pointer: '/argv', detail: argv ? 'cannot be used with /shell' : 'is missing, and so is /shell' },
    ])
  }
  return argv ?? ['sh', '-c', shell ?? '']
}

/** What is screened, with the places as the request has them. */
function pointedAt(subject: ReturnType<typeof subjectOf>, isShell: boolean): ReturnType<typeof subjectOf> {
  if (isShell) {
    const line = subject.texts.filter(({ pointer }) => pointer === '/command/2')
    return { ...subject, texts: line.map((text) => ({ ...text, pointer: '/shell' })) }
  }
  return {
    ...subject,
    texts: subject.texts.map((text) => ({ ...text, pointer: text.pointer.replace(/^\/command/, '/argv') })),
  }
}

const CommandList = Type.Object({
  commands: Type.Array(CommandSummary, { description: 'the oldest first' }),
})

export const listCommands = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/commands',
  id: 'listCommands',
  tag: 'Sessions',
  summary: 'List the commands of a session',
  description: 'Those that run, and the last that have ended, without their output.',
  scopes: ['sessions'],
  params: { id: PATH.session },
  answers: { 200: { description: 'The commands.', schema: CommandList } },
  cache: 'private, no-cache',
  problems: CALL_PROBLEMS,
  schemas: { CommandList, CommandSummary },
  async handle(needs: SessionNeeds, { res, params, send }) {
    const session = await ownSession(needs, res, params.id)
    const { records, calls } = needs
    if (session.state === 'ended') {
      const all = (await records.readResults(session.id)).map((json) => JSON.parse(json) as Command & { kind: string })
      const commands = all.filter(({ kind }) => kind === 'command').sort((a, b) => (a.id < b.id ? -1 : 1))
      return send(200, { commands: commands.map(({ kind: _kind, ...one }) => summaryOfCommand(one)) })
    }
    const { value } = await calls.call(sessionOf(res, session.id), 'listCommands', {})
    // An older worker sends empty output.
    send(200, { commands: value.map(summaryOfCommand) })
  },
})

export const readCommand = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/commands/:command',
  id: 'readCommand',
  tag: 'Sessions',
  summary: 'Read a command',
  description: 'With its output so far. `wait` waits until it has ended or the time is over.',
  scopes: ['sessions'],
  params: { id: PATH.session, command: PATH.command },
  query: WaitQuery,
  answers: { 200: { description: 'The command.', schema: Command, examples: finished } },
  cache: 'private, no-cache',
  schemas: { Command },
  problems: [...CALL_PROBLEMS, 'too-many-open'],
  async handle(needs: SessionNeeds, { res, params, query, send }) {
    send(200, await readResult(needs, res, 'command', { session: params.id, id: params.command }, query.wait))
  },
})

export const streamCommandEvents = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/commands/:command/events',
  id: 'streamCommandEvents',
  tag: 'Sessions',
  summary: 'Follow a command',
  description:
    'Server-sent events: those of the session that are about this command, as far as they are still kept, to its end.',
  scopes: ['sessions'],
  params: { id: PATH.session, command: PATH.command },
  headers: ['Last-Event-ID'],
  answers: {
    200: eventStreamOf(Type.Union([SessionEvent, GapEvent])),
    204: NO_MORE_EVENTS,
  },
  problems: [...CALL_PROBLEMS, 'invalid-header', 'too-many-open'],
  handle: (needs: SessionNeeds, { req, res, params }) =>
    sendResultEvents(needs, req, res, 'command', { session: params.id, id: params.command }),
})

const common = {
  tag: 'Sessions',
  scopes: ['sessions'],
  params: { id: PATH.session, command: PATH.command },
  answers: { 200: { description: 'The command.', schema: Command, examples: finished } },
  problems: [...CALL_PROBLEMS, 'already-ended', 'not-waiting'],
} as const

export const writeStdin = defineRoute({
  ...common,
  method: 'post',
  path: '/v1/sessions/:id/commands/:command/stdin',
  id: 'writeStdin',
  summary: 'Write to the standard input of a command',
  description: 'At most 1 MiB may wait for the command to read it.',
  body: {
    schema: StdinRequest,
    examples: { line: { summary: 'A line', value: { data: '42\n' }, refused: 404 } },
  },
  schemas: { StdinRequest },
  async handle({ calls }: SessionNeeds, { res, params, body, send }) {
    const { data = '', encoding, end = false } = body
    const plain = encoding === 'base64' ? plainBase64(data) : data
    if (plain === undefined) throw invalidRequest([{ pointer: '/data', detail: NOT_BASE64 }])
    const bytes = Buffer.from(plain, encoding === 'base64' ? 'base64' : 'utf8')
    const id = params.command.toLowerCase()
    send(200, (await calls.call(sessionOf(res, params.id), 'writeInput', { id, end }, { bytes })).value)
  },
})

export const signalCommand = defineRoute({
  ...common,
  method: 'post',
  path: '/v1/sessions/:id/commands/:command/signals',
  id: 'signalCommand',
  summary: 'Send a signal to a command',
  description: 'To its process group; on a terminal, to that in the foreground.',
  body: {
    schema: SignalRequest,
    examples: { end: { summary: 'Ask it to end', value: { signal: 'SIGTERM' }, refused: 404 } },
  },
  schemas: { SignalRequest },
  async handle({ calls }: SessionNeeds, { res, params, body, send }) {
    const { signal, tree = false } = body
    const asked = { id: params.command.toLowerCase(), signal, tree }
    send(200, (await calls.call(sessionOf(res, params.id), 'signalCommand', asked)).value)
  },
})

export const resizeCommand = defineRoute({
  ...common,
  method: 'put',
  path: '/v1/sessions/:id/commands/:command/terminal',
  id: 'resizeCommand',
  summary: 'Change the size of the terminal of a command',
  body: {
    schema: TerminalSize,
    examples: { wide: { summary: '132 columns', value: { columns: 132, rows: 43 }, refused: 404 } },
  },
  async handle({ calls }: SessionNeeds, { res, params, body, send }) {
    const asked = { id: params.command.toLowerCase(), size: body }
    send(200, (await calls.call(sessionOf(res, params.id), 'resizeCommand', asked)).value)
  },
})
