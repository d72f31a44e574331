import type { Finding } from '../../../shared/security/finding.ts'

/** What screening found in the program and did not refuse. */
export function Warnings({ findings, onGoTo }: { findings: Finding[]; onGoTo: (line: number) => void }) {
  if (findings.length === 0) return null
  return (
    <div class="notice warn">
      <strong>Screening has noticed</strong>
      <ul>
        {findings.map(({ rule, reason, line }, index) => (
          <li key={index}>
            {reason}{' '}
            <button type="button" class="link" title={rule} onClick={() => onGoTo(line)}>
              line {line}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
