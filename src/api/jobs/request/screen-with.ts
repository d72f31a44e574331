import { Problem } from '../../../shared/problems.ts'
import type { Finding } from '../../../shared/security/finding.ts'
import type { ScreeningPolicy } from '../../../shared/screening-policy.ts'
import type { SecurityEvent } from '../../../shared/security/security-event.ts'
import type { Caller } from '../../http/caller.ts'
import type { Screening } from '../../screening/screening.ts'
import type { Subject } from '../../screening/subject.ts'

/** @returns what is to be told with what was submitted. @throws Problem `submission-blocked` */
export type Screen = (subject: Subject, caller: Caller, requestId: string, endUser: string | undefined) => Finding[]

export type Screened = (policy: ScreeningPolicy, ms: number, findings: readonly Finding[]) => void

/**
 * Screens submissions under their caller's policy.
 * @param policy holds for callers that have none of their own
 * @param blocked is told of every one that is refused
 * @param screened is told of every screening, with what it found and the ms it took
 * @returns a function that gives what is to be told with the job
 * @throws Problem `submission-blocked`, from that function, with what was found as `violations`
 */
export function screenWith(
  screening: Screening,
  policy: ScreeningPolicy,
  blocked: (event: SecurityEvent) => void,
  screened: Screened,
): Screen {
  return (subject, caller, requestId, endUser) => {
    const begun = performance.now()
    const applied = caller.screening ?? policy
    const findings = screening.screen(subject, applied)
    screened(applied, performance.now() - begun, findings)
    if (!screening.isBlocked(findings)) return findings
    const { tenant, address, keyId } = caller
    const rules = [...new Set(findings.filter(({ severity }) => severity === 'block').map(({ rule }) => rule))]
    const detail = `screening refused it: ${rules.join(', ')}`
    const origin = { address, keyId, tenant, ...(endUser !== undefined && { endUser }), requestId, jobId: null }
    blocked({ kind: 'submission-blocked', ...origin, detail })
    throw submissionBlocked(findings)
  }
}

function submissionBlocked(findings: Finding[]): Problem {
  const [first] = findings
  const place = first && (first.pointer === '/code' ? `line ${first.line}` : `${first.pointer}, line ${first.line}`)
  const what = first ? `${place}: ${first.reason} (${first.rule})` : 'screening refused it'
  const [more, it] = findings.length > 1 ? [`, and ${findings.length - 1} more`, 'them'] : ['', 'it']
  const detail = `${what}${more}; this server's screening policy does not allow ${it}`
  return new Problem('submission-blocked', detail, { extra: { violations: findings } })
}
