/** Where code is run, and how a page shows that it may. */
export interface Place {
  /** Address of the gateway, without a slash at its end. */
  server: string
  /** A browser token; undefined where none is needed, or where it comes from `tokenUrl`. */
  token: string | undefined
  /** Answers with `{token, expiresAt}`, as `POST /v1/browser-tokens` does. */
  tokenUrl: string | undefined
}

export interface ServerEvent {
  id: string
  type: string
  data: Record<string, unknown>
}

/** What the gateway refused, in its words. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

export type Api = ReturnType<typeof createApi>

/** A token is asked for anew so long before it ends. */
const BEFORE_END_MS = 30_000
const MOST_TRIES = 5
const RETRY_MS = 500

/** Calls of the gateway's routes. */
export function createApi({ server, token, tokenUrl }: Place) {
  let known: { token: string; until: number } | undefined

  const tokenNow = async (): Promise<string | undefined> => {
    if (tokenUrl === undefined) return token
    if (known && Date.now() < known.until) return known.token
    const response = await fetch(tokenUrl, { headers: { accept: 'application/json' } })
    if (!response.ok) throw new Error(`this page gave no token: ${tokenUrl} answered with ${response.status}`)
    const made = (await response.json()) as { token: string; expiresAt: string }
    known = { token: made.token, until: Date.parse(made.expiresAt) - BEFORE_END_MS }
    return made.token
  }

  const send = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const shown = await tokenNow()
    const response = await fetch(server + path, {
      method,
      headers: {
        ...headers,
        ...(body && { 'content-type': 'application/json' }),
        ...(shown !== undefined && { authorization: `Bearer ${shown}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new Error(`${server} cannot be reached from this page`, { cause })
    })
    if (response.ok) return response
    const { code = '', detail } = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
    throw new Refusal(response.status, code, detail ?? `${server} answered with ${response.status}`)
  }

  return {
    call: async <T>(method: string, path: string, body?: object, wait = 0): Promise<T> => {
      const response = await send(method, path, body, wait > 0 ? { prefer: `wait=${wait}` } : {})
      return (response.status === 204 ? undefined : await response.json()) as T
    },
    /** The events of a path, until the reader stops; a connection that is lost is taken up again. */
    async *events(path: string): AsyncGenerator<ServerEvent> {
      let last = ''
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        if (tries > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS * tries))
        try {
          const response = await send('GET', path, undefined, last === '' ? {} : { 'last-event-id': last })
          for await (const event of readEvents(response)) {
            last = event.id
            tries = 0
            yield event
          }
        } catch (error) {
          if (error instanceof Refusal && error.status !== 429 && error.status < 500) throw error
        }
      }
      throw new Error('the connection was lost')
    },
  }
}

/** Server-sent events of one response: blocks of lines, of which Runyard sends `id`, `event` and one of `data`. */
async function* readEvents({ body }: Response): AsyncGenerator<ServerEvent> {
  if (!body) return
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += value
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const field = (name: string) =>
          block
            .split('\n')
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2)
        const [type, data] = [field('event'), field('data')]
        if (type !== undefined && data !== undefined) {
          yield { id: field('id') ?? '', type, data: JSON.parse(data) as Record<string, unknown> }
        }
      }
    }
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}
