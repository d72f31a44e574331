import { setTimeout as sleep } from 'node:timers/promises'
import { type Installation, type Part, startInstallation } from '../../support/installation.ts'
import { watchContainers } from '../containers.ts'
import { faultsOfLeftovers } from '../verify.ts'
import { bringSessionTo, type MarkedSession, SESSION_STEPS, type SessionStep } from './marked-session.ts'
import { type CallEnd, createSessionCaller, type SessionCaller } from './session-caller.ts'
import { processOf, resume, workerOf } from './session-processes.ts'

/**
 * Kills one part of an installation while a session stands at a step of its life. The call that waits there must be answered, with the truth: what
 * is said to be done is done and right, what is lost is said to be lost, the event stream ends as the session does, and what was not hit goes on.
 */

export const SESSION_VICTIMS = ['worker', 'gateway', 'Redis', 'kernel', 'bridge', 'agent'] as const
export type SessionVictim = (typeof SESSION_VICTIMS)[number]

export interface SessionOutcome {
  victim: SessionVictim
  step: SessionStep
  /** What the call was told. */
  answer: string
  /** What became of the session. */
  session: string
  /** From the fault until the call was answered. */
  seconds: number
  faults: string[]
}

/** What a supervisor takes to start something again. */
const RESTART_MS = 700
const EVENTS_MS = 60_000
/** Without a process of its own there is none to kill. */
const PARTS_OF_SESSION: readonly SessionVictim[] = ['kernel', 'bridge', 'agent']
const NEED_KERNEL: readonly SessionStep[] = ['idle', 'executing', 'streaming output', 'waiting for input']

/** Whether the call must be done, and what the session may come to. */
function expected(victim: SessionVictim, step: SessionStep): { done: boolean; ends: readonly (string | null)[] } {
  if (step === 'ending') {
    const lost = victim === 'worker' ? ['session-lost'] : victim === 'agent' ? ['agent-lost'] : []
    return { done: true, ends: ['deleted', ...lost] }
  }
  if (victim === 'worker' && step === 'placed') return { done: true, ends: [null] }
  if (victim === 'worker') return { done: false, ends: ['session-lost'] }
  if (victim === 'agent') return { done: false, ends: ['agent-lost'] }
  const losesState = victim === 'kernel' || victim === 'bridge'
  return { done: !(losesState && NEED_KERNEL.includes(step)), ends: [null] }
}

/** Answers that say that something was lost: by the name of a problem, or the status of an execution or command. */
const LOST = new Set(['session-lost', 'session-ended', 'context-dead', 'context-lost', 'cancelled', 'agent-lost'])

const nameOf = ({ status, body }: CallEnd): string =>
  [body['code'], body['status'], body['state']].find((name) => typeof name === 'string') ?? String(status)

const isDone = ({ status, body }: CallEnd): boolean =>
  status >= 200 && status < 300 && (body['status'] === undefined || body['status'] === 'succeeded')

/** Resolves as soon as it has hit. */
async function kill(
  victim: SessionVictim,
  installation: Installation,
  marked: MarkedSession,
): Promise<Part | undefined> {
  if (victim === 'kernel' || victim === 'bridge' || victim === 'agent') {
    process.kill(await processOf(marked.token, victim), 'SIGKILL')
    return undefined
  }
  const part =
    victim === 'gateway'
      ? installation.gateways[marked.gateway]
      : victim === 'Redis'
        ? installation.redis
        : marked.isPlaced
          ? await workerOf(installation, marked.token)
          : installation.workers[0]
  if (!part) throw new Error(`there is no ${victim} to kill`)
  await part.kill()
  return part
}

/** A session that nothing is done to. */
interface Bystander {
  id: string
}
const KEPT = 'kept beside'

async function startBystander(caller: SessionCaller): Promise<Bystander> {
  const { status, body } = await caller.call({ method: 'POST', path: '/v1/sessions', body: { language: 'python' } })
  if (status !== 201) throw new Error(`no session: ${status} ${JSON.stringify(body)}`)
  const id = String(body['id'])
  await caller.call({ method: 'POST', path: `/v1/sessions/${id}/executions`, body: { code: `kept = "${KEPT}"` } })
  return { id }
}

/** What is wrong with it; whether it was lost with its worker. */
async function lookAt(caller: SessionCaller, { id }: Bystander): Promise<{ fault?: string; isLost: boolean }> {
  const code = 'print(kept)'
  const end = await caller.call({ method: 'POST', path: `/v1/sessions/${id}/executions`, body: { code } })
  if (nameOf(end) === 'session-lost') return { isLost: true }
  if (isDone(end) && end.body['stdout'] === `${KEPT}\n`) return { isLost: false }
  return { isLost: true, fault: `another session answers ${end.status} ${JSON.stringify(end.body).slice(0, 300)}` }
}

