import { useRef, useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { type Session, sessions } from '../client/session.ts'

/** @param reason why nobody is logged in any more */
export function Login({
  reason,
  problem: first,
  onOpen,
}: {
  reason: string | undefined
  problem: RunyardError | undefined
  onOpen: (session: Session) => void
}) {
  const [problem, setProblem] = useState(first)
  const [busy, setBusy] = useState(false)
  const input = useRef<HTMLInputElement>(null)

  const submit = async (event: Event) => {
    event.preventDefault()
    const key = input.current?.value.trim() ?? ''
    if (busy || key === '') return
    setBusy(true)
    try {
      onOpen(await sessions.open({ key }))
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      setProblem(error)
      input.current?.select()
    } finally {
      setBusy(false)
    }
  }
  return (
    <main class="login" id="main">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <h1>Log in</h1>
        {reason !== undefined && problem === undefined && <p class="notice">{reason}</p>}
        {problem && <ProblemNotice problem={problem} />}
        <div class="field">
          <label for="key">Key with the scope admin</label>
          <input
            class="input mono"
            id="key"
            name="key"
            type="password"
            placeholder="ry_…"
            autoComplete="current-password"
            spellcheck={false}
            required
            ref={input}
          />
        </div>
        <button type="submit" class="button primary" disabled={busy}>
          Log in
        </button>
        <div class="aside">
          <p>On the machine itself you need no key. This command prints a link:</p>
          <pre>npx runyard dashboard</pre>
          <p>npm start prints one too. A link works once, within ten minutes. To create a key:</p>
          <pre>{'npx runyard keys create \\\n  --name me --tenant ops --scope admin'}</pre>
        </div>
      </form>
    </main>
  )
}
