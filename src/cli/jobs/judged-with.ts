import { basename, resolve } from 'node:path'
import type { Client } from '../../client/client.ts'
import type { Problem } from '../../shared/judging/problem.ts'
import { MAX_TESTS } from '../../shared/requests.ts'
import { MIB } from '../../shared/units.ts'
import { PATIENT_RETRIES } from '../service/connection.ts'
import { tooLargeFor } from './store-problem.ts'

/** What jobs have of the problem of a folder: itself, or the id under which it is stored. */
export type JudgedWith = Problem | { problem: string }

/** The problem of a folder. */
export interface FolderProblem {
  folder: string
  /** What is stored of it: an archive. */
  archive: () => Buffer | Promise<Buffer>
  problem: Problem
}

/** What jobs bring along of a problem, as JSON: by default a text may have so much, and a body as much again for the program. */
const BROUGHT_BYTES = MIB

export interface Submitting {
  client: { problems: Pick<Client['problems'], 'create' | 'remove'> }
  note: (text: string) => void
  /** Leaves at once. */
  hurry: AbortSignal
}

/**
 * Submits jobs that are judged with the problem of a folder. One that is more than a job can bring along is stored until `submit` ends:
 * jobs that wait then are still judged with it.
 * @param submit resolves once no more jobs are submitted
 * @throws ExitError when it is too large for the service; what `submit` throws
 */
export async function judgedWith<T>(
  { folder, archive, problem }: FolderProblem,
  { client: { problems }, note, hurry }: Submitting,
  submit: (fields: JudgedWith) => Promise<T>,
): Promise<T> {
  const count = problem.tests?.length ?? 0
  const bytes = count > MAX_TESTS ? 0 : Buffer.byteLength(JSON.stringify(problem))
  if (count <= MAX_TESTS && bytes <= BROUGHT_BYTES) return submit(problem)
  const much =
    count > MAX_TESTS
      ? `has ${count} tests, more than the ${MAX_TESTS} of a job`
      : `brings ${(bytes / MIB).toFixed(1)} MiB, more than goes into a job`
  note(`${folder} ${much}: it is stored while it is judged with`)
  const name = `${basename(resolve(folder)).slice(0, 100)} (temporary, of runyard judge)`
  const call = { signal: hurry, retries: PATIENT_RETRIES }
  const { id } = await problems.create(name, await archive(), call).catch((error: unknown) => {
    throw tooLargeFor(folder, error)
  })
  try {
    return await submit({ problem: id })
  } finally {
    await problems.remove(id).catch((error: unknown) => {
      note(`the problem ${id} is still stored (${(error as Error).message}); runyard problem delete ${id} deletes it`)
    })
  }
}
