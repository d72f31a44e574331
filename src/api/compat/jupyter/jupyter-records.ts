import type { Redis } from 'ioredis'
import { Problem } from '../../../shared/problems.ts'
import type { Keys } from '../../../shared/redis/keys.ts'

/** A notebook or console that has a kernel: what Jupyter calls a session. */
export interface Notebook {
  id: string
  path: string
  name: string
  type: string
  /** Id of the session that is its kernel. */
  kernel: string
}

/** What a socket asked for with an `execute_request`. */
export interface ExecuteAsked {
  /** The header of the message. */
  header: Readonly<Record<string, unknown>>
  /** Its beginning, for the other sockets of the kernel. */
  code: string
  silent: boolean
  /** `session_id` of the socket. */
  socket: string
}

/** What is kept of Jupyter's clients beside their sessions, so that any gateway can go on where another was left. */
export interface JupyterRecords {
  notebooks: (tenant: string) => Promise<Notebook[]>
  notebook: (tenant: string, id: string) => Promise<Notebook | undefined>
  /** @throws Problem `too-many-sessions` for one more than a tenant may have */
  putNotebook: (tenant: string, notebook: Notebook) => Promise<void>
  removeNotebook: (tenant: string, id: string) => Promise<void>
  putAsked: (session: string, execution: string, asked: ExecuteAsked) => Promise<void>
  asked: (session: string, execution: string) => Promise<ExecuteAsked | undefined>
  /** What the kernel of a session says of itself. */
  info: (session: string) => Promise<Readonly<Record<string, unknown>> | undefined>
  putInfo: (session: string, info: Readonly<Record<string, unknown>>) => Promise<void>
  /** Keeps how far a socket has got that closes. */
  leave: (session: string, socket: string, event: string) => Promise<void>
  /** How far the socket of this `session_id` had got. */
  takePosition: (session: string, socket: string) => Promise<string | undefined>
}

/** Of one tenant. */
export const MAX_NOTEBOOKS = 200
const NOTEBOOK_TTL_SECONDS = 14 * 24 * 60 * 60
const CODE_CHARACTERS = 16 * 1024
/** Beyond it the oldest are as good as forgotten; events of so many are not kept either. */
const MAX_ASKED = 500
const MAX_SOCKETS = 100

export const tooManyNotebooks = (): Problem =>
  new Problem('too-many-sessions', `${MAX_NOTEBOOKS} notebooks and consoles have a kernel; delete the session of one`)

/** @param lifetimeSeconds the longest that a session lives */
export function createJupyterRecords(redis: Redis, keys: Keys, lifetimeSeconds: number): JupyterRecords {
  const ttl = Math.ceil(lifetimeSeconds)
  const put = async (key: string, field: string, value: string, most: number) => {
    const write = redis.multi()
    if ((await redis.hlen(key)) >= most) write.del(key)
    await write.hset(key, field, value).expire(key, ttl).exec()
  }
  return {
    async notebooks(tenant) {
      return (await redis.hvals(keys.jupyterSessions(tenant))).map((json) => JSON.parse(json) as Notebook)
    },
    async notebook(tenant, id) {
      const json = await redis.hget(keys.jupyterSessions(tenant), id)
      return json === null ? undefined : (JSON.parse(json) as Notebook)
    },
    async putNotebook(tenant, notebook) {
      const key = keys.jupyterSessions(tenant)
      const written = await redis
        .multi()
        .hset(key, notebook.id, JSON.stringify(notebook))
        .hlen(key)
        .expire(key, NOTEBOOK_TTL_SECONDS)
        .exec()
      const [added, count] = (written ?? []).map(([, reply]) => Number(reply))
      if (added !== 1 || (count ?? 0) <= MAX_NOTEBOOKS) return
      await redis.hdel(key, notebook.id)
      throw tooManyNotebooks()
    },
    async removeNotebook(tenant, id) {
      await redis.hdel(keys.jupyterSessions(tenant), id)
    },
    async putAsked(session, execution, { code, ...rest }) {
      const json = JSON.stringify({ ...rest, code: code.slice(0, CODE_CHARACTERS) })
      await put(keys.jupyterRequests(session), execution, json, MAX_ASKED)
    },
    async asked(session, execution) {
      const json = await redis.hget(keys.jupyterRequests(session), execution)
      return json === null ? undefined : (JSON.parse(json) as ExecuteAsked)
    },
    async info(session) {
      const json = await redis.get(keys.jupyterInfo(session))
      return json === null ? undefined : (JSON.parse(json) as Record<string, unknown>)
    },
    async putInfo(session, info) {
      await redis.set(keys.jupyterInfo(session), JSON.stringify(info), 'EX', ttl)
    },
    leave: (session, socket, event) => put(keys.jupyterSockets(session), socket, event, MAX_SOCKETS),
    async takePosition(session, socket) {
      const [found] =
        (await redis
          .multi()
          .hget(keys.jupyterSockets(session), socket)
          .hdel(keys.jupyterSockets(session), socket)
          .exec()) ?? []
      return typeof found?.[1] === 'string' ? found[1] : undefined
    },
  }
}
