import {
  type Client,
  type CodeRequest,
  type ErrorCode,
  type Finding,
  type InteractiveJob,
  type JobSummary,
  RunyardError,
  type StreamedEvent,
} from '../../../client/client.ts'
import type { EnvironmentError } from '../../../shared/environments/environment.ts'
import type { PackagesEvent } from '../../../shared/job-event.ts'
import { messageOf } from '../../design/plain-detail.ts'
import type { OutputView } from '../output/output-view.ts'
import { createObservable, type Observable } from './observable.ts'

/** What the page knows of the job it shows. */
export interface RunState {
  phase: 'idle' | 'submitting' | 'following' | 'ended'
  /** What was submitted here; null of a job that was opened. */
  request: CodeRequest | null
  /** The end of what it wrote to stderr, when it has ended. */
  errors: string
  /** As it was accepted, with state and attempt as events told; in the end as it ended. */
  job: JobSummary | null
  /** What is being done to install its packages. */
  installing: string | null
  /** Why its packages could not be had. */
  packagesError: EnvironmentError | null
  /** The stage that runs. */
  stage: string | null
  /** When it began to run, by this page's clock. */
  runningSince: number | null
  warnings: Finding[]
  problem: RunyardError | null
  /** Whether events come; they are sought again when not. */
  connected: boolean
  stopping: boolean
  /** Whether input can be sent. */
  takesInput: boolean
  /** Until a request is made again that came too soon for the rate limit; 0: none waits. */
  retrySeconds: number
  /** What the person should know of how the output came about. */
  notes: string[]
}

export interface JobRun {
  state: Observable<RunState>
  /** Tells that a request is made again after a pause. */
  retrying(error: RunyardError, pauseMs: number): void
  /** Submits a job and follows it to its end. Nothing happens while one is being followed. */
  start(request: CodeRequest): Promise<void>
  /** Follows a job that is there already. @returns it, or undefined when it cannot be read */
  open(id: string): Promise<JobSummary | undefined>
  /** Cancels the job, or gives up submitting it. */
  stop(): Promise<void>
  /** A line for an interactive job. */
  sendLine(line: string): void
  sendEof(): void
  interrupt(): void
}

export interface JobRunOptions {
  client: Client
  output: () => OutputView
}

/** Once a job is there, its events are sought without end: the page says so, and somebody looks on. */
const PATIENT = { retries: Infinity, shouldRetry: () => true }
/** A WebSocket that is refused does not tell a page why, so it is not tried for ever. */
const HANDSHAKES = { retries: 8, shouldRetry: () => true }

/** Why an input was not taken. Whatever else ends it is told of the connection. */
const REFUSALS: readonly ErrorCode[] = [
  'invalid-message',
  'not-interactive',
  'not-running',
  'input-closed',
  'input-limit',
]

const STOPPED = new Error('stopped by its owner')

/** What is kept of stderr to look for the reason of an end in. */
const ERRORS_CHARS = 4096

const IDLE: RunState = {
  phase: 'idle',
  request: null,
  errors: '',
  job: null,
  installing: null,
  packagesError: null,
  stage: null,
  runningSince: null,
  warnings: [],
  problem: null,
  connected: true,
  stopping: false,
  takesInput: false,
  retrySeconds: 0,
  notes: [],
}

