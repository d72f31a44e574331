import type { JobSpec } from '../../../shared/job.ts'

/**
 * What an operator sees of a queued job's data: how large what its owner sent is, and not what it is. Code, input, environment,
 * arguments, metadata and receivers stay out, and the caller's address.
 */
export function shownJob(data: unknown): unknown {
  const { head, tenant, files, stdin, args, env, tests, rank, delayMs, webhook, artifacts } = data as JobSpec
  const { id, kind, language, version, image, interactive, limits, createdAt } = head
  return {
    id,
    tenant,
    kind,
    language,
    version,
    image,
    interactive,
    createdAt,
    rank,
    delayMs,
    limits,
    hidden: {
      files: files.length,
      fileBytes: files.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0),
      stdinBytes: Buffer.byteLength(stdin),
      arguments: args.length,
      variables: Object.keys(env).length,
      tests: tests.length,
      webhook: webhook !== null,
      artifacts: artifacts !== null,
    },
  }
}
