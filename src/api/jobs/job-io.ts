import Type from 'typebox'
import { GapEvent, JobEvent } from '../../shared/job-event.ts'
import { Problem } from '../../shared/problems.ts'
import { BEGINNING } from '../events/event-feed.ts'
import { PATH } from '../http/parameters.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import type { Upgrades } from '../http/upgrades.ts'
import type { EventsNeeds } from './job-events.ts'
import { ownJob } from './own-job.ts'
import { EofMessage, ResizeMessage, SignalMessage, StdinMessage } from './socket/read-message.ts'
import { AckMessage, ErrorMessage } from './socket/reply.ts'
import { serveSocket, type SocketDeps } from './socket/serve-socket.ts'
import { eventsAfter } from './stream-job.ts'

export interface SocketNeeds extends EventsNeeds {
  upgrades: Upgrades
  /** For sockets to interactive jobs. */
  socket: SocketDeps
}

export const talkToJob = defineRoute({
  method: 'get',
  path: '/v1/jobs/:id/io',
  id: 'talkToJob',
  tag: 'Jobs',
  summary: 'Talk to an interactive job',
  description:
    'Opens a WebSocket to a job that was submitted with `"interactive": true`. The program gets your input, and you get ' +
    'its output at once. All messages are JSON text, yours at most 64 KiB each.\n\n' +
    'You send `{"type": "stdin", "data": "42\\n"}`, `{"type": "eof"}`, `{"type": "signal", "signal": "SIGINT"}`. You get ' +
    'the events of the job, each with its `id`; `ack` for a message that was accepted, `error` for one that was not. The ' +
    'connection closes with 1000 after `result`.\n\n' +
    'To reconnect, pass the `id` of the last event as `after`. Number your messages with `seq`, rising from 1, and resend ' +
    'those without an `ack`: duplicates are ignored.\n\n' +
    'Pages cannot set headers of a WebSocket; they send the key as a subprotocol: ' +
    "`new WebSocket(url, ['runyard', 'key.ry_...'])`. This page cannot open one: a plain request gets 426.",
  scopes: ['jobs', 'containers'],
  params: { id: PATH.job },
  query: Type.Object(
    {
      after: Type.Optional(
        Type.String({ maxLength: 31, description: 'id of the last event that the client received' }),
      ),
    },
    { additionalProperties: false },
  ),
  answers: {
    101: {
      description: 'The WebSocket is open.',
      messages: {
        sent: Type.Union([StdinMessage, EofMessage, SignalMessage, ResizeMessage]),
        received: Type.Union([AckMessage, ErrorMessage, JobEvent, GapEvent]),
      },
    },
  },
  problems: ['invalid-header', 'upgrade-required', 'too-many-open'],
  problemHeaders: { 'invalid-header': ['Sec-WebSocket-Version'] },
  schemas: { AckMessage, EofMessage, ErrorMessage, ResizeMessage, SignalMessage, StdinMessage },
  /** A WebSocket: what the job is sent in, its events out, until its end. 426 to a request that asks for no WebSocket. */
  async handle({ records, feed, open, upgrades, socket }: SocketNeeds, { req, res, params, query }) {
    const { after = BEGINNING } = query
    const job = await ownJob(records, res, params.id)
    if (!upgrades.asksFor(req)) {
      throw new Problem('upgrade-required', 'this is a WebSocket; connect with ws: or wss:', {
        headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
      })
    }
    const read = await eventsAfter(feed, job, after)
    if (!read) throw invalidRequest([{ pointer: '/after', detail: 'must be the id of an event of this job' }])
    const ends = open.admit(res)
    const accepted = await upgrades.accept(req)
    await serveSocket(accepted, socket, { job, events: read.events, ends, log: req.log })
  },
})
