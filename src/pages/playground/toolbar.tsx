import type { Runtime } from '../../client/client.ts'
import { KeyboardIcon, ResetIcon, ShareIcon } from '../design/icons.tsx'
import { RunButton, type RunButtonProps } from './run/run-button.tsx'

export interface ToolbarProps {
  runtimes: Runtime[]
  language: string
  /** Null: it is elsewhere. */
  go: RunButtonProps | null
  onLanguage: (language: string) => void
  onReset: () => void
  onShare: () => void
  onShortcuts: () => void
}

export function Toolbar(props: ToolbarProps) {
  const { runtimes, language, go, onLanguage, onReset, onShare, onShortcuts } = props
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
        title="Reset to the hello program"
        aria-label="Reset to the hello program"
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
      {go && <RunButton {...go} />}
    </div>
  )
}
