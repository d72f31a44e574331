import { EventSourceParserStream } from 'eventsource-parser/stream'

export interface ReceivedEvent {
  id: string
  event: string
  data: Record<string, unknown>
}

/** The events of a stream as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<ReceivedEvent, void, undefined> {
  if (!response.body) return
  const stream = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  for await (const { id, event, data } of stream as unknown as AsyncIterable<{
    id: string
    event: string
    data: string
  }>) {
    yield { id, event, data: JSON.parse(data) as Record<string, unknown> }
  }
}

/** The output in these events. */
export const textOf = (events: readonly ReceivedEvent[], stream: 'stdout' | 'stderr'): string =>
  events
    .filter(({ event }) => event === stream)
    .map(({ data }) => data['data'])
    .join('')
