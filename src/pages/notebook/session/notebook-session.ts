import { type Client, RunyardError, type SessionHandle, type StreamedSessionEvent } from '../../../client/client.ts'
import type { Session } from '../../../client/api-types.ts'
import { createObservable } from '../../playground/run/observable.ts'
import { FRESH, type NotebookSession, outputOf, type Ran, type SessionSink } from './session-state.ts'
import { wordsOfEnd, wordsOfStatus } from './words.ts'

/** While packages are being installed, the service asks for the same request again, every few seconds. */
const WHILE_INSTALLED = {
  retries: 100,
  shouldRetry: ({ code }: RunyardError) => code === 'rate-limited' || code === 'unavailable',
}

/** The longest time there is: a person ends what takes too long, and has as long as they like to answer what asks. */
const LONGEST_MS = 2 ** 31 - 1

/** A session that is being started. */
interface Start {
  session: Promise<SessionHandle>
  end: () => void
}

interface Running {
  cell: string
  /** Null until the service has named it. */
  execution: string | null
  /** What came before it was named. */
  early: StreamedSessionEvent[]
  /** It is interrupted once it is named. */
  isInterrupted?: true
  finish: (succeeded: boolean) => void
}

/**
 * A session starts with the first cell that runs. All that happens in it comes by one stream of events, which is taken up again
 * when a connection is lost; the events of an execution find the cell that started it.
 * @param onSession told which session there is, null: none
 * @param onRun told which cell runs, null: none
 * @param packages that a session begins with
 */
