import type { StreamedEvent } from './event-stream.ts'

/**
 * The events of one response, as they come (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * @param onBytes called whenever something came, be it a comment
 * @throws what reading fails of; an event whose data is not JSON is one of these
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<StreamedEvent, void, void> {
  const decoder = new TextDecoder()
  const reader = body.getReader()
  const parse = createSseParser()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onBytes()
      yield* parse(decoder.decode(value, { stream: true }))
    }
  } finally {
    // A stream that has failed cannot be cancelled, and need not.
    await reader.cancel().catch(() => undefined)
  }
}

/** Takes the text of a stream piece by piece, cut anywhere; gives the events that are complete. */
export function createSseParser(): (piece: string) => StreamedEvent[] {
  let rest = ''
  let type = ''
  let id = ''
  let data: string[] = []

  return (piece) => {
    const events: StreamedEvent[] = []
    rest += piece
    // A carriage return at the end may be half of a line's end.
    const whole = rest.endsWith('\r') ? rest.slice(0, -1) : rest
    const lines = whole.split(/\r\n|\n|\r/)
    rest = (lines.pop() ?? '') + rest.slice(whole.length)
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) events.push({ type, id, data: JSON.parse(data.join('\n')) as unknown } as StreamedEvent)
        type = ''
        data = []
        continue
      }
      const colon = line.indexOf(':')
      const field = colon === -1 ? line : line.slice(0, colon)
      const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
      if (field === 'event') type = value
      else if (field === 'id') id = value
      else if (field === 'data') data.push(value)
    }
    return events
  }
}
