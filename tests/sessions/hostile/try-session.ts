import type { Command, Execution } from '../../../src/shared/sessions/session.ts'
import type { Answer, SessionClient } from '../../support/session-client.ts'

/** Where hostile programs are tried, and what must not notice. */
export interface Arena {
  client: SessionClient
  /** A session of another tenant, with a kernel that keeps something. */
  beside: { client: SessionClient; id: string }
  /** A job of another tenant. @returns what is wrong with it */
  job: () => Promise<string | undefined>
}

/** A program in a session of its own. */
export interface Attempt {
  language: string
  /** How it runs: by the kernel, or as a command. */
  way: 'execution' | 'command'
  files: { path: string; content: string; encoding?: 'utf-8' | 'base64'; mode?: string }[]
  /** The code, or the line of `sh`. */
  code: string
  stdin?: string
  env?: Record<string, string>
  limits?: Record<string, number>
  timeoutMs: number
}

/** What came of it. */
export interface Tried {
  /** Of the execution or command; undefined when it was refused. */
  ran: Execution | Command | undefined
  /** How that ended: its status, or the name of the problem. */
  outcome: string
  /** Why the session ended; null when it lives. */
  ended: string | null
  /** What must not be: an answer that tells nothing, a session that neither lives nor says why not, something else that was harmed. */
  faults: string[]
}

export const KEPT = 'kept beside'
/** Reasons for which a session ends by what runs in it. */
const OWN_ENDS: readonly string[] = ['agent-lost', 'cpu-time-limit']
/** Problems that say that a session has ended, or has no room for more. */
const HONEST: readonly string[] = ['session-ended', 'session-busy', 'context-dead']
/** Seconds that are waited for an end, beyond what it may take. */
const MARGIN_SECONDS = 30

const short = (value: unknown): string => JSON.stringify(value)?.slice(0, 300) ?? String(value)
const codeOf = ({ body }: Answer<unknown>): string => (body as { code?: string } | null)?.code ?? ''

/** What is wrong with what has nothing to do with it. */
async function lookBeside({ beside, job }: Arena): Promise<string[]> {
  const [run, fault] = await Promise.all([beside.client.run(beside.id, 'print(kept)'), job()])
  const isWhole = run.status === 200 && run.body.status === 'succeeded' && run.body.stdout === `${KEPT}\n`
  return [
    ...(isWhole ? [] : [`the session beside answered ${run.status} ${short(run.body)}`]),
    ...(fault === undefined ? [] : [`a job beside: ${fault}`]),
  ]
}

export async function tryInSession(arena: Arena, attempt: Attempt): Promise<Tried> {
  const { client } = arena
  const { language, way, files, code, stdin, env, limits, timeoutMs } = attempt
  const faults: string[] = []
  const created = await client.create({ language, kernel: way === 'execution', files, limits, env })
  // Where its own variables keep the kernel from starting.
  if (codeOf(created) === 'session-ended' && short(created.body).includes('its kernel could not be started')) {
    return { ran: undefined, outcome: 'start-failed', ended: 'start-failed', faults }
  }
  if (created.status !== 201 || created.body.state !== 'running') {
    return {
      ran: undefined,
      outcome: '',
      ended: null,
      faults: [`no session: ${created.status} ${short(created.body)}`],
    }
  }
  const { id } = created.body
  const wait = Math.ceil(timeoutMs / 1000) + MARGIN_SECONDS
  const running =
    way === 'execution'
      ? client.run(id, code, { timeoutMs }, wait)
      : client.command(id, { shell: code, timeoutMs, ...(stdin !== undefined && { stdin }) }, wait)
  // While it runs, and behind it.
  const [first, during] = await Promise.all([running as Promise<Answer<Execution | Command>>, lookBeside(arena)])
  // A kernel that does not start has a time of its own.
  const waits = first.status === 202 && first.body.state === 'queued'
  const answer = waits
    ? await client.call<Execution>('GET', `/v1/sessions/${id}/executions/${first.body.id}?wait=60`)
    : first
  const isAnswered = answer.status === 200
  if (isAnswered && answer.body.state !== 'finished')
    faults.push(`it had no end within its time: ${short(answer.body)}`)
  if (!isAnswered && !HONEST.includes(codeOf(answer)))
    faults.push(`it was answered ${answer.status} ${short(answer.body)}`)
  faults.push(...during)

  const after = await client.command(id, { shell: 'echo on' })
  const { body: session } = await client.read(id)
  const ended = session.state === 'ended' ? session.reason : null
  if (ended !== null && !OWN_ENDS.includes(ended)) faults.push(`the session ended: ${ended} ${session.message}`)
  if (ended !== null && after.status !== 410) faults.push(`it has ended, and a command was answered ${after.status}`)
  // It may have no process left for one more, or be allowed less output; that is said.
  const isSaid = ['start-failed', 'output-limit'].includes(after.body.status ?? '')
  const works = after.status === 200 && (after.body.stdout === 'on\n' || isSaid)
  if (ended === null && !works && !HONEST.includes(codeOf(after)))
    faults.push(`it lives, and a command was answered ${after.status} ${short(after.body)}`)
  const end = await client.end(id)
  if (end.body.state !== 'ended') faults.push(`it could not be ended: ${end.status} ${short(end.body)}`)
  faults.push(...(await lookBeside(arena)))
  return {
    ran: isAnswered ? answer.body : undefined,
    outcome: isAnswered ? String(answer.body.status) : codeOf(answer),
    ended,
    faults,
  }
}
