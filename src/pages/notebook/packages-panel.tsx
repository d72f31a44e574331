import { useEffect, useRef, useState } from 'preact/hooks'
import { packageKindOf } from '../client/package-kinds.ts'
import { linesWithPackages } from './model/packages.ts'

export interface PackagesPanelProps {
  language: string
  packages: readonly string[]
  /** Whether there is a session, which has the packages that it began with. */
  isRunning: boolean
  onChange: (packages: readonly string[]) => void
  /** Ends the session, and starts one with the packages. */
  onRestart: () => void
}

/** Packages that sessions of the notebook begin with. */
export function PackagesPanel({ language, packages, isRunning, onChange, onRestart }: PackagesPanelProps) {
  const panel = useRef<HTMLElement>(null)
  // It stands above the cells, and is opened from wherever among them.
  useEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), [])
  const [typed, setTyped] = useState(packages.join('\n'))
  // Another notebook may be shown meanwhile.
  const text = linesWithPackages(typed).join('\n') === packages.join('\n') ? typed : packages.join('\n')
  return (
    <section ref={panel} class="card packages-panel" aria-label="Packages">
      <div class="field">
        <label for="packages">Packages, one per line</label>
        <textarea
          class="input mono"
          id="packages"
          rows={3}
          spellcheck={false}
          autocapitalize="off"
          value={text}
          placeholder={packageKindOf(language).example}
          aria-describedby="packages-hint"
          onInput={(event) => {
            setTyped(event.currentTarget.value)
            onChange(linesWithPackages(event.currentTarget.value))
          }}
        />
        <span class="hint" id="packages-hint">
          {isRunning
            ? 'A session has the packages that it began with. Start a new one to install others; variables and files are lost then.'
            : 'Installed when the session starts. They are saved with the notebook.'}
        </span>
      </div>
      {isRunning && (
        <div class="actions">
          <button type="button" class="button" onClick={onRestart}>
            Start a new session
          </button>
        </div>
      )}
    </section>
  )
}
