import type { Runtime } from '../client/jobs.ts'
import { KeyboardIcon, PlayIcon, ResetIcon, ShareIcon, StopIcon } from '../design/icons.tsx'
import { MOD } from './shortcuts-dialog.tsx'

export interface ToolbarProps {
  runtimes: Runtime[]
  language: string
  isRunning: boolean
  isStopping: boolean
  onLanguage: (language: string) => void
  onRun: () => void
  onStop: () => void
  onReset: () => void
  onShare: () => void
  onShortcuts: () => void
}

export function Toolbar(props: ToolbarProps) {
  const { runtimes, language, isRunning, isStopping, onLanguage, onRun, onStop, onReset, onShare, onShortcuts } = props
  const here = runtimes.filter(({ installed }) => installed)
  const missing = runtimes.filter(({ installed }) => !installed)
  const option = ({ language: id, name, version }: Runtime) => (
    <option key={id} value={id}>
      {version === null ? name : `${name} ${version}`}
    </option>
  )
  return (
    <div class="toolbar" role="toolbar" aria-label="Program">
      <label class="unseen" for="language">
        Language
      </label>
      <select
        id="language"
        class="select"
        value={language}
        disabled={runtimes.length === 0}
        onChange={(event) => onLanguage(event.currentTarget.value)}
      >
        {runtimes.length === 0 && <option>Loading …</option>}
        {here.length > 0 && <optgroup label="Installed">{here.map(option)}</optgroup>}
        {missing.length > 0 && <optgroup label="Not installed">{missing.map(option)}</optgroup>}
      </select>
      <button
        type="button"
        class="button quiet square"
        title="Begin again with the hello program"
        aria-label="Begin again with the hello program"
        onClick={onReset}
      >
        <ResetIcon />
      </button>
      <span class="spacer" />
      <button
        type="button"
        class="button quiet square keyboard"
        title="Keyboard shortcuts"
        aria-label="Keyboard shortcuts"
        onClick={onShortcuts}
      >
        <KeyboardIcon />
      </button>
      <button type="button" class="button" onClick={onShare}>
        <ShareIcon />
        Share
      </button>
      {isRunning ? (
        <button type="button" class="button danger go" disabled={isStopping} onClick={onStop}>
          <StopIcon />
          Stop
          <kbd aria-hidden="true">Esc</kbd>
        </button>
      ) : (
        <button type="button" class="button primary go" disabled={runtimes.length === 0} onClick={onRun}>
          <PlayIcon />
          Run
          <kbd aria-hidden="true">{MOD} Enter</kbd>
        </button>
      )}
    </div>
  )
}
