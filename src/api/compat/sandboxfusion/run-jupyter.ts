import type { Response } from 'express'
import Type, { type Static } from 'typebox'
import { v7 as uuid } from 'uuid'
import { SECOND } from '../../../shared/limits.ts'
import { Problem } from '../../../shared/problems.ts'
import { FILE_PIECE_BYTES } from '../../../shared/sessions/operations.ts'
import { SessionRequest } from '../../../shared/sessions/requests.ts'
import { whileKeyHolds } from '../../http/open-responses.ts'
import { requestIdOf } from '../../http/request-log.ts'
import { bodyValidator } from '../../http/validate.ts'
import { enterUntilSent } from '../../jobs/with-output.ts'
import { checkCode } from '../../sessions/executions.ts'
import { ownSession, sessionOf } from '../../sessions/needs.ts'
import { acceptSession, closeSession, prepareSession } from '../../sessions/start-session.ts'
import type { SystemNeeds } from '../system/system.ts'
import { type Cell, costOfCells, createCells } from './answer-budget.ts'
import { relative } from './run-code.ts'

const seconds = (description: string) => Type.Optional(Type.Number({ minimum: 0, maximum: 1e6, description }))

/** The body of `POST /run_jupyter`. What else it has is left alone. */
export const RunJupyterRequest = Type.Object({
  cells: Type.Array(Type.String(), { maxItems: 256 }),
  cell_timeout: seconds('seconds for each cell; 0: none'),
  total_timeout: seconds('seconds for all of them'),
  kernel: Type.Optional(Type.Enum(['python3'])),
  files: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Null()]))),
  fetch_files: Type.Optional(Type.Array(Type.String(), { maxItems: 64 })),
})
export type RunJupyterRequest = Static<typeof RunJupyterRequest>

const sessionRequest = bodyValidator(SessionRequest)
const DEFAULT_TOTAL = 45
const LANGUAGE = 'python'
/** How long a kernel may take to stand ready, on a machine that is not slow: trainers wait for the limits and ten seconds more. */
const START_MS = 8 * SECOND
/** In which the end of a cell that was interrupted at its limit is told. */
const LATE_MS = 5 * SECOND
/** Beyond which a session lives, should nobody end it. */
const SPARE_MS = 30 * SECOND

/**
 * Runs cells in a kernel of their own, as a session that ends with the answer.
 * @throws Problem
 */
export async function runJupyter(needs: SystemNeeds, res: Response, body: RunJupyterRequest) {
  const { config, spend, open } = needs
  const own = needs.sessions.needs
  const { cells, cell_timeout = 0, total_timeout = DEFAULT_TOTAL, fetch_files = [] } = body
  const totalMs = Math.min(total_timeout * SECOND, config.sessions.maxLifetimeMs - SPARE_MS)
  const request = { caller: res.locals.caller, requestId: requestIdOf(res.req), admit: () => open.admit(res) }
  const spec = await prepareSession(own, sessionRequest(sessionOfCells(body, totalMs + SPARE_MS)), request)
  const warnings = cells.map((code) => checkCode(own, spec.head, code, request))
  const cost = costOfCells(cells.length, (res.locals.caller.rate ?? config.rates.submit).burst)
  if (cost > 0) await spend(res, cost)
  const signal = open.admit(res)
  const { id } = await acceptSession(own, spec, request.caller, undefined)
  const at = sessionOf(res, id)
  const run = async () => {
    await ready(own, at, signal, START_MS * config.timeoutFactor)
    const startedAt = performance.now()
    const cellOf = createCells()
    const done: Cell[] = []
    for (const [index, code] of cells.entries()) {
      const leftMs = Math.floor(totalMs - (performance.now() - startedAt))
      if (leftMs <= 0) return answer(startedAt, undefined)
      const timeoutMs = Math.max(1, cell_timeout > 0 ? Math.min(cell_timeout * SECOND, leftMs) : leftMs)
      const waitMs = timeoutMs + LATE_MS
      const asked = {
        id: uuid(),
        context: 'default',
        code,
        timeoutMs,
        silent: false,
        allowInput: false,
        warnings: warnings[index] ?? [],
        waitMs,
      }
      const { value } = await own.calls.call(at, 'execute', asked, { waitMs, signal })
      if (value.state !== 'finished' || value.status === 'wall-time-limit') return answer(startedAt, undefined)
      done.push(cellOf(value))
    }
    return answer(startedAt, done, await filesOf(needs, res, at, fetch_files))
  }
  try {
    return await whileKeyHolds(signal, run())
  } finally {
    await closeSession(own, at, () => ownSession(own, res, id))
  }
}

/** @throws Problem `wait-timeout` */
async function ready(
  { calls }: SystemNeeds['sessions']['needs'],
  at: { id: string; tenant: string },
  signal: AbortSignal,
  startMs: number,
): Promise<void> {
  const late = AbortSignal.timeout(startMs)
  await calls.call(at, 'listContexts', {}, { signal: AbortSignal.any([signal, late]) }).catch((error: unknown) => {
    if (late.aborted && !signal.aborted) throw new Problem('wait-timeout', 'no kernel stood ready in time')
    throw error
  })
}

function sessionOfCells({ files = {} }: RunJupyterRequest, lifetimeMs: number): SessionRequest {
  const sent = Object.entries(files).flatMap(([path, content]) =>
    content === null ? [] : [{ path: relative(path), content, encoding: 'base64' as const }],
  )
  const ms = Math.ceil(lifetimeMs)
  return {
    language: LANGUAGE,
    kernel: true,
    maxLifetimeMs: ms,
    idleTimeoutMs: ms,
    ...(sent.length > 0 && { files: sent }),
  }
}

/** @param done undefined: time ran out, and nothing of it is told, as there */
function answer(startedAt: number, done: readonly Cell[] | undefined, files: Record<string, string> = {}) {
  const driver = {
    status: done ? 'Finished' : 'TimeLimitExceeded',
    execution_time: (performance.now() - startedAt) / SECOND,
    return_code: done ? 0 : null,
    stdout: '',
    stderr: '',
  }
  return { status: done ? 'Success' : 'Failed', message: '', driver, cells: done ?? [], executor_pod_name: null, files }
}

/** Those that are there, in base64, as far as they fit into an answer. */
async function filesOf(
  { config, jobs, sessions }: SystemNeeds,
  res: Response,
  at: { id: string; tenant: string },
  wanted: readonly string[],
): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  let room = config.artifacts.inlineBytes
  for (const path of wanted) {
    const pieces: Buffer[] = []
    const read = (offset: number) =>
      sessions.needs.calls.call(at, 'readFile', { path: relative(path), offset, most: FILE_PIECE_BYTES })
    const first = await read(0).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'not-found') return undefined
      throw error
    })
    if (!first || first.value.bytes > room) continue
    room -= first.value.bytes
    await enterUntilSent(jobs.output.sending, res, first.value.bytes)
    let size = 0
    for (let piece = first; piece.bytes.length > 0; piece = await read(size)) {
      pieces.push(piece.bytes)
      size += piece.bytes.length
      if (size >= first.value.bytes) break
    }
    files[path] = Buffer.concat(pieces).toString('base64')
  }
  return files
}