async function runTrial(
  victim: SessionVictim,
  step: SessionStep,
  installation: Installation,
  caller: SessionCaller,
): Promise<SessionOutcome> {
  const marked = await bringSessionTo(step, installation, caller)
  const killed = await kill(victim, installation, marked)
  const hitAt = performance.now()
  const mended = killed && sleep(RESTART_MS).then(() => killed.start())
  const call = marked.call()
  if (victim !== 'worker' && victim !== 'agent') await marked.release()
  else if (step !== 'making a snapshot') void marked.release().catch(() => undefined)
  const end = await call
  const seconds = (performance.now() - hitAt) / 1000
  await mended

  const faults: string[] = []
  const { done, ends } = expected(victim, step)
  if (end.status === 0) faults.push(`the call got no answer: ${JSON.stringify(end.body)}`)
  else if (isDone(end)) {
    if (!done) faults.push(`the call says that it was done: ${JSON.stringify(end.body).slice(0, 300)}`)
    const fault = await marked.faultOf(end)
    if (fault !== undefined) faults.push(`the call says that it was done, but ${fault}`)
  } else if (done || !LOST.has(nameOf(end))) {
    faults.push(`the call was answered ${end.status} ${JSON.stringify(end.body).slice(0, 300)}`)
  }
  const session = await sessionAfter(victim, caller, marked, faults)
  if (!ends.includes(session)) faults.push(`the session ${session === null ? 'lives' : `ended: ${session}`}`)
  if (session === null) {
    marked.stop()
    await caller.call({ method: 'DELETE', path: `/v1/sessions/${marked.id}` })
  }
  return { victim, step, answer: nameOf(end), session: session ?? 'lives', seconds, faults }
}

/** Why the session ended; null when it lives, and then all that was not lost works. */
async function sessionAfter(
  victim: SessionVictim,
  caller: SessionCaller,
  marked: MarkedSession,
  faults: string[],
): Promise<string | null> {
  const at = `/v1/sessions/${marked.id}`
  // What ends it may still be under way.
  const command = await caller.call({ method: 'POST', path: `${at}/commands`, body: { shell: 'echo on' } })
  const { body } = await caller.call({ method: 'GET', path: at })
  if (body['state'] !== 'ended') {
    if (!isDone(command) || command.body['stdout'] !== 'on\n')
      faults.push(`a command in it: ${command.status} ${JSON.stringify(command.body).slice(0, 300)}`)
    if (victim === 'kernel' || victim === 'bridge')
      await caller.call({ method: 'POST', path: `${at}/contexts/default/restart`, body: {} })
    const run = await caller.call({ method: 'POST', path: `${at}/executions`, body: { code: 'print(6 * 7)' } })
    if (!isDone(run) || run.body['stdout'] !== '42\n')
      faults.push(`an execution in it: ${run.status} ${JSON.stringify(run.body).slice(0, 300)}`)
    return null
  }
  if (!['session-lost', 'session-ended'].includes(nameOf(command)))
    faults.push(`it has ended, and a command is answered ${command.status} ${nameOf(command)}`)
  const isTold = await Promise.race([marked.followed.then(() => true), sleep(EVENTS_MS, false, { ref: false })])
  const last = marked.events.at(-1)
  if (!isTold || last?.event !== 'ended' || last.data['reason'] !== body['reason'])
    faults.push(
      `its events end with ${last?.event} ${String(last?.data['reason'])}, not with ${String(body['reason'])}`,
    )
  marked.stop()
  return String(body['reason'])
}

/** Those steps of a session at which there is such a part. */
const stepsOf = (victim: SessionVictim): readonly SessionStep[] =>
  SESSION_STEPS.filter((step) => !(PARTS_OF_SESSION.includes(victim) && step === 'placed'))

/** One installation, and one part of it killed at each step. @returns what is left when the installation has ended */
export async function runSessionTrials(
  victim: SessionVictim,
  tell: (outcome: SessionOutcome) => void,
): Promise<string[]> {
  const installation = await startInstallation({
    name: 'session-faults',
    workers: 2,
    gateways: 2,
    env: { KILL_GRACE_MS: '300', WORKER_CONCURRENCY: '2', TENANT_MAX_SESSIONS: '100' },
  })
  const caller = createSessionCaller(installation.urls)
  const watch = watchContainers(installation)
  const left: string[] = []
  try {
    let bystander = await startBystander(caller)
    for (const step of stepsOf(victim)) {
      const outcome = await runTrial(victim, step, installation, caller).catch((error: unknown): SessionOutcome => ({
        victim,
        step,
        answer: '',
        session: '',
        seconds: 0,
        faults: [String(error)],
      }))
      for (const { pid } of installation.workers) resume(pid)
      const beside = await lookAt(caller, bystander)
      if (beside.fault !== undefined) outcome.faults.push(beside.fault)
      if (beside.isLost && victim !== 'worker') outcome.faults.push('another session was lost')
      if (beside.isLost) bystander = await startBystander(caller)
      tell(outcome)
    }
    await caller.call({ method: 'DELETE', path: `/v1/sessions/${bystander.id}` })
    left.push(...(await faultsOfLeftovers(installation, watch.seen)))
  } finally {
    watch.stop()
    const containers = await installation.close()
    if (containers > 0) left.push(`${containers} containers are left after the end`)
  }
  return left
}

const HEAD = ['hit', 'while the session is', 'the call is told', 'the session', 'answered after']
export const sessionTable = (outcomes: readonly SessionOutcome[]): string =>
  [
    HEAD,
    HEAD.map(() => '---'),
    ...outcomes.map(({ victim, step, answer, session, seconds }) => [
      victim,
      step,
      answer,
      session,
      `${seconds.toFixed(1)} s`,
    ]),
  ]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
