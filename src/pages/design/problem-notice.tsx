import type { ComponentChildren } from 'preact'
import type { Finding } from '../../shared/security/finding.ts'
import type { RunyardError } from '../../client/client.ts'
import { messageOf, placeOf, plainDetail } from './plain-detail.ts'

export interface ProblemNoticeProps {
  problem: RunyardError
  /** Errors that are told at a field of the page, and not here again. */
  atField?: (pointer: string) => boolean
  /** Leads to a line of the program. */
  onLine?: (line: number) => void
  /** What can be done about it. */
  children?: ComponentChildren
}

/** An error of the API: what it is and why, in words, each fault once. */
export function ProblemNotice({ problem, atField = () => false, onLine, children }: ProblemNoticeProps) {
  const { errors, violations, status } = problem
  const others = errors.filter(({ pointer }) => !atField(pointer))
  const isScreened = violations.length > 0
  // The detail of these says again what stands below.
  const isTold = isScreened || errors.length > 0 || problem.message === problem.title
  return (
    <div class="notice bad" role="alert">
      <strong>{isScreened ? "This server's screening policy does not allow this program" : problem.title}</strong>
      {!isTold && <p>{messageOf(problem)}</p>}
      {others.length < errors.length && <p>The fields are marked.</p>}
      {others.length > 0 && (
        <ul>
          {others.map((error, index) => (
            <li key={index}>
              {placeOf(error)}: {plainDetail(error.detail)}
            </li>
          ))}
        </ul>
      )}
      {isScreened && <Findings findings={refusing(violations)} onLine={onLine} />}
      {children}
      {problem.retryAfterMs !== null && <p>Try again in {Math.ceil(problem.retryAfterMs / 1000)} s.</p>}
      {problem.requestId && status >= 500 && <p class="faint">Request {problem.requestId}</p>}
    </div>
  )
}

/** Those for which a program was refused; what is noticed besides is told when it runs. */
const refusing = (findings: readonly Finding[]): readonly Finding[] => {
  const found = findings.filter(({ severity }) => severity === 'block')
  return found.length > 0 ? found : findings
}

/** What screening found, by line. */
export function Findings({
  findings,
  onLine,
}: {
  findings: readonly Finding[]
  onLine?: ((line: number) => void) | undefined
}) {
  return (
    <ul class="findings">
      {findings.map(({ rule, reason, pointer, line, excerpt }, index) => {
        const isProgram = pointer === '/code' || pointer === '/files/0/content'
        const words = isProgram ? `Line ${line}` : `${placeOf({ pointer })}, line ${line}`
        return (
          <li key={index} title={rule}>
            {onLine && isProgram ? (
              <button type="button" class="link" onClick={() => onLine(line)}>
                {words}
              </button>
            ) : (
              words
            )}
            : {reason}
            {excerpt.trim() !== '' && <code>{excerpt.trim()}</code>}
          </li>
        )
      })}
    </ul>
  )
}
