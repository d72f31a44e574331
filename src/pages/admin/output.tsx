import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { RunyardError, type StreamedEvent } from '../../client/client.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { CopyOutput } from '../playground/output/copy-output.tsx'
import { OutputLog } from '../playground/output/output-log.tsx'
import type { OutputView } from '../playground/output/output-view.ts'
import type { Api, Watch } from './api.ts'

/** What an event was: output that is shown now, a change of its state, where some are missing, the last of all, or anything else. */
export type ShownEvent = 'output' | 'state' | 'gap' | 'last' | 'other'

export interface FollowedOutputProps<Event> {
  label: string
  /** Its events, to the end; one function as long as they are the same. */
  events: (watch: Watch) => AsyncIterable<Event>
  show: (view: OutputView, event: Event) => ShownEvent
  /** Is told when its state may have changed. */
  onChange: () => void
}

/** What a job or a session writes, as it comes and always as text. */
export function FollowedOutput<Event>({ label, events, show, onChange }: FollowedOutputProps<Event>) {
  const view = useRef<OutputView>(null)
  const [problem, setProblem] = useState<RunyardError>()
  const [isEmpty, setEmpty] = useState(true)
  const [isLive, setLive] = useState(true)
  const [told, setTold] = useState('')
  useEffect(() => {
    const into = view.current
    if (!into) return
    const controller = new AbortController()
    const follow = async () => {
      const onConnection = (connected: boolean) => setTold(connected ? '' : 'Connection lost. Reconnecting …')
      let isOver = false
      for await (const event of events({ signal: controller.signal, onConnection })) {
        const was = show(into, event)
        if (was === 'output') setEmpty(false)
        if (was === 'output' || was === 'other') continue
        if (was === 'gap') setTold('The beginning is no longer stored.')
        isOver = was === 'last'
        onChange()
      }
      setLive(false)
      if (isOver) setTold((now) => (now.startsWith('Connection') ? '' : now))
    }
    follow().catch((error: unknown) => {
      if (controller.signal.aborted) return
      if (!(error instanceof RunyardError)) throw error
      setProblem(error)
    })
    return () => controller.abort()
  }, [events])
  return (
    <section class="card job-output" aria-labelledby="output-title">
      <header>
        <h2 id="output-title">Output</h2>
        <span class="faint" role="status">
          {told}
        </span>
        <CopyOutput text={() => view.current?.text()} />
      </header>
      {problem && <ProblemNotice problem={problem} />}
      {isEmpty && <p class="empty">No output yet.</p>}
      <OutputLog label={label} isLive={isLive} hidden={isEmpty} onView={(made) => (view.current = made)} />
    </section>
  )
}

/** What a job writes. */
export function Output({ api, id, onChange }: { api: Api; id: string; onChange: () => void }) {
  const events = useCallback((watch: Watch) => api.jobEvents(id, watch), [api, id])
  return <FollowedOutput label="Output of the job" events={events} show={showJobEvent} onChange={onChange} />
}

function showJobEvent(view: OutputView, event: StreamedEvent): ShownEvent {
  if (event.type === 'stdout' || event.type === 'stderr') {
    view.write(event.type, event.data.data)
    return 'output'
  }
  // It runs again from its beginning.
  if (event.type === 'state' && event.data.state === 'running') view.clear()
  if (event.type === 'stage' && event.data.phase === 'started' && event.data.stage !== 'run') {
    view.heading(event.data.stage)
  }
  if (event.type === 'packages') {
    if (event.data.progress === null) return 'other'
    view.heading(event.data.progress)
    return 'output'
  }
  if (event.type === 'gap') return 'gap'
  return event.type === 'result' ? 'last' : 'state'
}
