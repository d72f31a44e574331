import type { RequestHandler } from 'express'
import { Problem } from '../../shared/problems.ts'
import { knows } from '../http/entity-tag.ts'
import type { RouteDeps } from '../routes/deps.ts'
import { type FindJob, ownJobs } from './own-job.ts'
import { enterUntilSent } from './with-output.ts'

/**
 * A file the job produced: what a stranger's program wrote, so nothing a browser would show or run on this origin.
 * Artifacts never change, so that an attempt's number tells all versions of one apart.
 */
export function readArtifact(
  { records, artifacts, sending }: Pick<RouteDeps, 'records' | 'artifacts' | 'sending'>,
  find: FindJob = ownJobs(records),
): RequestHandler<{ id: string; path: string[] }> {
  return async (req, res) => {
    const path = req.params.path.join('/')
    const { job } = await find(res, req.params.id)
    const known = job.artifacts?.find((artifact) => artifact.path === path)
    const tag = `"${job.id}.${job.attempt}"`
    const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' }
    if (known && knows(req.get('if-none-match'), tag)) return void res.set(headers).status(304).end()
    if (known) await enterUntilSent(sending, res, known.bytes)
    const content = known ? await artifacts.get(job.id, path) : undefined
    if (!content) throw new Problem('not-found', 'the job has no such artifact, or it has expired')
    res.set({
      ...headers,
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeName(path.slice(path.lastIndexOf('/') + 1))}`,
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "sandbox; default-src 'none'",
    })
    res.send(content)
  }
}

/** As RFC 8187 has it: of what `encodeURIComponent` leaves, these four are no `attr-char`. */
function encodeName(name: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(name).replaceAll(/['()*]/g, hex)
}
