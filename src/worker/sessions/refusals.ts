import type { ProblemCode } from '../../shared/problems.ts'
import { AgentRefusal } from './agent.ts'
import { ContextDead } from './context.ts'
import { ContextExists, TooManyContexts } from './kernels.ts'
import { IdempotencyMismatch } from './repeated-requests.ts'
import { SYSTEM_ERRORS } from './system-errors.ts'
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
  const [code, what] = SYSTEM_ERRORS[error.errno] ?? ['file-conflict', `cannot be used (error ${error.errno})`]
  return { code, detail: `${name === '' || name === '.' ? 'the working folder' : name} ${what}` }
}

/** Why a program was not started, for people. */
export function startProblem(errno: number, program: string, cwd: string): string {
  if (errno === 2) return `${program} was not found, or ${cwd} is no folder`
  const [, what] = SYSTEM_ERRORS[errno] ?? ['', `cannot be started (error ${errno})`]
  return `${program} ${errno === 8 ? 'is no program' : what}`
}
