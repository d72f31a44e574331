import type { RequestHandler } from 'express'
import Type from 'typebox'
import { Problem } from '../../shared/problems.ts'
import { BEGINNING } from '../events/event-feed.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import { queryOf } from '../http/query.ts'
import { serveSocket } from './socket/serve-socket.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { eventsAfter } from './stream-job.ts'
import { ownJob } from './own-job.ts'

export const JobIoQuery = Type.Object(
  {
    after: Type.Optional(Type.String({ maxLength: 31, description: 'id of the last event the client has' })),
  },
  { additionalProperties: false },
)
const ioQuery = queryOf(JobIoQuery)

/** A WebSocket: what the job is sent in, its events out, until its end. 426 to a request that asks for no WebSocket. */
export function jobIo({ records, feed, io, open }: RouteDeps): RequestHandler<{ id: string }> {
  const { upgrades, ...socketDeps } = io
  return async (req, res) => {
    const { after = BEGINNING } = ioQuery(req)
    const job = await ownJob(records, res, req.params.id)
    if (!upgrades.asksFor(req)) {
      throw new Problem('upgrade-required', 'this is a WebSocket; connect with ws: or wss:', {
        headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
      })
    }
    const read = await eventsAfter(feed, job, after)
    if (!read) throw invalidRequest([{ pointer: '/after', detail: 'must be the id of an event of this job' }])
    const ends = open.hold(res)
    const socket = await upgrades.accept(req)
    await serveSocket(socket, socketDeps, { job, events: read.events, ends, log: req.log })
  }
}
