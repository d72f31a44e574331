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
