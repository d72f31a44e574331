import { posix } from 'node:path'
import type { Response } from 'express'
import Type from 'typebox'
import { v7 as uuid } from 'uuid'
import { Problem } from '../../../shared/problems.ts'
import type { FileChange, Watch } from '../../../shared/sessions/session.ts'
import type { SessionEvent } from '../../../shared/sessions/session-event.ts'
import { compareIds } from '../../events/event-feed.ts'
import { invalidRequest } from '../../http/problems.ts'
import { bodyValidator } from '../../http/validate.ts'
import { sessionOf } from '../../sessions/needs.ts'
import { watchEventsOf } from '../../sessions/watches.ts'
import type { E2bNeeds } from './e2b-needs.ts'
import { followEvents } from './follow-events.ts'
import { sandboxOf } from './interpreter.ts'
import { RpcFault, type StreamMethod, type UnaryMethod } from './rpc.ts'
import { pathIn } from './sandbox-paths.ts'

const watchRequest = bodyValidator(
  Type.Object({
    path: Type.Optional(Type.String({ maxLength: 4096 })),
    recursive: Type.Optional(Type.Boolean()),
    includeEntry: Type.Optional(Type.Boolean()),
  }),
)
const watcherRequest = bodyValidator(Type.Object({ watcherId: Type.Optional(Type.String({ maxLength: 64 })) }))

/** Something that became of a watched folder, as the service of files tells of it. */
interface FilesystemEvent {
  /** Relative to the folder. */
  name: string
  type: 'EVENT_TYPE_CREATE' | 'EVENT_TYPE_WRITE' | 'EVENT_TYPE_REMOVE' | 'EVENT_TYPE_RENAME'
}

const TYPES = { created: 'EVENT_TYPE_CREATE', changed: 'EVENT_TYPE_WRITE', removed: 'EVENT_TYPE_REMOVE' } as const

/** One that moved is told as upstream does: the name that it had, and the one that it has. */
export function filesystemEvents(folder: string, { change, path, from }: FileChange): FilesystemEvent[] {
  const name = (of: string) => posix.relative(folder, of)
  if (change !== 'moved') return [{ name: name(path), type: TYPES[change] }]
  return [
    { name: name(from ?? path), type: 'EVENT_TYPE_RENAME' },
    { name: name(path), type: 'EVENT_TYPE_CREATE' },
  ]
}

/** Watches folders of a sandbox: as a stream, and by asking again, each with the watches of its session. */
export function watchService({ sessions, records }: E2bNeeds): {
  unary: Readonly<Record<string, UnaryMethod>>
  streams: Readonly<Record<string, StreamMethod>>
} {
  const { calls, feed } = sessions
  const at = (res: Response) => sessionOf(res, sandboxOf(res).id)
  const asked = (body: unknown) => {
    const { path = '', recursive = false, includeEntry = false } = watchRequest(body)
    if (path === '') throw invalidRequest([{ pointer: '/path', detail: 'is missing' }])
    if (includeEntry) throw new RpcFault('unimplemented', 'events of files come without their entries')
    return { id: uuid(), path: pathIn(path, '/path'), recursive }
  }
  const begin = async (res: Response, watch: ReturnType<typeof asked>): Promise<Watch> =>
    (await calls.call(at(res), 'watchFolder', watch)).value
  const end = async (res: Response, id: string) => void (await calls.call(at(res), 'unwatchFolder', { id }))
  /** Whether it is watched, or its beginning was not answered. Its sandbox may have ended, or a client that left would be told of it. */
  const endAnyway = (res: Response, id: string) => end(res, id).catch(() => undefined)

  return {
    streams: {
      WatchDir: (body, send, request) =>
        followEvents(
          sessions,
          request,
          send,
          true,
          async (events) => {
            const watch = asked(body)
            try {
              const { path } = await begin(request.res, watch)
              await send({ start: {} })
              for await (const { type, data } of watchEventsOf(events, watch.id, true)) {
                for (const event of eventsOf(path, type, data)) await send({ filesystem: event })
              }
            } finally {
              await endAnyway(request.res, watch.id)
            }
          },
          { keepalive: {} },
        ),
    },
    unary: {
      async CreateWatcher(body, { res }) {
        const { id: session } = sandboxOf(res)
        const watch = asked(body)
        const position = await feed.last(session)
        try {
          const { path } = await begin(res, watch)
          await records.putWatcher(session, watch.id, { path, position })
        } catch (error) {
          await endAnyway(res, watch.id)
          throw error
        }
        return { watcherId: watch.id }
      },
      async GetWatcherEvents(body, { res }) {
        const { id: session } = sandboxOf(res)
        const { watcherId = '' } = watcherRequest(body)
        const watcher = await records.watcher(session, watcherId)
        if (!watcher) throw noWatcher(watcherId)
        const newest = await feed.last(session)
        if (compareIds(newest, watcher.position) <= 0) return { events: [] }
        // Before they are read: where some are lost, the next call goes on behind them.
        await records.moveWatcher(session, watcherId, { ...watcher, position: newest })
        const found: FilesystemEvent[] = []
        let isOver = false
        let fault: unknown
        const ends = new AbortController()
        for await (const { id, type, data } of await feed.read(session, watcher.position, ends.signal)) {
          const isOwn = type === 'gap' || data.includes(watcherId)
          if (isOwn && compareIds(id, newest) <= 0) {
            isOver ||= isEndOf(watcherId, type, data)
            try {
              found.push(...eventsOf(watcher.path, type, data, watcherId))
            } catch (error) {
              // What follows may tell that the watch has ended, and is not read again.
              fault ??= error
            }
          }
          if (compareIds(id, newest) >= 0) break
        }
        ends.abort()
        if (isOver) await records.removeWatcher(session, watcherId)
        if (fault) throw fault
        if (isOver && found.length === 0) throw noWatcher(watcherId)
        return { events: found }
      },
      async RemoveWatcher(body, { res }) {
        const { id: session } = sandboxOf(res)
        const { watcherId = '' } = watcherRequest(body)
        if (!(await records.watcher(session, watcherId))) throw noWatcher(watcherId)
        try {
          await end(res, watcherId)
        } finally {
          await records.removeWatcher(session, watcherId)
        }
        return {}
      },
    },
  }
}

/** @param watch only its own; any when absent. @throws RpcFault when some are missing; Problem `session-ended` */
function eventsOf(folder: string, type: string, data: string, watch?: string): FilesystemEvent[] {
  if (type === 'gap') throw new RpcFault('resource_exhausted', 'events were lost; list the folder')
  if (type === 'ended') throw new Problem('session-ended', 'the sandbox has ended')
  const event = { type, data: JSON.parse(data) as unknown } as SessionEvent
  if (event.type === 'watch' && event.data.state === 'overflowed')
    throw new RpcFault('resource_exhausted', 'the folder has more entries than can be watched')
  if (event.type !== 'files' || (watch !== undefined && event.data.watch !== watch)) return []
  return event.data.changes.flatMap((change) => filesystemEvents(folder, change))
}

/** Whether the watch was ended, by whomever. */
function isEndOf(watch: string, type: string, data: string): boolean {
  if (type !== 'watch') return false
  const { id, state } = JSON.parse(data) as Watch
  return id === watch && state === 'ended'
}

const noWatcher = (id: string) => new RpcFault('not_found', `watcher "${id}" does not exist, or was removed`)
