import { CopyIcon } from '../../design/icons.tsx'
import { toast } from '../../design/toasts.tsx'

/** Puts what was written so far on the clipboard. */
export function CopyOutput({ text }: { text: () => string | undefined }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text() ?? '')
      toast('The output was copied', 'good')
    } catch {
      toast('The browser blocked copying; select the output and copy it yourself', 'bad')
    }
  }
  return (
    <button
      type="button"
      class="button quiet square"
      title="Copy the output"
      aria-label="Copy the output"
      onClick={() => void copy()}
    >
      <CopyIcon />
    </button>
  )
}
