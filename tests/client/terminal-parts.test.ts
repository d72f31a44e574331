import { expect, test } from '@jest/globals'
import type { Http } from '../../src/client/http.ts'
import { openTerminal } from '../../src/client/session-terminal.ts'
import type { WebSocketLike } from '../../src/client/web-socket.ts'

/** What one connection does: `undefined` is refused, others open and bring these messages before they are lost. */
type Connection = readonly (string | Uint8Array)[] | undefined

function sockets(...connections: Connection[]) {
  let made = 0
  return class implements WebSocketLike {
    onopen: ((event: never) => void) | null = null
    onmessage: ((event: never) => void) | null = null
    onclose: ((event: never) => void) | null = null
    onerror: ((event: never) => void) | null = null
    constructor() {
      const said = connections[made++]
      setImmediate(() => {
        if (said) this.onopen?.({} as never)
        for (const data of said ?? []) this.onmessage?.({ data } as never)
        this.onclose?.({ code: said ? 1000 : 1006 } as never)
      })
    }
    send() {}
    close() {}
  }
}

const http = {
  url: 'http://127.0.0.1:1',
  key: () => undefined,
  policy: { retries: 4 },
  json: async () => ({ terminal: true }),
} as unknown as Http
const command = (state: string) => JSON.stringify({ type: 'command', data: { state } })

test('the screen is cleared when a lost connection stands again, and not while none can be made', async () => {
  const seen: string[] = []
  const byte = Uint8Array.of(120)
  const Socket = sockets([command('running'), byte], undefined, [byte, command('finished')])
  const { ended } = openTerminal(http, Socket, '/x', {
    onData: () => void seen.push('data'),
    onReset: () => void seen.push('reset'),
  })
  expect(await ended).toMatchObject({ state: 'finished' })
  expect(seen).toEqual(['data', 'reset', 'data'])
})

test('missing output and messages that were not taken are told', async () => {
  const seen: unknown[] = []
  const error = { code: 'invalid-message', detail: 'is no signal' }
  const Socket = sockets([
    JSON.stringify({ type: 'gap' }),
    JSON.stringify({ type: 'error', ...error }),
    command('finished'),
  ])
  const { ended } = openTerminal(http, Socket, '/x', {
    onData: () => undefined,
    onGap: () => void seen.push('gap'),
    onError: (told) => void seen.push(told),
  })
  await ended
  expect(seen).toEqual(['gap', error])
})
