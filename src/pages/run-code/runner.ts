import { type Api, Refusal } from './api.ts'

/** What a run shows, as it comes. */
export interface Shows {
  text: (stream: 'stdout' | 'stderr', text: string) => void
  /** A value or plot in several forms, by media type. @param id names it for later ones that replace it */
  result: (data: Record<string, unknown>, id: string | undefined) => void
  clear: () => void
  error: (traceback: string) => void
  /** Asks the reader for a line. */
  ask: (prompt: string, password: boolean) => Promise<string>
  note: (text: string) => void
}

/** Runs the pieces of code of one page, in one language. */
export interface Runner {
  /** Resolves when it has ended, with whether it ended well. @throws Error when it could not be run */
  run: (code: string, shows: Shows) => Promise<boolean>
  stop: () => Promise<void>
}

const WAIT_SECONDS = 30

interface Execution {
  id: string
}

/** In a session with state that all pieces share; as jobs where the language has no kernel. */
export function createRunner(api: Api, language: string): Runner {
  let session: Promise<string | undefined> | undefined
  let stopJob: (() => Promise<unknown>) | undefined
  let line: Promise<unknown> = Promise.resolve()

  /** The id of the session; undefined where the language has none. */
  const begin = async (): Promise<string | undefined> => {
    try {
      const made = await api.call<{ id: string }>('POST', '/v1/sessions', { language, kernel: true }, WAIT_SECONDS)
      return made.id
    } catch (error) {
      if (error instanceof Refusal && error.code === 'invalid-request') return undefined
      throw error
    }
  }
  const sessionNow = (): Promise<string | undefined> => {
    const made = (session ??= begin())
    made.catch(() => {
      if (session === made) session = undefined
    })
    return made
  }

  const inSession = async (id: string, code: string, shows: Shows): Promise<boolean> => {
    const { id: execution } = await api.call<Execution>('POST', `/v1/sessions/${id}/executions`, {
      code,
      allowInput: true,
    })
    const place = `/v1/sessions/${id}/executions/${execution}`
    let error = ''
    for await (const { type, data } of api.events(`${place}/events`)) {
      switch (type) {
        case 'stdout':
        case 'stderr':
          shows.text(type, String(data['data']))
          break
        case 'output':
        case 'output-updated':
          shows.result(data['data'] as Record<string, unknown>, data['displayId'] as string | undefined)
          break
        case 'output-cleared':
          shows.clear()
          break
        case 'error':
          error =
            ((data['traceback'] as string[] | undefined) ?? []).join('\n') ||
            `${String(data['name'])}: ${String(data['value'])}`
          shows.error(error)
          break
        case 'input-request':
          void shows
            .ask(String(data['prompt']), data['password'] === true)
            .then((value) => api.call('POST', `${place}/input`, { value }))
            // It may have ended meanwhile.
            .catch(() => undefined)
          break
        case 'execution':
          if (data['state'] !== 'finished') break
          if (data['status'] !== 'succeeded' && error === '') shows.error(String(data['message'] ?? data['status']))
          if (data['truncated'] === true) shows.note('Output beyond the limit was left out.')
          return data['status'] === 'succeeded'
        case 'ended':
          throw new Error('the session has ended')
        default:
      }
    }
    return false
  }

  const asJob = async (code: string, shows: Shows): Promise<boolean> => {
    const { id } = await api.call<{ id: string }>('POST', '/v1/jobs', { language, code })
    stopJob = () => api.call('DELETE', `/v1/jobs/${id}`)
    try {
      for await (const { type, data } of api.events(`/v1/jobs/${id}/events`)) {
        if (type === 'stdout' || type === 'stderr') shows.text(type, String(data['data']))
        if (type !== 'result') continue
        const { status, message } = data
        if (status !== 'succeeded') shows.error(String(message ?? status))
        return status === 'succeeded'
      }
    } finally {
      stopJob = undefined
    }
    return false
  }

  const run = async (code: string, shows: Shows): Promise<boolean> => {
    const id = await sessionNow()
    if (id === undefined) return asJob(code, shows)
    try {
      return await inSession(id, code, shows)
    } catch (error) {
      const isGone = error instanceof Refusal && (error.status === 404 || error.status === 410)
      if (!isGone) throw error
      session = undefined
      shows.note('The session had ended. A new one begins: what ran before is forgotten.')
      const again = await sessionNow()
      return again === undefined ? asJob(code, shows) : inSession(again, code, shows)
    }
  }

  return {
    run(code, shows) {
      // In order, as on the page.
      const result = line.then(() => run(code, shows))
      line = result.catch(() => undefined)
      return result
    },
    async stop() {
      if (stopJob) return void (await stopJob())
      const id = await session
      if (id !== undefined) await api.call('POST', `/v1/sessions/${id}/contexts/default/interrupt`, {})
    },
  }
}
