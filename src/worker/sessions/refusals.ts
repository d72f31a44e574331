import type { ProblemCode } from '../../shared/problems.ts'
import { AgentRefusal } from './agent.ts'
import { ContextDead } from './context.ts'
import { ContextExists, TooManyContexts } from './kernels.ts'
import { IdempotencyMismatch } from './repeated-requests.ts'
import { ContextBusy } from './waiting-bytes.ts'

/** What the caller did wrong, or what is not there. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: ProblemCode
  constructor(code: ProblemCode, detail: string) {
    super(detail)
    this.code = code
  }
}

/** Numbers of errors on Linux, where a machine of another kind would have others. */
const ERRNO: Readonly<Record<number, [ProblemCode, string]>> = {
  1: ['file-conflict', 'is not permitted'],
  2: ['not-found', 'does not exist'],
  7: ['file-conflict', 'has too many or too long arguments'],
  11: ['session-busy', 'cannot be started: the session has as many processes as it may'],
  12: ['session-busy', 'needs more memory than the session has'],
  13: ['file-conflict', 'is not permitted'],
  17: ['file-conflict', 'exists already'],
  18: ['file-conflict', 'is on another file system'],
  20: ['file-conflict', 'has a part that is no folder'],
  21: ['file-conflict', 'is a folder'],
  22: ['file-conflict', 'is no regular file'],
  24: ['session-busy', 'needs more open files than the session may have'],
  26: ['file-conflict', 'is a program that runs'],
  27: ['file-conflict', 'would be larger than a file of the session may be'],
  28: ['file-conflict', 'has no room: the file system of the session is full'],
  30: ['file-conflict', 'is on a file system that is read-only'],
  36: ['file-conflict', 'is too long'],
  39: ['file-conflict', 'is a folder that is not empty; `recursive` removes it'],
  40: ['file-conflict', 'has too many links on its way'],
}

/** How an error of an operation is answered. @throws the error when the caller could not have caused it */
export function refusalOf(error: unknown, input: object): { code: ProblemCode; detail: string } {
  if (error instanceof Refused) return { code: error.code, detail: error.message }
  if (error instanceof IdempotencyMismatch) return { code: 'idempotency-mismatch', detail: error.message }
  if (error instanceof ContextDead) return { code: 'context-dead', detail: error.message }
  if (error instanceof ContextExists) return { code: 'invalid-request', detail: error.message }
  if (error instanceof ContextBusy || error instanceof TooManyContexts)
    return { code: 'session-busy', detail: error.message }
  if (!(error instanceof AgentRefusal)) throw error
  const { path, from } = input as { path?: string; from?: string }
  const name = path ?? from ?? 'the command'
  const [code, what] = ERRNO[error.errno] ?? ['file-conflict', `cannot be used (error ${error.errno})`]
  return { code, detail: `${name === '' || name === '.' ? 'the working folder' : name} ${what}` }
}

/** Why a program was not started, for people. */
export function startProblem(errno: number, program: string, cwd: string): string {
  if (errno === 2) return `${program} was not found, or ${cwd} is no folder`
  const [, what] = ERRNO[errno] ?? ['', `cannot be started (error ${errno})`]
  return `${program} ${errno === 8 ? 'is no program' : what}`
}
