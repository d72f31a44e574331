import type { Redis } from 'ioredis'
import type { JobSpec, ProblemInputs, TestCase } from '../job.ts'
import { MIB } from '../limits.ts'
import { QUEUED_TTL_SECONDS } from '../jobs/recorded-job.ts'
import type { Keys } from '../redis/keys.ts'
import { defineScripts, luaScript, runScript } from '../redis/lua-script.ts'
import type { ExampleSubmission, InputValidator, Problem } from './problem.ts'
import { packContent, unpackContent } from './pack-content.ts'
import { MAX_PROBLEMS, type StoredProblem } from './stored-problem.ts'

/** A problem with the programs that come with it. */
export interface ProblemContent extends Problem {
  examples?: ExampleSubmission[]
  validators?: InputValidator[]
}

/** Names the content of one version. */
export const contentOf = ({ id, version }: Pick<StoredProblem, 'id' | 'version'>): string =>
  version === 1 ? id : `${id}.${version}`
/** The id of the problem that some content is of. */
export const problemOfContent = (contentId: string): string => contentId.split('.')[0] ?? ''
/** The problem and its version that some content is of. */
export const versionOfContent = (contentId: string): Pick<StoredProblem, 'id' | 'version'> => ({
  id: problemOfContent(contentId),
  version: Number(contentId.split('.')[1] ?? 1),
})

/** Problems that tenants keep, each with its tests. The content of a version never changes. */
export interface ProblemStore {
  /** @returns false when the tenant has as many as it may */
  put(tenant: string, about: StoredProblem, content: ProblemContent): Promise<boolean>
  /**
   * Replaces the content of a problem; jobs that wait are judged with what they were submitted for.
   * @param about of the new version
   * @returns false when it is gone, or has another version by now than the one before
   */
  replace(tenant: string, about: StoredProblem, content: ProblemContent): Promise<boolean>
  /** Those of a tenant, newest first. */
  list(tenant: string): Promise<StoredProblem[]>
  /** @returns undefined when there is none of this tenant and id */
  read(tenant: string, id: string): Promise<StoredProblem | undefined>
  /**
   * A problem with its tests, which is not to be changed; also for a while after it was removed or replaced, for jobs that wait.
   * @param contentId of `contentOf`
   */
  content(contentId: string): Promise<ProblemContent | undefined>
  /** @returns whether it was there */
  remove(tenant: string, id: string): Promise<boolean>
}

/** Bulk: what is known of it, its content. */
const PUT = luaScript<{ id: string; tenant: string; at: number; most: number }, number>(
  'runyardPutProblem',
  `
local own = keys.tenantProblems(input.tenant)
if redis.call('ZCARD', own) >= input.most then return 0 end
redis.call('HSET', keys.problem(input.id), 'about', bulk[1], 'content', bulk[2])
redis.call('ZADD', own, input.at, input.id)
return 1`,
)

/** Bulk: what is known of it, its content. */
const REPLACE = luaScript<
  { id: string; tenant: string; version: number; content: string; before: string; ttlSeconds: number },
  number
>(
  'runyardReplaceProblem',
  `
if not redis.call('ZSCORE', keys.tenantProblems(input.tenant), input.id) then return 0 end
local known = cjson.decode(redis.call('HGET', keys.problem(input.id), 'about'))
if known.version ~= input.version - 1 then return 0 end
redis.call('HSET', keys.problem(input.content), 'content', bulk[2])
redis.call('HSET', keys.problem(input.id), 'about', bulk[1])
if input.before ~= input.id then redis.call('EXPIRE', keys.problem(input.before), input.ttlSeconds) end
return 1`,
)

const REMOVE = luaScript<{ id: string; tenant: string; content: string; ttlSeconds: number }, number>(
  'runyardRemoveProblem',
  `
if redis.call('ZREM', keys.tenantProblems(input.tenant), input.id) == 0 then return 0 end
redis.call('EXPIRE', keys.problem(input.id), input.ttlSeconds)
redis.call('EXPIRE', keys.problem(input.content), input.ttlSeconds)
redis.call('DEL', keys.problemSimilarity(input.id))
redis.call('ZREM', keys.tenantComparisons(input.tenant), input.id)
return 1`,
)

/** Characters of problems that are held: submissions of one problem come together. */
const HELD = 32 * MIB

