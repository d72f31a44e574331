import { MIB } from '../../../shared/limits.ts'
import type { Session } from '../../../shared/sessions/session.ts'
import { decodeCursor, encodeCursor } from '../../http/cursor.ts'
import { sandboxIdOf, sessionIdOf } from './sandbox-ids.ts'
import type { SandboxRecord } from './sandbox-records.ts'

/** The version of E2B's agent whose calls are served. */
const ENVD_VERSION = '0.5.7'
const PAGE = 100

/** A sandbox as whoever opens it is told of it. */
export function sandboxView({ id, templateId, token }: SandboxRecord, domain: string) {
  return {
    sandboxID: sandboxIdOf(id),
    templateID: templateId,
    clientID: 'runyard',
    envdVersion: ENVD_VERSION,
    envdAccessToken: token,
    trafficAccessToken: token,
    ...(domain !== '' && { domain }),
  }
}

/** A sandbox as it is listed. */
export interface SandboxDetail {
  sandboxID: string
  templateID: string
  clientID: string
  envdVersion: string
  startedAt: string
  /** When it ends; of one that is paused, until when it is kept. */
  endAt: string
  cpuCount: number
  memoryMB: number
  diskSizeMB: number
  state: 'running' | 'paused'
  metadata: Record<string, string>
  domain?: string
}

/** @param record what is known of a session as a sandbox; one that came another way has none */
export function sandboxDetail(session: Session, record: SandboxRecord | undefined, domain: string): SandboxDetail {
  const { id, language, limits, metadata, createdAt, maxLifetimeMs } = session
  const startedAt = session.startedAt ?? createdAt
  return {
    sandboxID: sandboxIdOf(record?.id ?? id),
    templateID: record?.templateId ?? language,
    clientID: 'runyard',
    envdVersion: ENVD_VERSION,
    startedAt,
    endAt: session.endsAt ?? new Date(Date.parse(startedAt) + maxLifetimeMs).toISOString(),
    cpuCount: 1,
    memoryMB: Math.floor(limits.memoryBytes / MIB),
    diskSizeMB: Math.floor(limits.fileBytes / MIB),
    state: 'running',
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
    ...(domain !== '' && { domain }),
  }
}

/** Those that a query asks for, in its order. @throws Problem `invalid-header` for a token of another list */
export function pageOf(
  all: readonly SandboxDetail[],
  query: Readonly<Record<string, unknown>>,
  isPaged: boolean,
): { page: SandboxDetail[]; next: string | undefined } {
  const text = (name: string) => (typeof query[name] === 'string' ? query[name] : '')
  const states = [query['state']]
    .flat()
    .flatMap((one) => (typeof one === 'string' ? one.split(',') : []))
    .filter((one) => one !== '')
  // Twice encoded: as a query, and each of its names and values.
  const wanted = [...new URLSearchParams(text('metadata'))].map((pair) => pair.map(decoded))
  const after = Date.parse(text('startedAfter'))
  const isAscending = text('order') === 'asc'
  const chosen = all
    .filter(({ metadata }) => wanted.every(([name = '', value]) => metadata[name] === value))
    .filter(({ templateID }) => text('template') === '' || templateID === text('template'))
    .filter(({ startedAt }) => Number.isNaN(after) || Date.parse(startedAt) > after)
    .filter(({ state }) => states.length === 0 || states.includes(state))
    // Ids are in the order of time.
    .toSorted((a, b) => (a.sandboxID < b.sandboxID === isAscending ? -1 : 1))
  if (!isPaged) return { page: chosen, next: undefined }
  const last = text('nextToken') === '' ? undefined : sandboxIdOf(decodeCursor(text('nextToken')))
  const rest =
    last === undefined
      ? chosen
      : chosen.filter(({ sandboxID }) => sandboxID !== last && sandboxID > last === isAscending)
  const limit = Math.min(PAGE, Math.max(1, Number(text('limit')) || PAGE))
  const page = rest.slice(0, limit)
  const end = page.at(-1)
  const next = rest.length > limit && end ? encodeCursor(sessionIdOf(end.sandboxID) ?? '') : undefined
  return { page, next }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
