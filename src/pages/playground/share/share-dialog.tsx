import { useEffect, useId, useState } from 'preact/hooks'
import { Dialog } from '../../design/dialog.tsx'
import { CopyIcon } from '../../design/icons.tsx'
import { toast } from '../../design/toasts.tsx'
import { type LinkedProgram, LONGEST_LINK, programFragment } from './program-link.ts'

/** Links to what the page shows: to the job, and to the program alone. */
export function ShareDialog({
  jobId,
  program,
  onClose,
}: {
  jobId: string | null
  program: LinkedProgram
  onClose: () => void
}) {
  const [fragment, setFragment] = useState('')
  useEffect(() => void programFragment(program).then(setFragment), [program])
  const programLink = `${location.origin}/${fragment}`
  return (
    <Dialog title="Share" onClose={onClose}>
      {jobId === null ? (
        <p class="faint">Run the program to get a link to the job and its output too.</p>
      ) : (
        <Link
          label="This job: the program and its output"
          hint="Works for everybody who may read your jobs, until the result expires."
          link={`${location.origin}/?job=${jobId}`}
        />
      )}
      {programLink.length > LONGEST_LINK ? (
        <p class="faint">The program is too long for a link.</p>
      ) : (
        <Link
          label="The program alone"
          hint="The link itself contains the program; no server stores it."
          link={fragment === '' ? '' : programLink}
        />
      )}
    </Dialog>
  )
}

function Link({ label, hint, link }: { label: string; hint: string; link: string }) {
  const id = useId()
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link)
      toast('The link was copied', 'good')
    } catch {
      toast('The browser blocked copying; select the link and copy it yourself', 'bad')
    }
  }
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="with-button">
        <input class="input mono" id={id} readOnly value={link} onFocus={(event) => event.currentTarget.select()} />
        <button type="button" class="button" aria-label={`Copy the link: ${label}`} onClick={() => void copy()}>
          <CopyIcon />
          Copy
        </button>
      </div>
      <span class="hint">{hint}</span>
    </div>
  )
}
