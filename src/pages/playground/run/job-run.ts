import type { JobSummary } from '../../../shared/job.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import type { Finding } from '../../../shared/security/finding.ts'
import { ApiProblem } from '../../client/api-problem.ts'
import { eventsOf, type StreamedEvent } from '../../client/event-stream.ts'
import type { Http } from '../../client/http.ts'
import { openIo, type IoSocket } from '../../client/io-socket.ts'
import type { Jobs } from '../../client/jobs.ts'
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
  /** The stage that runs. */
  stage: string | null
  /** When it began to run, by this page's clock. */
  runningSince: number | null
  warnings: Finding[]
  problem: ApiProblem | null
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
  /** Tells how long the rate limit is still waited for. */
  rateLimited(secondsLeft: number): void
  /** Submits a job and follows it to its end. Nothing happens while one is being followed. */
  start(request: CodeRequest): Promise<void>
  /** Follows a job that is there already. @returns it, or undefined when it cannot be read */
  open(id: string): Promise<JobSummary | undefined>
  /** Cancels the job. */
  stop(): Promise<void>
  /** A line for an interactive job. */
  sendLine(line: string): void
  sendEof(): void
  interrupt(): void
}

export interface JobRunOptions {
  http: Http
  jobs: Jobs
  key: () => string | null
  output: () => OutputView
}

/** What is kept of stderr to look for the reason of an end in. */
const ERRORS_CHARS = 4096

const IDLE: RunState = {
  phase: 'idle',
  request: null,
  errors: '',
  job: null,
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

export function createJobRun({ http, jobs, key, output }: JobRunOptions): JobRun {
  const [state, change] = createObservable<RunState>(IDLE)
  let stages = 0
  let socket: IoSocket | undefined
  let hasGap = false
  let errors = ''

  const note = (text: string) => change({ notes: [...state.get().notes, text] })
  const begin = (request: CodeRequest | null) => {
    output().clear()
    restart()
    change({ ...IDLE, phase: 'submitting', request })
  }
  const restart = () => {
    stages = 0
    hasGap = false
    errors = ''
  }
  const fail = (error: unknown) => {
    if (!(error instanceof ApiProblem)) throw error
    change({ phase: 'ended', problem: error, takesInput: false, stage: null })
  }

  const take = (event: StreamedEvent) => {
    const { job } = state.get()
    switch (event.type) {
      case 'state': {
        const { state: where, attempt } = event.data
        if (where === 'running' && attempt > 1) {
          output().clear()
          restart()
          note('A worker was lost. The job runs again from its beginning.')
        }
        if (job) change({ job: { ...job, state: where, attempt } })
        if (where === 'running') change({ runningSince: performance.now() })
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
          stopping: false,
          takesInput: false,
          connected: true,
        })
        break
    }
  }

  /** Where events are missing the output is read whole. */
  const fillGap = async (id: string) => {
    const { stages: all } = await jobs.read(id)
    output().clear()
    for (const { name, stdout, stderr } of all) {
      if (all.length > 1) output().heading(name)
      output().write('stdout', stdout)
      output().write('stderr', stderr)
    }
    note('Not all events of this job are kept any more: here is all of stdout first, then all of stderr.')
  }
  const follow = async (job: JobSummary) => {
    change({ job, phase: 'following' })
    if (job.interactive && job.status === null) return talk(job.id)
    const signal = new AbortController().signal
    for await (const event of eventsOf(http, job.id, { signal, onConnection: (connected) => change({ connected }) })) {
      take(event)
    }
    const { job: ended } = state.get()
    // Events may be gone altogether before the result is.
    if (hasGap || (stages === 0 && ended && ended.stages.length > 0)) await fillGap(job.id)
  }
  const talk = (id: string) =>
    new Promise<void>((resolve) => {
      change({ takesInput: true })
      socket = openIo(id, key(), {
        onEvent: take,
        onRefused: ({ detail }) => note(`Input was not taken: ${detail}.`),
        onConnection: (connected) => change({ connected }),
        onClosed(reason) {
          socket = undefined
          change({ takesInput: false, phase: 'ended' })
          if (reason !== null) note(`The connection has ended: ${reason}.`)
          resolve()
        },
      })
    })

  return {
    state,
    rateLimited: (retrySeconds) => change({ retrySeconds }),
    async start(request) {
      if (['submitting', 'following'].includes(state.get().phase)) return
      begin(request)
      try {
        await follow(await jobs.submit(request))
      } catch (error) {
        fail(error)
      }
    },
    async open(id) {
      begin(null)
      try {
        const job = await jobs.read(id)
        // Its end comes as the last of its events.
        void follow({ ...job, stages: [] }).catch(fail)
        return job
      } catch (error) {
        fail(error)
        return undefined
      }
    },
    async stop() {
      const { job, phase, stopping } = state.get()
      if (!job || phase !== 'following' || stopping) return
      change({ stopping: true })
      try {
        await jobs.cancel(job.id)
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        change({ stopping: false, problem: error })
      }
    },
    sendLine(line) {
      output().write('stdin', `${line}\n`)
      // The longest message is 64 KiB of JSON.
      for (const part of `${line}\n`.match(/[^]{1,8000}/gu) ?? []) {
        socket?.send({ type: 'stdin', data: part, encoding: 'utf-8' })
      }
    },
    sendEof: () => socket?.send({ type: 'eof' }),
    interrupt: () => socket?.send({ type: 'signal', signal: 'SIGINT' }),
  }
}