/** @param redis content may be long: nothing else should wait behind it */
export function createProblemStore(redis: Redis, keys: Keys): ProblemStore {
  defineScripts(redis, [PUT, REPLACE, REMOVE])
  const held = new Map<string, { problem: ProblemContent; length: number }>()
  /** Those used longest ago go first; the last is held however long it is. */
  const hold = (id: string, problem: ProblemContent, length: number) => {
    held.delete(id)
    held.set(id, { problem, length })
    let total = [...held.values()].reduce((sum, one) => sum + one.length, 0)
    for (const [oldest, one] of held) {
      if (total <= HELD || oldest === id) return
      held.delete(oldest)
      total -= one.length
    }
  }
  /** What is being read, so that many who ask for it hold it once. */
  const asking = new Map<string, Promise<ProblemContent | undefined>>()
  const fetchContent = async (id: string): Promise<ProblemContent | undefined> => {
    const packed = await redis.hgetBuffer(keys.problem(id), 'content')
    if (packed === null) return undefined
    const { problem, length } = await unpackContent(packed)
    hold(id, problem, length)
    return problem
  }
  const about = async (id: string): Promise<StoredProblem | undefined> => {
    const text = await redis.hget(keys.problem(id), 'about')
    return text === null ? undefined : (JSON.parse(text) as StoredProblem)
  }
  return {
    async put(tenant, known, problem) {
      const bulk = [JSON.stringify(known), await packContent(problem)]
      const input = { id: known.id, tenant, at: Date.parse(known.createdAt), most: MAX_PROBLEMS }
      return (await runScript(redis, keys.prefix, PUT, input, bulk)) === 1
    },
    async replace(tenant, known, problem) {
      const bulk = [JSON.stringify(known), await packContent(problem)]
      const { id, version } = known
      const before = contentOf({ id, version: version - 1 })
      const input = { id, tenant, version, content: contentOf(known), before, ttlSeconds: QUEUED_TTL_SECONDS }
      return (await runScript(redis, keys.prefix, REPLACE, input, bulk)) === 1
    },
    async list(tenant) {
      const ids = await redis.zrange(keys.tenantProblems(tenant), '0', '-1', 'REV')
      return (await Promise.all(ids.map(about))).flatMap((one) => one ?? [])
    },
    async read(tenant, id) {
      const isOwn = (await redis.zscore(keys.tenantProblems(tenant), id)) !== null
      return isOwn ? about(id) : undefined
    },
    async content(id) {
      const found = held.get(id)
      if (found) {
        hold(id, found.problem, found.length)
        return found.problem
      }
      const asked = asking.get(id) ?? fetchContent(id).finally(() => asking.delete(id))
      asking.set(id, asked)
      return asked
    },
    async remove(tenant, id) {
      const known = await about(id)
      const content = known ? contentOf(known) : id
      return (
        (await runScript(redis, keys.prefix, REMOVE, { id, tenant, content, ttlSeconds: QUEUED_TTL_SECONDS })) === 1
      )
    },
  }
}

/** A test as a job keeps it that names its problem: without what the problem has. */
export function withoutContent({
  stdin: _stdin,
  stdinEncoding: _encoding,
  expectedOutput: _answer,
  ...test
}: TestCase): TestCase {
  return test
}

/** A job that names the problem whose inputs its tests have, instead of having them in the queue. */
export function namingInputs(spec: JobSpec, inputsOf: ProblemInputs): JobSpec {
  return { ...spec, tests: spec.tests.map(withoutContent), inputsOf }
}

/**
 * A job with the tests, or the inputs alone, of the problem it names.
 * @throws Error when that is gone
 */
export async function fillTests(store: Pick<ProblemStore, 'content'>, spec: JobSpec): Promise<JobSpec> {
  const { content, first } = spec.inputsOf ?? { content: spec.problem, first: 0 }
  if (content === undefined) return spec
  const problem = await store.content(content)
  if (!problem) throw new Error(`problem ${content} is gone`)
  const tests = spec.tests.map((test, index): TestCase => {
    const { stdin, stdinEncoding, answer, expectedOutput = answer } = problem.tests?.[first + index] ?? {}
    return {
      ...test,
      ...(stdin !== undefined && { stdin }),
      ...(stdinEncoding !== undefined && { stdinEncoding }),
      ...(expectedOutput !== undefined && spec.inputsOf === undefined && { expectedOutput }),
    }
  })
  return { ...spec, tests }
}
