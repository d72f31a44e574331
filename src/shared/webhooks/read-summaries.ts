import type { ChainableCommander, Redis } from 'ioredis'
import { MAX_ATTEMPTS_KEPT } from './delivery-scripts.ts'
import { type DeliverySummary, parseSummary, SUMMARY_FIELDS } from './stored-delivery.ts'

type Values = readonly (string | null)[]

/** The state of each of these deliveries; null for one that is gone. @throws when Redis fails */
export async function readStates(
  redis: Redis,
  recordOf: (id: string) => string,
  ids: readonly string[],
): Promise<(string | null)[]> {
  const answers = await all(redis, ids, (pipeline, id) => pipeline.hmget(recordOf(id), 'state'))
  return answers.map(([state = null]) => state)
}

/**
 * These deliveries with their attempts, and without the texts that are sent; undefined for one that is gone.
 * @throws when Redis fails
 */
export async function readSummaries(
  redis: Redis,
  recordOf: (id: string) => string,
  ids: readonly string[],
): Promise<(DeliverySummary | undefined)[]> {
  const found = (await all(redis, ids, (pipeline, id) => pipeline.hmget(recordOf(id), ...SUMMARY_FIELDS))).map(
    (values) => named(SUMMARY_FIELDS, values),
  )
  const attempts = found.map(({ made }) => lastAttempts(Number(made ?? 0)))
  // One that was never tried has no field to ask for; its state does no harm.
  const answers = await all(redis, ids, (pipeline, id, index) =>
    pipeline.hmget(recordOf(id), 'state', ...(attempts[index] ?? [])),
  )
  return ids.map((id, index) =>
    parseSummary(id, { ...found[index], ...named(['state', ...(attempts[index] ?? [])], answers[index] ?? []) }),
  )
}

/** Names of the fields of the last attempts there are. */
const lastAttempts = (made: number): string[] =>
  Array.from({ length: Math.min(made, MAX_ATTEMPTS_KEPT) }, (_, index) => `attempt:${made - index}`)

/** Those of the fields that are there. */
const named = (names: readonly string[], values: Values): Record<string, string> =>
  Object.fromEntries(names.flatMap((name, index) => (values[index] == null ? [] : [[name, values[index]]])))

/** Asks the same of each, in one go. */
async function all(
  redis: Redis,
  ids: readonly string[],
  ask: (pipeline: ChainableCommander, id: string, index: number) => unknown,
): Promise<Values[]> {
  const pipeline = redis.pipeline()
  for (const [index, id] of ids.entries()) ask(pipeline, id, index)
  const answers = (await pipeline.exec()) ?? []
  return answers.map(([error, values]) => {
    if (error) throw error
    return values as Values
  })
}
