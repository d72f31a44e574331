import type { Runtime } from '../../client/client.ts'
import { KeyboardIcon, PlayIcon, ResetIcon, StopIcon } from '../design/icons.tsx'

export interface NotebookToolbarProps {
  /** Languages that can be run in sessions. */
  runtimes: readonly Runtime[]
  language: string
  isLoaded: boolean
  isBusy: boolean
  isRunning: boolean
  canRun: boolean
  /** Whether the language installs packages, or the notebook names some. */
  hasPackages: boolean
  arePackagesShown: boolean
  areFilesShown: boolean
  isTerminalShown: boolean
  onLanguage: (language: string) => void
  onRun: () => void
  onRunAll: () => void
  onInterrupt: () => void
  onRestart: () => void
  onInsert: (type: 'code' | 'markdown') => void
  onPackages: () => void
  onFiles: () => void
  onTerminal: () => void
  onImport: (file: File) => void
  onExport: () => void
  onNew: () => void
  onClear: () => void
  onShortcuts: () => void
}

export function NotebookToolbar(props: NotebookToolbarProps) {
  const { runtimes, language, isLoaded, isBusy, isRunning, canRun, areFilesShown } = props
  return (
    <div class="toolbar notebook-bar" role="toolbar" aria-label="Notebook">
      <button type="button" class="button primary" disabled={!canRun} onClick={props.onRun}>
        <PlayIcon />
        Run
      </button>
      <button type="button" class="button" disabled={!canRun} onClick={props.onRunAll}>
        Run all
      </button>
      <button
        type="button"
        class="button square"
        title="Interrupt"
        aria-label="Interrupt"
        disabled={!isBusy}
        onClick={props.onInterrupt}
      >
        <StopIcon />
      </button>
      <button
        type="button"
        class="button square"
        title="Restart: variables are lost"
        aria-label="Restart"
        disabled={!isRunning}
        onClick={props.onRestart}
      >
        <ResetIcon />
      </button>
      <button type="button" class="button" onClick={() => props.onInsert('code')}>
        + Code
      </button>
      <button type="button" class="button" onClick={() => props.onInsert('markdown')}>
        + Text
      </button>
      <label class="unseen" for="language">
        Language
      </label>
      <select
        id="language"
        class="select"
        value={language}
        disabled={runtimes.length === 0}
        onChange={(event) => props.onLanguage(event.currentTarget.value)}
      >
        {runtimes.length === 0 && <option>{isLoaded ? 'No language' : 'Loading …'}</option>}
        {runtimes.map(({ language: id, name, version }) => (
          <option key={id} value={id}>
            {version === null ? name : `${name} ${version}`}
          </option>
        ))}
      </select>
      <span class="spacer" />
      {props.hasPackages && (
        <button type="button" class="button" aria-pressed={props.arePackagesShown} onClick={props.onPackages}>
          Packages
        </button>
      )}
      <button type="button" class="button" aria-pressed={areFilesShown} onClick={props.onFiles}>
        Files
      </button>
      <button type="button" class="button" aria-pressed={props.isTerminalShown} onClick={props.onTerminal}>
        Terminal
      </button>
      <NotebookMenu {...props} />
      <button
        type="button"
        class="button quiet square keyboard"
        title="Keyboard shortcuts"
        aria-label="Keyboard shortcuts"
        onClick={props.onShortcuts}
      >
        <KeyboardIcon />
      </button>
    </div>
  )
}

/** What is done to the notebook as a whole. */
function NotebookMenu({ onImport, onExport, onNew, onClear }: NotebookToolbarProps) {
  const item = (words: string, act: () => void) => (
    <button
      type="button"
      class="button quiet"
      onClick={(event) => {
        event.currentTarget.closest('details')?.removeAttribute('open')
        act()
      }}
    >
      {words}
    </button>
  )
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape and leaving close what its summary opens
    <details
      class="menu"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !event.currentTarget.open) return
        event.preventDefault()
        event.currentTarget.open = false
        event.currentTarget.querySelector('summary')?.focus()
      }}
      onFocusOut={(event) => {
        // What was chosen may be a dialog of the browser, which has no element.
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget))
          event.currentTarget.open = false
      }}
    >
      <summary class="button">File</summary>
      <div class="menu-items">
        <label class="button quiet attach">
          Open .ipynb …
          <input
            class="unseen"
            type="file"
            accept=".ipynb,application/x-ipynb+json,application/json"
            onChange={(event) => {
              const [file] = event.currentTarget.files ?? []
              event.currentTarget.value = ''
              event.currentTarget.closest('details')?.removeAttribute('open')
              if (file) onImport(file)
            }}
          />
        </label>
        {item('Save as .ipynb', onExport)}
        {item('Clear all outputs', onClear)}
        {item('New notebook', onNew)}
      </div>
    </details>
  )
}
