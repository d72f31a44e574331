import type { Response } from 'express'
import type { Problem, ProblemCode } from '../../../shared/problems.ts'
import { CONNECT_STATUSES, type ConnectCode, type ConnectError, endFrame } from './connect-protocol.ts'

/** Clients look for these words. */
export const GONE_MESSAGE = 'The sandbox was not found'
/** What a request for a sandbox that is gone is answered with, as the proxy before E2B's sandboxes does. */
export const goneBody = (sandboxId: string) => ({ sandboxId, message: GONE_MESSAGE, code: 502 })

/** Whether a problem says that the sandbox is gone. */
export const isGone = ({ code }: Pick<Problem, 'code'>): boolean => code === 'session-ended' || code === 'session-lost'

const CONNECT_CODES: Partial<Record<ProblemCode, ConnectCode>> = {
  'not-found': 'not_found',
  'already-ended': 'not_found',
  'not-waiting': 'failed_precondition',
  'file-conflict': 'failed_precondition',
  'too-large': 'resource_exhausted',
  'storage-full': 'resource_exhausted',
  'storage-quota': 'resource_exhausted',
  'internal-error': 'internal',
}

const BY_STATUS: Readonly<Record<number, ConnectCode>> = {
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  408: 'deadline_exceeded',
  429: 'resource_exhausted',
  500: 'internal',
  503: 'unavailable',
  504: 'deadline_exceeded',
}

/** A problem, as a remote procedure tells of it. */
export function connectErrorOf(problem: Problem): ConnectError {
  const code = CONNECT_CODES[problem.code] ?? BY_STATUS[problem.status] ?? 'invalid_argument'
  return { code, message: problem.message }
}

/** The status that clients of the service and of files know for a problem. */
export function statusOf({ code, status }: Problem): number {
  if (isGone({ code })) return 404
  if (code === 'file-conflict' || code === 'no-kernel' || code === 'context-dead') return 400
  return status === 422 ? 400 : status
}

/** Answers with a problem in the form that the client of this address reads. */
export function sendE2bProblem(res: Response, problem: Problem): void {
  const { sandbox } = res.locals
  if (sandbox && isGone(problem)) return void res.status(502).json(goneBody(sandbox.sandboxId))
  res.set(problem.headers)
  // Trying again does not end it.
  if (problem.code === 'too-many-sessions') res.set('Should-Retry', 'false')
  if (res.locals.rpc === 'stream')
    return void res
      .status(200)
      .type('application/connect+json')
      .end(endFrame(connectErrorOf(problem)))
  if (res.locals.rpc === 'unary') {
    const error = connectErrorOf(problem)
    return void res.status(problem.status === 415 ? 415 : CONNECT_STATUSES[error.code]).json(error)
  }
  const status = statusOf(problem)
  res.status(status).json({ code: status, message: problem.message })
}
