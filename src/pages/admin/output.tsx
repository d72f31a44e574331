import { useEffect, useRef, useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { CopyOutput } from '../playground/output/copy-output.tsx'
import { OutputLog } from '../playground/output/output-log.tsx'
import type { OutputView } from '../playground/output/output-view.ts'
import type { Api } from './api.ts'

/**
 * What a job writes, as it comes and always as text.
 * @param onChange is told of each event but output
 */
export function Output({ api, id, onChange }: { api: Api; id: string; onChange: () => void }) {
  const view = useRef<OutputView>(null)
  const [problem, setProblem] = useState<RunyardError>()
  const [isEmpty, setEmpty] = useState(true)
  const [isLive, setLive] = useState(true)
  const [told, setTold] = useState('')
  useEffect(() => {
    const shown = view.current
    if (!shown) return
    const controller = new AbortController()
    const follow = async () => {
      const onConnection = (connected: boolean) => setTold(connected ? '' : 'Connection lost. Reconnecting …')
      let isOver = false
      for await (const event of api.jobEvents(id, { signal: controller.signal, onConnection })) {
        if (event.type === 'stdout' || event.type === 'stderr') {
          shown.write(event.type, event.data.data)
          setEmpty(false)
          continue
        }
        // It runs again from its beginning.
        if (event.type === 'state' && event.data.state === 'running') shown.clear()
        if (event.type === 'stage' && event.data.phase === 'started' && event.data.stage !== 'run') {
          shown.heading(event.data.stage)
        }
        if (event.type === 'gap') setTold('The beginning is no longer stored.')
        isOver = event.type === 'result'
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
  }, [api, id])
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
      <OutputLog label="Output of the job" isLive={isLive} hidden={isEmpty} onView={(made) => (view.current = made)} />
    </section>
  )
}
