import type { Finding } from '../../../shared/security/finding.ts'
import { Findings } from '../../design/problem-notice.tsx'

/** What screening found in the program and did not refuse. */
export function Warnings({ findings, onGoTo }: { findings: Finding[]; onGoTo: (line: number) => void }) {
  if (findings.length === 0) return null
  return (
    <div class="notice warn">
      <strong>Screening warnings</strong>
      <Findings findings={findings} onLine={onGoTo} />
    </div>
  )
}

/** Tells whoever ran a program without the input it reads how to give it some. */
export function MissingInputNotice({ onInteractive, onInput }: { onInteractive: () => void; onInput: () => void }) {
  return (
    <div class="notice warn" role="status">
      <strong>The program reads standard input but got none</strong>
      <p>Type while it runs, or enter the input before it starts.</p>
      <div class="actions">
        <button type="button" class="button" onClick={onInteractive}>
          Run interactively
        </button>
        <button type="button" class="button" onClick={onInput}>
          Add input
        </button>
      </div>
    </div>
  )
}

/** Offers the package that a failed import lacks; what is added is installed with the next run. */
export function MissingPackageNotice({ name, onAdd }: { name: string; onAdd: () => void }) {
  return (
    <div class="notice warn" role="status">
      <strong>The program imports what is not installed</strong>
      <div class="actions">
        <button type="button" class="button" onClick={onAdd}>
          Add {name} to the packages
        </button>
      </div>
    </div>
  )
}
