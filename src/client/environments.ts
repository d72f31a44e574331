import type { Environment, EnvironmentEvent, GapEvent } from './api-types.ts'
import { eventsOf, type StreamOptions } from './event-stream.ts'
import type { CallOptions, Http } from './http.ts'

/** What packages are wanted: their names with versions, the content of a manifest or a lock, or the name of a set, e.g. `python/data`. */
export type EnvironmentRequest = { language: string } & (
  | { dependencies: string[] }
  | { manifest: string }
  | { set: string }
)

/** An event of an installation as it comes. `gap` stands where events are no longer kept. */
export type StreamedEnvironmentEvent = (EnvironmentEvent | GapEvent) & {
  /** Where the stream can be taken up again. */
  id: string
}

export interface InstallOptions extends CallOptions {
  /** Told what is being done while the packages are installed, e.g. `installing numpy 2.3.1`. Must not throw. */
  onProgress?: ((progress: string) => void) | undefined
}

/** Packages that are installed once and used in any number of jobs: `environment` of a job is the id of one. */
export interface Environments {
  /**
   * Has packages installed, and returns their environment when it is ready. The same request within a day is the same environment.
   * @throws RunyardError that says why when they cannot be had
   */
  create(request: EnvironmentRequest, options?: InstallOptions): Promise<Environment>
  /** What is known of an environment. */
  get(id: string, options?: CallOptions): Promise<Environment>
  /** What is done to install it, to `ready` or `failed`, across lost connections. */
  events(id: string, options?: StreamOptions): AsyncGenerator<StreamedEnvironmentEvent, void, void>
  /** Those that you asked for, newest first, at most 100. */
  list(options?: CallOptions): Promise<Environment[]>
  /** Takes one off your list. */
  remove(id: string, options?: CallOptions): Promise<void>
}

const PLACE = '/v1/environments'
/** The longest the service waits at one time, in seconds. */
const LONGEST_WAIT = 60

export function createEnvironments(http: Http): Environments {
  const at = (id: string) => `${PLACE}/${encodeURIComponent(id)}`
  const events: Environments['events'] = (id, options) =>
    eventsOf<StreamedEnvironmentEvent>(
      http,
      `${at(id)}/events`,
      options,
      ({ type }) => type === 'ready' || type === 'failed',
    )
  /** Until `signal` aborts. What keeps it from being told is nothing that keeps packages from being installed. */
  const tell = async (id: string, onProgress: (progress: string) => void, signal: AbortSignal): Promise<void> => {
    try {
      for await (const event of events(id, { signal }))
        if (event.type !== 'gap' && event.data.progress !== null) onProgress(event.data.progress)
    } catch {
      // The answer says how it ended.
    }
  }
  return {
    async create(request, { onProgress, ...call } = {}) {
      const ask = (waitSeconds: number) => {
        const headers = { prefer: `wait=${waitSeconds}` }
        const asked = { ...call, method: 'POST' as const, headers, body: request, waitsMs: waitSeconds * 1000 }
        return http.json<Environment>(PLACE, asked)
      }
      const over = new AbortController()
      try {
        if (onProgress) {
          const first = await ask(0)
          if (first.state === 'ready') return first
          void tell(first.id, onProgress, call.signal ? AbortSignal.any([over.signal, call.signal]) : over.signal)
        }
        for (;;) {
          const environment = await ask(LONGEST_WAIT)
          if (environment.state === 'ready') return environment
        }
      } finally {
        over.abort()
      }
    },
    get: (id, call) => http.json<Environment>(at(id), call),
    events,
    list: async (call) => (await http.json<{ environments: Environment[] }>(PLACE, call)).environments,
    remove: (id, call) => http.json<void>(at(id), { ...call, method: 'DELETE' }),
  }
}
