import { useRef, useState } from 'preact/hooks'
import type { Scope } from '../../shared/access/api-key.ts'
import type { Limits } from '../../shared/limits.ts'
import type { ScreeningPolicy } from '../../shared/screening-policy.ts'
import { RunyardError } from '../../client/client.ts'
import { Dialog } from '../design/dialog.tsx'
import { CopyIcon } from '../design/icons.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'
import type { Api } from './api.ts'
import type { NewKey } from './api-types.ts'

const SCOPES: { name: Scope; words: string }[] = [
  { name: 'jobs', words: 'jobs: submit code' },
  { name: 'containers', words: 'containers: run commands in images' },
  { name: 'files', words: 'files: upload, list and delete files' },
  { name: 'sessions', words: 'sessions: keep sandboxes with state' },
  { name: 'admin', words: 'admin: operate the service' },
]
const LIMITS: Record<keyof Limits, string> = {
  wallMs: 'Wall time, ms',
  cpuMs: 'CPU time, ms',
  compileWallMs: 'Compile time, ms',
  memoryBytes: 'Memory, bytes',
  processes: 'Processes',
  outputBytes: 'Output, bytes',
  fileBytes: 'Files, bytes',
  openFiles: 'Open files',
  stackBytes: 'Stack, bytes',
}
const DAY_MS = 24 * 3600 * 1000
const LIVES = [
  { words: 'Never', days: undefined },
  { words: 'In 30 days', days: 30 },
  { words: 'In 90 days', days: 90 },
  { words: 'In a year', days: 365 },
]

export function NewKeyDialog({ api, onMade, onClose }: { api: Api; onMade: () => void; onClose: () => void }) {
  const [secret, setSecret] = useState<string>()
  return (
    <Dialog title={secret === undefined ? 'New key' : 'The key'} onClose={onClose}>
      {secret === undefined ? (
        <NewKeyForm
          api={api}
          onClose={onClose}
          onMade={(key) => {
            setSecret(key)
            onMade()
          }}
        />
      ) : (
        <Secret secret={secret} onClose={onClose} />
      )}
    </Dialog>
  )
}

function NewKeyForm({ api, onMade, onClose }: { api: Api; onMade: (key: string) => void; onClose: () => void }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<RunyardError>()
  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    try {
      onMade((await api.createKey(fieldsOf(new FormData(event.currentTarget as HTMLFormElement)))).key)
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form class="fields" onSubmit={(event) => void submit(event)}>
      {problem && <ProblemNotice problem={problem} />}
      <div class="field">
        <label for="name">Name</label>
        <input class="input" id="name" name="name" maxLength={100} required autoComplete="off" />
      </div>
      <div class="field">
        <label for="tenant">Tenant</label>
        <input class="input mono" id="tenant" name="tenant" required autoComplete="off" spellcheck={false} />
        <p class="hint">Whose jobs it submits and reads: a-z, 0-9, “.”, “_” and “-”.</p>
      </div>
      <fieldset class="choices">
        <legend class="label">Scopes</legend>
        {SCOPES.map(({ name, words }) => (
          <label key={name}>
            <input type="checkbox" name="scopes" value={name} defaultChecked={name === 'jobs'} />
            {words}
          </label>
        ))}
      </fieldset>
      <div class="pair">
        <div class="field">
          <label for="life">Expires</label>
          <select class="select" id="life" name="life">
            {LIVES.map(({ words }, index) => (
              <option key={words} value={index}>
                {words}
              </option>
            ))}
          </select>
        </div>
        <div class="field">
          <label for="screening">Screening</label>
          <select class="select" id="screening" name="screening">
            <option value="">Server default</option>
            <option value="strict">strict</option>
            <option value="standard">standard</option>
            <option value="off">off</option>
          </select>
        </div>
      </div>
      <details>
        <summary>Own rates and limits</summary>
        <div class="grid">
          <Figure name="perMinute" label="Submissions a minute" />
          <Figure name="burst" label="Submissions at once" />
          <Figure name="maxRunningJobs" label="Jobs running at a time" />
          <Figure name="maxSessions" label="Sessions at a time" />
          {Object.entries(LIMITS).map(([name, label]) => (
            <Figure key={name} name={name} label={label} />
          ))}
        </div>
      </details>
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
        <button type="submit" class="button primary" disabled={busy}>
          Create the key
        </button>
      </div>
    </form>
  )
}

function Figure({ name, label }: { name: string; label: string }) {
  return (
    <div class="field">
      <label for={`figure-${name}`}>{label}</label>
      <input class="input numeric" id={`figure-${name}`} name={name} inputMode="numeric" pattern="[0-9]*" />
    </div>
  )
}

/** What is left empty is left to the service. */
function fieldsOf(form: FormData): NewKey {
  const text = (name: string) => {
    const value = form.get(name)
    return typeof value === 'string' ? value.trim() : ''
  }
  const figure = (name: string) => (text(name) === '' ? undefined : Number(text(name)))
  const limits = Object.keys(LIMITS).flatMap((name) => {
    const value = figure(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const perMinute = figure('perMinute')
  const burst = figure('burst')
  const maxRunningJobs = figure('maxRunningJobs')
  const maxSessions = figure('maxSessions')
  const days = LIVES[Number(text('life'))]?.days
  const screening = text('screening') as ScreeningPolicy | ''
  return {
    name: text('name'),
    tenant: text('tenant'),
    scopes: form.getAll('scopes') as Scope[],
    ...((perMinute !== undefined || burst !== undefined) && {
      rate: { perMinute: perMinute ?? 60, burst: burst ?? 10 },
    }),
    ...(maxRunningJobs !== undefined && { maxRunningJobs }),
    ...(maxSessions !== undefined && { maxSessions }),
    ...(limits.length > 0 && { limits: Object.fromEntries(limits) }),
    ...(days !== undefined && { expiresAt: new Date(Date.now() + days * DAY_MS).toISOString() }),
    ...(screening !== '' && { screening }),
  }
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  const [told, setTold] = useState('')
  const copy = async () => {
    field.current?.select()
    try {
      await navigator.clipboard.writeText(secret)
      setTold('Copied.')
    } catch {
      setTold('The browser blocked copying. The key is selected; copy it yourself.')
    }
  }
  return (
    <div class="fields">
      <p class="notice warn">Copy it now: Runyard does not store it and cannot show it again.</p>
      <div class="field">
        <label for="secret">Key</label>
        <div class="with-button">
          <input class="input mono" id="secret" value={secret} readOnly spellcheck={false} ref={field} />
          <button type="button" class="button" onClick={() => void copy()}>
            <CopyIcon /> Copy
          </button>
        </div>
        <p class="hint" role="status">
          {told}
        </p>
      </div>
      <div class="actions">
        <button type="button" class="button primary" onClick={onClose}>
          Done
        </button>
      </div>
    </div>
  )
}
