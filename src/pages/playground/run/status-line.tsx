import { useEffect, useState } from 'preact/hooks'
import type { StageSummary } from '../../../shared/job.ts'
import { Badge, JobBadge, STATUS_WORDS } from '../../design/badge.tsx'
import { formatBytes, formatMs } from '../../design/format.ts'
import type { RunState } from './job-run.ts'

/** How the job stands, or how it ended and what it took. */
export function StatusLine({ state }: { state: RunState }) {
  const { phase, job, stage, connected, stopping, retrySeconds } = state
  const last = job?.stages.at(-1)
  return (
    <div class="status-line">
      <div class="facts">
        {phase === 'idle' && <span class="faint">Ready</span>}
        {phase === 'ended' && !job && <span class="faint">Not run</span>}
        {phase === 'submitting' && <Badge tone="neutral" words="Submitting" />}
        {job && <JobBadge state={job.state} status={job.status} />}
        {phase === 'following' && <Elapsed since={state.runningSince} />}
        {state.installing !== null && <span>{state.installing}</span>}
        {phase === 'following' && stage !== null && stage !== 'run' && <span>{stage}</span>}
        {retrySeconds > 0 && <span class="warn-text">rate limit reached, retrying in {retrySeconds} s</span>}
        {stopping && <span>stopping …</span>}
        {phase === 'following' && !connected && <span class="warn-text">connection lost, reconnecting …</span>}
        {last && job && <Facts stage={last} stages={job.stages} />}
        {job?.version && phase === 'ended' && (
          <span class="faint">
            {job.language} {job.version}
          </span>
        )}
      </div>
      {job?.message && <p class="message">{job.message}</p>}
      {/* What a screen reader says: each change of the job, and no running clock. */}
      <div class="unseen" role="status">
        {spoken(state)}
      </div>
    </div>
  )
}

function Facts({ stage, stages }: { stage: StageSummary; stages: StageSummary[] }) {
  const compile = stages.find(({ name }) => name === 'compile')
  return (
    <>
      {stage.exitCode !== null && (
        <span>
          exit code <b class="numeric">{stage.exitCode}</b>
        </span>
      )}
      {stage.signal !== null && <b>{stage.signal}</b>}
      {compile && compile !== stage && (
        <span title="Wall time of the compiler">compiled in {formatMs(compile.wallMs)}</span>
      )}
      <span title="Wall time">
        <b class="numeric">{formatMs(stage.wallMs)}</b>
      </span>
      <span title="CPU time of all its processes">
        <b class="numeric">{formatMs(stage.cpuMs)}</b> CPU
      </span>
      <span title="Largest resident set of one process">
        <b class="numeric">{formatBytes(stage.memoryPeakBytes)}</b>
      </span>
      {stage.truncated && (
        <span class="warn-text">output cut at {formatBytes(stage.stdoutBytes + stage.stderrBytes)}</span>
      )}
    </>
  )
}

const TICK_MS = 100

function Elapsed({ since }: { since: number | null }) {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  if (since === null) return null
  return <span class="numeric">{(Math.max(0, now - since) / 1000).toFixed(1)} s</span>
}

function spoken({ phase, job, problem, stage, takesInput, retrySeconds, installing }: RunState): string {
  if (problem) return ''
  if (retrySeconds > 0) return 'Rate limit reached, trying again soon'
  if (phase === 'submitting') return 'Submitting'
  if (!job) return ''
  if (job.status === null) {
    if (job.state !== 'running') return installing === null ? 'Waiting in the queue' : 'Installing packages'
    return `Running${stage === null ? '' : `, stage ${stage}`}${takesInput ? '. The program takes input' : ''}`
  }
  const last = job.stages.at(-1)
  const exit = last?.exitCode === null || last === undefined ? '' : `, exit code ${last.exitCode}`
  return `${STATUS_WORDS[job.status].words}${exit}${last ? `, ${formatMs(last.wallMs)}` : ''}`
}
