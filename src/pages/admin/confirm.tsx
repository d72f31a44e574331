import { Dialog } from '../design/dialog.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { useAction } from './act.ts'

export interface Question {
  title: string
  text: string
  /** What the button says. */
  verb: string
  work: () => Promise<string | undefined>
}

/** Asks before something that cannot be taken back. */
export function Confirm({ question, onClose }: { question: Question; onClose: () => void }) {
  const { busy, problem, run } = useAction('here')
  return (
    <Dialog title={question.title} onClose={onClose}>
      <p>{question.text}</p>
      {problem && <ProblemNotice problem={problem} />}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Keep
        </button>
        <button
          type="button"
          class="button danger"
          disabled={busy}
          onClick={() => void run(question.work).then((done) => done && onClose())}
        >
          {question.verb}
        </button>
      </div>
    </Dialog>
  )
}
