import { eventsOf } from '../client/event-stream.ts'
import type { Http } from '../client/http.ts'
import type { Installation } from './api-types.ts'

export type InstallationEvent =
  | { type: 'host'; data: Installation['hosts'][string] & { host: string } }
  | { type: 'line'; data: { host: string; text: string } }
  | { type: 'result'; data: Installation }
  | { type: 'state' }

/** What is told of an installation; it is streamed as the events of jobs are. */
export async function* installationEventsOf(
  http: Http,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<InstallationEvent> {
  const path = `/v1/admin/installations/${encodeURIComponent(id)}/events`
  for await (const event of eventsOf(http, id, { signal, path })) yield event as unknown as InstallationEvent
}
