import type { ApiProblem } from '../client/api-problem.ts'

/** An error of the API in full: what it is, why, and each field that is wrong. */
export function ProblemNotice({ problem }: { problem: ApiProblem }) {
  // One field alone stands in the detail already.
  const isTold = problem.errors.every(({ pointer, detail }) => problem.message === `${pointer} ${detail}`)
  return (
    <div class="notice bad" role="alert">
      <strong>{problem.title}</strong>
      {problem.message !== problem.title && <p>{problem.message}</p>}
      {!isTold && (
        <ul>
          {problem.errors.map(({ pointer, detail }, index) => (
            <li key={index}>
              <code>{pointer || '/'}</code> {detail}
            </li>
          ))}
        </ul>
      )}
      {problem.violations.length > 0 && (
        <ul>
          {problem.violations.map(({ rule, reason, line, column, excerpt }, index) => (
            <li key={index}>
              {reason} <span class="faint">({rule})</span>
              {` at line ${line}, column ${column}: `}
              <code>{excerpt}</code>
            </li>
          ))}
        </ul>
      )}
      {problem.retryAfterSeconds !== null && <p>Try again in {problem.retryAfterSeconds} s.</p>}
      {problem.requestId && <p class="faint">Request {problem.requestId}</p>}
    </div>
  )
}