export function createNotebookSession(
  client: Pick<Client, 'sessions'>,
  language: () => string,
  sink: SessionSink,
  onSession: (id: string | null) => void,
  onRun: (ran: Ran | null) => void = () => undefined,
  packages: () => readonly string[] = () => [],
): NotebookSession {
  const [state, change] = createObservable(FRESH)
  let session: SessionHandle | undefined
  let starting: Start | undefined
  let running: Running | undefined
  let following = new AbortController()
  let working = false
  /** The interpreter ended; the session goes on. */
  let isDead = false

  const note = (cell: string, text: string | RunyardError) => change({ notes: { ...state.get().notes, [cell]: text } })
  const problemOf = (error: unknown): RunyardError => {
    if (error instanceof RunyardError) return error
    throw error
  }

  const endedBy = (words: string) => {
    following.abort()
    session = undefined
    onSession(null)
    const last = running
    running = undefined
    onRun(null)
    change({ phase: 'ended', queue: [], input: null, interrupting: false, ending: null, ended: words })
    last?.finish(false)
  }
  const take = (event: StreamedSessionEvent) => {
    if (event.type === 'ended') return endedBy(wordsOfEnd(event.data))
    if (event.type === 'ending') return change({ ending: event.data })
    // It was extended.
    if (event.type === 'session') return change({ ending: null })
    if (event.type === 'gap') return void readWhole()
    if (state.get().ending?.reason === 'idle' && event.type === 'execution') change({ ending: null })
    if (!running) return
    if (running.execution === null) return void running.early.push(event)
    takeOf(running, event)
  }
  const takeOf = (own: Running, event: StreamedSessionEvent) => {
    const { cell, execution } = own
    switch (event.type) {
      case 'execution': {
        if (event.data.id !== execution) return
        const { executionCount, state: stands, status, message, truncated } = event.data
        if (executionCount !== null) sink.count(cell, executionCount)
        if (stands !== 'finished') return
        if (status === 'context-lost') isDead = true
        const words = wordsOfStatus(status, message)
        const told = [words, truncated ? 'Output beyond the limit of the session was left out.' : ''].filter(Boolean)
        if (told.length > 0) note(cell, told.join(' '))
        change({ input: null })
        running = undefined
        onRun(null)
        own.finish(status === 'succeeded')
        return
      }
      case 'stdout':
      case 'stderr':
        if (event.data.execution === execution)
          sink.output(cell, { output_type: 'stream', name: event.type, text: event.data.data })
        return
      case 'output':
      case 'output-updated':
        if (event.data.execution !== execution) return
        if (event.type === 'output-updated') sink.update(event.data.displayId ?? '', event.data)
        else sink.output(cell, outputOf(event.data))
        return
      case 'output-cleared':
        if (event.data.execution === execution) sink.clear(cell)
        return
      case 'error': {
        if (event.data.execution !== execution) return
        const { name, value, traceback } = event.data
        return sink.output(cell, { output_type: 'error', ename: name, evalue: value, traceback })
      }
      case 'input-request':
        if (event.data.execution === execution)
          change({ input: { prompt: event.data.prompt, password: event.data.password } })
    }
  }
  /** Where events have expired, what ran is read as a whole. */
  const readWhole = async () => {
    const own = running
    if (!own?.execution || !session) return
    try {
      const { results, stdout, stderr, error } = await session.executions.get(own.execution)
      sink.clear(own.cell)
      if (stdout) sink.output(own.cell, { output_type: 'stream', name: 'stdout', text: stdout })
      if (stderr) sink.output(own.cell, { output_type: 'stream', name: 'stderr', text: stderr })
      for (const result of results) sink.output(own.cell, outputOf(result))
      if (error) {
        const { name, value, traceback } = error
        sink.output(own.cell, { output_type: 'error', ename: name, evalue: value, traceback })
      }
    } catch (error) {
      note(own.cell, problemOf(error))
    }
  }
  const follow = async (handle: SessionHandle, after?: string) => {
    following = new AbortController()
    const { signal } = following
    const onConnection = (connected: boolean) => change({ connected })
    // A connection that is lost, by a reload of the page too, does not end the session.
    const patient = { retries: Infinity, shouldRetry: () => true }
    try {
      for await (const event of handle.events({ signal, onConnection, ...patient, after })) {
        if (handle !== session) return
        take(event)
      }
    } catch (error) {
      if (signal.aborted) return
      endedBy(`Its events cannot be followed: ${problemOf(error).message}.`)
    }
  }
  const begin = (handle: SessionHandle) => {
    session = handle
    onSession(handle.id)
    change({ phase: 'running', installing: null, ended: null, problem: null })
    void follow(handle)
    return handle
  }
  /** Asks until what was asked for is still what the notebook has: a start with packages may take minutes. */
  const make = async (signal: AbortSignal): Promise<SessionHandle> => {
    const wanted = () => JSON.stringify([language(), packages()])
    for (;;) {
      const asked = wanted()
      const dependencies = [...packages()]
      const onProgress = (installing: string) => {
        if (!signal.aborted) change({ installing })
      }
      const made = await (dependencies.length === 0
        ? client.sessions.create({ language: language() }, { signal })
        : client.sessions.create({ language: language(), dependencies }, { ...WHILE_INSTALLED, signal, onProgress }))
      if (!signal.aborted && asked === wanted()) return made
      // Nothing of it is used, and it ends by itself where this fails.
      await made.end().catch(problemOf)
      signal.throwIfAborted()
    }
  }
  const start = (): Start => {
    const controller = new AbortController()
    const { signal } = controller
    const begun = async () => {
      change({ phase: 'starting', installing: null, ended: null, problem: null, ending: null })
      try {
        return begin(await make(signal))
      } catch (error) {
        if (!signal.aborted) change({ phase: 'none', problem: problemOf(error), queue: [] })
        throw error
      } finally {
        if (starting === own) starting = undefined
      }
    }
    const own: Start = { session: begun(), end: () => controller.abort(endedEarly()) }
    return own
  }
  const open = async (): Promise<SessionHandle> => session ?? (await (starting ??= start()).session)
  /** Ends a start that is under way. @returns whether one was */
  const endStart = (): boolean => {
    const ended = starting
    starting = undefined
    ended?.end()
    if (ended) change({ ...FRESH })
    return ended !== undefined
  }

  /** What others run in the session goes on. */
  const interruptOnly = async (handle: SessionHandle, execution: string) => {
    try {
      await handle.contexts.interrupt(undefined, { execution })
    } catch (error) {
      change({ interrupting: false, problem: problemOf(error) })
    }
  }

  const runCell = async (cell: string): Promise<boolean> => {
    const code = sink.source(cell)
    if (code === undefined) return true
    const { [cell]: _, ...notes } = state.get().notes
    change({ notes })
    const handle = await open()
    if (isDead) await handle.contexts.restart()
    isDead = false
    // It was interrupted before there was anything of it to interrupt.
    if (state.get().interrupting) return false
    sink.begin(cell)
    return new Promise<boolean>((finish) => {
      const own: Running = { cell, execution: null, early: [], finish }
      running = own
      const named = (id: string) => {
        own.execution = id
        if (running === own) onRun({ cell, execution: id })
        if (own.isInterrupted) void interruptOnly(handle, id)
        for (const event of own.early.splice(0)) if (running === own) takeOf(own, event)
      }
      const refused = (error: unknown) => {
        if (running !== own) return
        running = undefined
        const problem = problemOf(error)
        note(cell, problem)
        if (problem.status === 404) endedBy('It no longer exists.')
        finish(false)
      }
      handle.executions.start(code, { allowInput: true, timeoutMs: LONGEST_MS }).then(({ id }) => named(id), refused)
    })
  }
  /** What ran before the page was loaded anew. All its events come again. */
  const goOn = ({ cell, execution }: Ran): Promise<boolean> => {
    sink.begin(cell)
    return new Promise((finish) => (running = { cell, execution, early: [], finish }))
  }
  /** @param first how the first cell ends, where it runs already */
  const work = async (first?: Promise<boolean>) => {
    if (working) return
    working = true
    try {
      for (let [next] = state.get().queue; next !== undefined; [next] = state.get().queue) {
        const succeeded = await (first ?? runCell(next))
        first = undefined
        change({ queue: succeeded ? state.get().queue.slice(1) : [], interrupting: false })
      }
    } catch (error) {
      if (!isEndedEarly(error)) change({ queue: [], interrupting: false, problem: problemOf(error) })
    } finally {
      working = false
    }
    // Cells that were to be run since the start of their session was ended.
    if (state.get().queue.length > 0) await work()
  }

  return {
    state,
    open,
    run(cells) {
      const { phase, queue } = state.get()
      if (phase === 'ended') return
      change({ queue: [...queue, ...cells.filter((cell) => !queue.includes(cell))], problem: null })
      void work()
    },
    async interrupt() {
      if (endStart()) return
      const { queue } = state.get()
      change({ queue: queue.slice(0, 1), interrupting: queue.length > 0 })
      if (!running || !session) return
      if (running.execution === null) running.isInterrupted = true
      else await interruptOnly(session, running.execution)
    },
    async restart() {
      change({ queue: state.get().queue.slice(0, 1), notes: {} })
      try {
        await session?.contexts.restart()
        isDead = false
        return true
      } catch (error) {
        change({ problem: problemOf(error) })
        return false
      }
    },
    async end() {
      const handle = session
      if (!handle) return void (endStart() || change({ ...FRESH }))
      endedBy('You ended it.')
      try {
        await handle.end()
      } catch (error) {
        // Nothing of it is used any more, and it ends by itself.
        problemOf(error)
      }
    },
    async answer(value) {
      const { input } = state.get()
      const own = running
      if (!own?.execution || !session || !input) return
      change({ input: null })
      const shown = input.password ? '•'.repeat(value.length) : value
      sink.output(own.cell, { output_type: 'stream', name: 'stdout', text: `${input.prompt}${shown}\n` })
      try {
        await session.executions.input(own.execution, value)
      } catch (error) {
        note(own.cell, problemOf(error))
      }
    },
    async resume(id, ran) {
      try {
        const found: Session = await client.sessions.get(id)
        if (found.state !== 'running') return false
        if (found.language !== language()) {
          await client.sessions.end(id)
          return false
        }
        begin(client.sessions.open(id))
        if (ran && sink.source(ran.cell) !== undefined) {
          change({ queue: [ran.cell] })
          void work(goOn(ran))
        }
        return true
      } catch (error) {
        problemOf(error)
        return false
      }
    },
    forget: () => change({ ...FRESH }),
    clearProblem: () => change({ problem: null }),
  }
}

/** What a start throws that was ended before its session began. */
const endedEarly = () => new RunyardError({ code: 'session-ended', detail: 'the session was ended before it began' })
const isEndedEarly = (error: unknown): boolean =>
  error instanceof RunyardError && error.code === 'session-ended' && error.status === 0
