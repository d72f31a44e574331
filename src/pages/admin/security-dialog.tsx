import { useState } from 'preact/hooks'
import { Dialog } from '../design/dialog.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { useAction } from './act.ts'
import type { Api } from './api.ts'

/** What an operator is about to decide, and about whom; nobody yet is empty. */
export type Asked = { what: 'block' | 'allow'; subject: string }

const HOUR = 3600
const LENGTHS = [
  { words: 'An hour', seconds: HOUR },
  { words: 'A day', seconds: 24 * HOUR },
  { words: 'A week', seconds: 7 * 24 * HOUR },
  { words: 'Until somebody lifts it', seconds: undefined },
]

export function SubjectDialog({
  api,
  asked: { what, subject: given },
  onDone,
  onClose,
}: {
  api: Api
  asked: Asked
  onDone: () => void
  onClose: () => void
}) {
  const { busy, problem, run } = useAction('here')
  const [subject, setSubject] = useState(given)
  const [length, setLength] = useState(0)
  const [reason, setReason] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    // An address alone is the usual thing to have at hand.
    const whole = /^(address|key|end-user):/.test(subject.trim()) ? subject.trim() : `address:${subject.trim()}`
    const seconds = LENGTHS[length]?.seconds
    const given = reason.trim() === '' ? {} : { reason: reason.trim() }
    const work = async () => {
      if (what === 'allow') await api.allow(whole, given)
      else await api.block(whole, { ...given, ...(seconds !== undefined && { seconds }) })
      onDone()
      return what === 'allow' ? `${whole} is never blocked from now on.` : `${whole} is blocked.`
    }
    void run(work).then((done) => done && onClose())
  }
  return (
    <Dialog title={what === 'allow' ? 'Never block a caller' : 'Block a caller'} onClose={onClose}>
      <form class="fields" onSubmit={submit}>
        {problem && <ProblemNotice problem={problem} />}
        <div class="field">
          <label for="subject">Address, key or end user</label>
          <input
            class="input mono"
            id="subject"
            value={subject}
            placeholder="203.0.113.7, key:ID or end-user:TENANT:ID"
            spellcheck={false}
            required
            onInput={(event) => setSubject(event.currentTarget.value)}
          />
          <p class="hint">An IPv6 address stands for its network of 64 bits.</p>
        </div>
        {what === 'block' && (
          <div class="field">
            <label for="length">For</label>
            <select
              class="select"
              id="length"
              value={length}
              onChange={(event) => setLength(Number(event.currentTarget.value))}
            >
              {LENGTHS.map(({ words }, index) => (
                <option key={words} value={index}>
                  {words}
                </option>
              ))}
            </select>
          </div>
        )}
        <div class="field">
          <label for="reason">Reason</label>
          <input
            class="input"
            id="reason"
            value={reason}
            maxLength={200}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </div>
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" class={`button ${what === 'allow' ? 'primary' : 'danger'}`} disabled={busy}>
            {what === 'allow' ? 'Never block' : 'Block'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}
