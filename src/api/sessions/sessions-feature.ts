import { closeOnce } from '../../shared/close-once.ts'
import type { Language } from '../../shared/language.ts'
import { createLostSessions } from '../../shared/sessions/lost-sessions.ts'
import { createSessionQueue } from '../../shared/sessions/session-queue.ts'
import { createSessionRecords, SESSION_RENEW_MS } from '../../shared/sessions/session-records.ts'
import { createRequestSender } from '../../shared/sessions/session-requests.ts'
import type { Core } from '../core.ts'
import { createEventFeed } from '../events/event-feed.ts'
import type { Events } from '../events/events.ts'
import type { StoredEvent } from '../events/live-events.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { type BoundRoute, bindRoutes } from '../http/route.ts'
import type { Upgrades } from '../http/upgrades.ts'
import type { Audit } from '../security/audit.ts'
import {
  listCommands,
  readCommand,
  streamCommandEvents,
  resizeCommand,
  runCommand,
  signalCommand,
  writeStdin,
} from './commands.ts'
import {
  answerInput,
  createContext,
  deleteContext,
  execute,
  interruptContext,
  listContexts,
  listExecutions,
  readExecution,
  restartContext,
  streamExecutionEvents,
} from './executions.ts'
import { deleteFile, listFiles, makeFolder, moveFile, readFile, writeFile } from './files.ts'
import { type AdminSessionNeeds, adminSessionRoutes } from './admin-sessions.ts'
import { sendComm } from './comms.ts'
import { completeCode, inspectCode } from './code-help.ts'
import type { SessionNeeds, SessionStart } from './needs.ts'
import { createSessionCalls, type SessionCalls } from './session-calls.ts'
import { createSessionFacts } from './session-facts.ts'
import { openTerminal } from './terminal.ts'
import { snapshotSession } from './snapshot.ts'
import { createWatch, deleteWatch, listWatches, streamWatchEvents } from './watches.ts'
import { changeSession, createSession, endSession, listSessions, readSession, streamSessionEvents } from './sessions.ts'

export interface SessionsNeeds {
  languages: readonly Language[]
  starting: Omit<SessionStart, 'queue'>
  events: Events
  open: OpenResponses
  upgrades: Upgrades
  /** Queues a webhook delivery. Never fails. */
  enqueueWebhook: (deliveryId: string) => Promise<void>
  screen: SessionNeeds['screen']
  audit: Audit
}

export interface SessionsFeature {
  routes: BoundRoute[]
  /** For what stands on top of sessions. */
  calls: SessionCalls
  /** What the routes are made with, for other systems whose protocols are served by sessions. */
  needs: SessionNeeds
  close: () => Promise<void>
}

export const SESSION_ROUTES = [
  createSession,
  listSessions,
  readSession,
  changeSession,
  endSession,
  streamSessionEvents,
  execute,
  listExecutions,
  readExecution,
  streamExecutionEvents,
  answerInput,
  listContexts,
  createContext,
  interruptContext,
  restartContext,
  deleteContext,
  sendComm,
  completeCode,
  inspectCode,
  runCommand,
  listCommands,
  readCommand,
  streamCommandEvents,
  writeStdin,
  signalCommand,
  resizeCommand,
  openTerminal,
  listFiles,
  readFile,
  writeFile,
  deleteFile,
  moveFile,
  makeFolder,
  snapshotSession,
  createWatch,
  listWatches,
  streamWatchEvents,
  deleteWatch,
  ...adminSessionRoutes,
]

/** Sandboxes that stay: executions with state, commands, files. */
export function createSessionsFeature(core: Core, needs: SessionsNeeds): SessionsFeature {
  const { config, redis, subscriber, keys, tracing, log } = core
  const records = createSessionRecords(redis, keys, config, needs.enqueueWebhook)
  const queue = createSessionQueue(redis, keys, tracing)
  const sender = createRequestSender(redis, keys)
  const calls = createSessionCalls(subscriber, keys, sender, records, config.timeoutFactor, tracing)
  const feed = createEventFeed(redis, needs.events.live, keys, { last: 'ended', isFirst: isFirstOfSession })
  const sweep = createLostSessions(records)
  let isSweeping = false
  // Whoever waits for a session whose worker is gone is told by this.
  const timer = setInterval(() => {
    if (isSweeping || redis.status !== 'ready') return
    isSweeping = true
    sweep()
      .catch((err: unknown) => log.warn({ err }, 'search for lost sessions failed'))
      .finally(() => (isSweeping = false))
  }, SESSION_RENEW_MS)
  const factsOf = createSessionFacts(records)
  const ofRoutes: SessionNeeds & AdminSessionNeeds = {
    ...needs,
    starting: { ...needs.starting, queue },
    config,
    records,
    factsOf,
    calls,
    feed,
  }
  return {
    routes: bindRoutes(ofRoutes, SESSION_ROUTES),
    calls,
    needs: ofRoutes,
    close: closeOnce(
      () => clearInterval(timer),
      () => calls.close(),
      () => queue.close(),
    ),
  }
}

/** The record of a session and this event of it are written in one. */
const isFirstOfSession = ({ type, data }: StoredEvent): boolean =>
  type === 'session' && (JSON.parse(data) as { state?: unknown }).state === 'starting'
