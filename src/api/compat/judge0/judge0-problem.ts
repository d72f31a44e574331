import type { Response } from 'express'
import type { Problem } from '../../../shared/problems.ts'
import type { FieldMessages } from './fields.ts'

/** Fields of a job, by the fields of a submission that they come from. The first that fits counts. */
const PLACES: readonly (readonly [RegExp, string])[] = [
  [/^\/language|^\/version/, 'language_id'],
  [/^\/code|^\/files\/0|^\/entrypoint/, 'source_code'],
  [/^\/files/, 'additional_files'],
  [/^\/compilerArgs/, 'compiler_options'],
  [/^\/args/, 'command_line_arguments'],
  [/^\/stdin/, 'stdin'],
  [/^\/expectedOutput|^\/tests/, 'expected_output'],
  [/^\/limits\/cpuMs/, 'cpu_time_limit'],
  [/^\/limits\/wallMs/, 'wall_time_limit'],
  [/^\/limits\/memoryBytes/, 'memory_limit'],
  [/^\/limits\/stackBytes/, 'stack_limit'],
  [/^\/limits\/processes/, 'max_processes_and_or_threads'],
]

/** What Judge0 would tell of a refusal: which fields, or one error. */
export function judge0Error(problem: Problem): { status: number; body: FieldMessages | { error: string } } {
  const { code, status, message, errors, extra } = problem
  switch (code) {
    case 'queue-full':
    case 'tenant-queue-full':
      return { status: 503, body: { error: 'queue is full' } }
    case 'submission-blocked':
      return {
        status: 422,
        body: { source_code: extra.violations?.map(({ line, reason }) => `Line ${line}: ${reason}`) ?? [message] },
      }
    case 'invalid-request':
    case 'unknown-language':
    case 'language-not-installed': {
      const body: FieldMessages = {}
      for (const { pointer, detail } of errors ?? []) {
        const [, field] = PLACES.find(([pattern]) => pattern.test(pointer)) ?? [undefined, 'base']
        ;(body[field] ??= []).push(detail)
      }
      return { status: 422, body: Object.keys(body).length > 0 ? body : { base: [message] } }
    }
    default:
      return { status, body: { error: message } }
  }
}

export function sendJudge0Problem(res: Response, problem: Problem): void {
  const { status, body } = judge0Error(problem)
  res.status(status).set(problem.headers).json(body)
}
