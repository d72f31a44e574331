import { Problem } from '../../shared/problems.ts'
import { GapEvent } from '../../shared/job-event.ts'
import { CommandState, Session } from '../../shared/sessions/session.ts'
import Type from 'typebox'
import { BEGINNING } from '../events/event-feed.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { EofMessage, ResizeMessage, SignalMessage } from '../jobs/socket/read-message.ts'
import { ErrorMessage } from '../jobs/socket/reply.ts'
import { CALL_PROBLEMS } from './executions.ts'
import { ownSession, type SessionNeeds, sessionOf } from './needs.ts'
import { eventsOf, readResult } from './read-result.ts'
import { serveTerminal } from './serve-terminal.ts'

const message = <Name extends string, Data extends Type.TSchema>(type: Name, data: Data) =>
  Type.Object({ type: Type.Literal(type), data })

export const openTerminal = defineRoute({
  method: 'get',
  path: '/v1/sessions/:id/commands/:command/terminal',
  id: 'openTerminal',
  tag: 'Sessions',
  summary: 'Open the terminal of a command',
  description:
    'Opens a WebSocket to a command that was started with `terminal`. Binary frames are the bytes of the terminal: yours are ' +
    'what is typed, at most 64 KiB each, and you get what the program writes. First comes the output that is still kept, so ' +
    'that a client that connects again can draw the screen anew.\n\n' +
    'Text frames are JSON. You send `{"type": "resize", "columns": 132, "rows": 43}`, `{"type": "signal", "signal": "SIGHUP"}` ' +
    'and `{"type": "eof"}`. You get `command` with the state of the command when that changes, `gap` where output is missing ' +
    'because you read too slowly, `error` for a message that was not taken, and `ended` when the session ends first. The connection ' +
    'closes with 1000 after the end of the command; the command continues when you close it.\n\n' +
    'Pages cannot set headers of a WebSocket; they send the key as a subprotocol: ' +
    "`new WebSocket(url, ['runyard', 'key.ry_...'])`. A plain request gets 426.",
  scopes: ['sessions'],
  params: { id: PATH.session, command: PATH.command },
  answers: {
    101: {
      description: 'The WebSocket is open.',
      messages: {
        sent: Type.Union([EofMessage, SignalMessage, ResizeMessage]),
        received: Type.Union([message('command', CommandState), message('ended', Session), GapEvent, ErrorMessage]),
      },
    },
  },
  problems: [...CALL_PROBLEMS, 'invalid-header', 'upgrade-required', 'not-waiting', 'too-many-open'],
  problemHeaders: { 'invalid-header': ['Sec-WebSocket-Version'] },
  async handle(needs: SessionNeeds, { req, res, params }) {
    const { feed, open, upgrades, calls } = needs
    const { id } = await ownSession(needs, res, params.id)
    if (!upgrades.asksFor(req)) {
      throw new Problem('upgrade-required', 'this is a WebSocket; connect with ws: or wss:', {
        headers: { Upgrade: 'websocket', Connection: 'Upgrade' },
      })
    }
    const of = { session: id, id: params.command.toLowerCase() }
    const { terminal } = await readResult(needs, res, 'command', of)
    if (!terminal) throw new Problem('not-waiting', 'the command has no terminal; start it with `terminal`')
    const ends = open.admit(res)
    await serveTerminal(await upgrades.accept(req), {
      command: of.id,
      async events(signal) {
        const events = eventsOf('command', await feed.read(id, BEGINNING, signal), of.id)
        // Read behind the subscription: nothing falls between the two.
        return { command: await readResult(needs, res, 'command', of), events }
      },
      call: (operation, input, options) => calls.call(sessionOf(res, id), operation, input, options),
      ends,
      log: req.log,
    })
  },
})
