import type { ComponentChildren } from 'preact'
import { useRef, useState } from 'preact/hooks'
import type { JobRun } from './run/job-run.ts'
import { useObservable } from './run/observable.ts'
import { StatusLine } from './run/status-line.tsx'
import { CopyOutput } from './output/copy-output.tsx'
import { InputLine } from './input-line.tsx'
import { OutputLog } from './output/output-log.tsx'
import type { OutputView, Shown } from './output/output-view.ts'

const SHOWN: Record<Shown, string> = { all: 'All', stdout: 'stdout', stderr: 'stderr' }

export interface OutputPaneProps {
  run: JobRun
  onView: (view: OutputView) => void
  /** What there is to tell beside the output. */
  children: ComponentChildren
}

/** What the program writes; under it the line for what it is told, notices, and how it stands. */
export function OutputPane({ run, onView, children }: OutputPaneProps) {
  const state = useObservable(run.state)
  const { phase, job, takesInput } = state
  const view = useRef<OutputView>(null)
  const [shown, setShown] = useState<Shown>('all')
  const choose = (wanted: Shown) => {
    setShown(wanted)
    view.current?.filter(wanted)
  }
  const isSilent =
    phase === 'ended' && job?.stages.every(({ stdoutBytes, stderrBytes }) => stdoutBytes + stderrBytes === 0)
  return (
    <section class="pane output-pane" aria-labelledby="output-title">
      <header class="pane-bar">
        <h2 id="output-title">Output</h2>
        <div class="segments" role="group" aria-label="Stream to show">
          {(Object.keys(SHOWN) as Shown[]).map((one) => (
            <button type="button" key={one} aria-pressed={shown === one} onClick={() => choose(one)}>
              {SHOWN[one]}
            </button>
          ))}
        </div>
        <span class="spacer" />
        <CopyOutput text={() => view.current?.text()} />
      </header>
      <OutputLog
        id="output"
        label="Output of the program"
        isSpoken={takesInput}
        isLive={phase === 'following'}
        onView={(made) => onView((view.current = made))}
      >
        {phase === 'idle' && <p class="empty">The output of the program appears here.</p>}
        {isSilent && <p class="empty">The program wrote nothing.</p>}
      </OutputLog>
      {takesInput && <InputLine run={run} />}
      <div class="told">{children}</div>
      <StatusLine state={state} />
    </section>
  )
}
