import { expect, test } from '@jest/globals'
import type { Http } from '../../src/client/http.ts'
import { openInteractive } from '../../src/client/interactive.ts'
import type { WebSocketLike } from '../../src/client/web-socket.ts'

/** A connection on which somebody else speaks: each connection brings the next of these messages. */
function connections(...said: string[]) {
  const made: string[] = []
  let closed = 0
  class Socket implements WebSocketLike {
    onopen: ((event: never) => void) | null = null
    onmessage: ((event: never) => void) | null = null
    onclose: ((event: never) => void) | null = null
    onerror: ((event: never) => void) | null = null
    constructor(url: string) {
      made.push(url)
      const data = said[made.length - 1]
      setImmediate(() => {
        this.onopen?.({} as never)
        this.onmessage?.({ data } as never)
      })
    }
    send() {}
    /** Is never answered. */
    close() {
      closed += 1
    }
  }
  return { made, closed: () => closed, Socket }
}

/** A service that has the job. */
const http = (retries: number) =>
  ({ url: 'http://127.0.0.1:1', key: () => undefined, policy: { retries }, json: async () => ({}) }) as unknown as Http

const RESULT = JSON.stringify({ type: 'result', id: '2-0', data: { id: 'x', status: 'succeeded' } })

test.each(['<html>Bad gateway</html>', 'null', '[]', '{"data":1}'])(
  'a message %s, which is none of the service’s, costs the connection and nothing else',
  async (text) => {
    const { Socket, made, closed } = connections(text, RESULT)
    const job = openInteractive(http(1), Socket, 'x')
    expect(await job.result).toMatchObject({ status: 'succeeded' })
    expect(made).toHaveLength(2)
    expect(closed()).toBe(1)
    job.close()
  },
)

test('a service that never says what it should ends the job’s events with that', async () => {
  const { Socket } = connections('?')
  const { result } = openInteractive(http(0), Socket, 'x')
  await expect(result).rejects.toMatchObject({ code: 'connection-closed' })
})
