import { useId, useState } from 'preact/hooks'
import type { RunyardError } from '../../client/client.ts'
import { Dialog } from '../design/dialog.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'

export interface KeyDialogProps {
  /** Why one is asked for; null when somebody wants to change theirs. */
  problem: RunyardError | null
  hasKey: boolean
  /** Tries a key. @returns why it was not taken */
  onKey: (key: string) => Promise<RunyardError | null>
  onForget: () => void
  onClose: () => void
}

/** Asks for an API key, which this tab then shows with each request. */
export function KeyDialog({ problem, hasKey, onKey, onForget, onClose }: KeyDialogProps) {
  const [key, setKey] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<RunyardError | null>(null)
  const id = useId()
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setRefusal(await onKey(key.trim()))
    setBusy(false)
  }
  return (
    <Dialog title="API key" onClose={onClose}>
      {problem && (
        <p>
          This server needs a key. The operator creates one with <code>npx runyard keys create</code>.
        </p>
      )}
      <form class="key-form" onSubmit={(event) => void submit(event)}>
        <div class="field">
          <label for={id}>Key</label>
          <input
            class="input mono"
            id={id}
            type="password"
            autocomplete="off"
            spellcheck={false}
            placeholder="ry_..."
            required
            value={key}
            aria-invalid={refusal !== null}
            onInput={(event) => setKey(event.currentTarget.value)}
          />
          <span class="hint">Only this tab stores it, until you close the tab.</span>
        </div>
        {refusal && <ProblemNotice problem={refusal} />}
        <div class="actions">
          {hasKey && (
            <button type="button" class="button" onClick={onForget}>
              Forget the key
            </button>
          )}
          <button type="submit" class="button primary" disabled={busy}>
            Use this key
          </button>
        </div>
      </form>
    </Dialog>
  )
}