export function createJobRun({ client, output }: JobRunOptions): JobRun {
  const [state, change] = createObservable<RunState>(IDLE)
  let stages = 0
  let talk: InteractiveJob | undefined
  /** Until a job is there. */
  let begun = new AbortController()
  /** By this page's clock; before it no request is under way. */
  let pausedUntil = 0
  let countdown: ReturnType<typeof setInterval> | undefined
  let hasGap = false
  let errors = ''

  const note = (text: string) => change({ notes: [...state.get().notes, text] })
  const begin = (request: CodeRequest | null) => {
    output().clear()
    restart()
    begun = new AbortController()
    change({ ...IDLE, phase: 'submitting', request })
  }
  const countDown = (pauseMs: number) => {
    clearInterval(countdown)
    pausedUntil = performance.now() + pauseMs
    const tell = () => {
      const retrySeconds = Math.max(0, Math.ceil((pausedUntil - performance.now()) / 1000))
      if (retrySeconds === 0) clearInterval(countdown)
      change({ retrySeconds })
    }
    countdown = setInterval(tell, 1000)
    tell()
  }
  const restart = () => {
    stages = 0
    hasGap = false
    errors = ''
  }
  const fail = (error: unknown) => {
    if (error !== STOPPED && !(error instanceof RunyardError)) throw error
    countDown(0)
    const problem = error instanceof RunyardError ? error : null
    change({ phase: 'ended', problem, takesInput: false, stage: null, stopping: false })
  }

  const showPackages = ({ state: where, progress, error }: PackagesEvent['data']) => {
    if (error) return change({ installing: null, packagesError: error })
    if (where === 'ready') return change({ installing: null })
    const words = progress ?? (where === 'queued' ? 'waiting for the packages to be installed' : null)
    if (words === null || words === state.get().installing) return
    output().heading(words)
    change({ installing: words })
  }

  const take = (event: StreamedEvent) => {
    const { job } = state.get()
    switch (event.type) {
      case 'state': {
        const { state: where, attempt } = event.data
        if (where === 'running' && attempt > 1) {
          output().clear()
          restart()
          note('A worker was lost. The job runs again from the start.')
        }
        if (job) change({ job: { ...job, state: where, attempt } })
        if (where === 'running') change({ runningSince: performance.now(), installing: null })
        break
      }
      case 'stage':
        if (event.data.phase === 'started') {
          // One stage alone needs no heading; a compiler always is one of two.
          if (event.data.stage !== 'run' || stages > 0) output().heading(event.data.stage)
          stages += 1
          change({ stage: event.data.stage })
        }
        break
      case 'stdout':
      case 'stderr':
        output().write(event.type, event.data.data)
        if (event.type === 'stderr') errors = (errors + event.data.data).slice(-ERRORS_CHARS)
        break
      case 'warning':
        change({ warnings: [...state.get().warnings, event.data] })
        break
      case 'packages':
        showPackages(event.data)
        break
      case 'gap':
        hasGap = true
        break
      case 'result':
        // Nobody is told of the end before the last words.
        output().settle()
        change({
          job: event.data,
          errors,
          phase: 'ended',
          stage: null,
          installing: null,
          stopping: false,
          takesInput: false,
          connected: true,
        })
        break
    }
  }

  /** Where events are missing the output is read whole. */
  const fillGap = async (id: string) => {
    const { stages: all } = await client.get(id)
    output().clear()
    for (const { name, stdout, stderr } of all) {
      if (all.length > 1) output().heading(name)
      output().write('stdout', stdout)
      output().write('stderr', stderr)
    }
    note('Some events of this job have expired: this is all of stdout, then all of stderr.')
  }
  const follow = async (job: JobSummary) => {
    change({ job, phase: 'following' })
    if (job.interactive && job.status === null) return converse(job.id)
    for await (const event of client.stream(job.id, { ...PATIENT, onConnection })) take(event)
    const { job: ended } = state.get()
    // Events may be gone altogether before the result is.
    if (hasGap || (stages === 0 && ended && ended.stages.length > 0)) await fillGap(job.id)
  }
  const converse = async (id: string) => {
    change({ takesInput: true })
    try {
      talk = await client.interactive(id, { ...HANDSHAKES, onConnection })
      for await (const event of talk) take(event)
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      note(`The connection ended: ${messageOf(error)}.`)
    } finally {
      talk = undefined
      change({ takesInput: false, phase: 'ended', stopping: false })
    }
  }
  const onConnection = (connected: boolean) => change({ connected })
  const input = (taken: Promise<void> | undefined) => {
    taken?.catch((error: unknown) => {
      if (!(error instanceof RunyardError)) throw error
      if (REFUSALS.includes(error.code)) note(`Input was refused: ${error.detail}.`)
    })
  }
  const cancel = async (id: string) => {
    change({ stopping: true })
    try {
      await client.cancel(id)
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      change({ stopping: false, problem: error })
    }
  }

  return {
    state,
    retrying({ code }, pauseMs) {
      if (code !== 'rate-limited') return
      if (state.get().stopping && state.get().phase === 'submitting') begun.abort(STOPPED)
      else countDown(pauseMs)
    },
    async start(request) {
      if (['submitting', 'following'].includes(state.get().phase)) return
      begin(request)
      try {
        const job = await client.submit(request, { signal: begun.signal })
        if (state.get().stopping) void cancel(job.id)
        await follow(job)
      } catch (error) {
        fail(error)
      }
    },
    async open(id) {
      begin(null)
      try {
        const job = await client.get(id, { signal: begun.signal })
        // Its end comes as the last of its events.
        void follow({ ...job, stages: [] }).catch(fail)
        return job
      } catch (error) {
        fail(error)
        return undefined
      }
    },
    async stop() {
      const { job, phase, request, stopping } = state.get()
      if (stopping) return
      if (job && phase === 'following') return cancel(job.id)
      if (phase !== 'submitting') return
      // A submission under way may be accepted: that job is cancelled then. One that was refused so far is not.
      if (request === null || performance.now() < pausedUntil) begun.abort(STOPPED)
      else change({ stopping: true })
    },
    sendLine(line) {
      output().write('stdin', `${line}\n`)
      input(talk?.write(`${line}\n`))
    },
    sendEof: () => input(talk?.end()),
    interrupt: () => input(talk?.signal('SIGINT')),
  }
}
