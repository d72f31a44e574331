import Type from 'typebox'
import { Problem } from '../../shared/problems.ts'
import type { ArtifactStore } from '../../shared/redis/artifact-store.ts'
import { knows } from '../http/entity-tag.ts'
import { PATH } from '../http/openapi/parameters.ts'
import { type Answer, defineRoute, type RouteRequest } from '../http/route.ts'
import { type FindJob, ownJobs } from './own-job.ts'
import { enterUntilSent, type OutputNeeds } from './with-output.ts'

export interface ArtifactNeeds extends OutputNeeds {
  artifacts: Pick<ArtifactStore, 'get'>
}

export const ARTIFACT_ANSWERS = {
  200: {
    description: 'The file.',
    type: 'application/octet-stream',
    schema: Type.Unsafe<Uint8Array>({ description: 'the bytes as the program wrote them' }),
    headers: ['ETag', 'Content-Disposition'],
  },
  304: { description: 'Your copy is current.', headers: ['ETag'] },
} as const satisfies Record<number, Answer>

export const readArtifact = defineRoute({
  method: 'get',
  path: '/v1/jobs/:id/artifacts/*path',
  id: 'readArtifact',
  tag: 'Jobs',
  summary: 'Download an artifact',
  description:
    'Returns the bytes of a file in `artifacts` of the job; its `url` is this address. Browsers save the file and never ' +
    'display it, because a program of a stranger wrote it.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.job, path: PATH.artifact },
  headers: ['If-None-Match'],
  answers: ARTIFACT_ANSWERS,
  handle: (needs: ArtifactNeeds, request) => sendArtifact(needs, ownJobs(needs.records), request),
})

/**
 * A file the job produced: what a stranger's program wrote, so nothing a browser would show or run on this origin.
 * Artifacts never change, so that an attempt's number tells all versions of one apart.
 */
export async function sendArtifact(
  { artifacts, sending }: Pick<ArtifactNeeds, 'artifacts' | 'sending'>,
  find: FindJob,
  { req, res, params }: Pick<RouteRequest<'/:id/*path'>, 'req' | 'res' | 'params'>,
): Promise<void> {
  const { path } = params
  const { job } = await find(res, params.id)
  const known = job.artifacts?.find((artifact) => artifact.path === path)
  const tag = `"${job.id}.${job.attempt}"`
  const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' }
  if (known && knows(req.get('if-none-match'), tag)) return void res.set(headers).status(304).end()
  if (known) await enterUntilSent(sending, res, known.bytes)
  const content = known ? await artifacts.get(job.id, path) : undefined
  if (!content) throw new Problem('not-found', 'the job has no artifact at this path, or it has expired')
  res.set({
    ...headers,
    'Content-Type': 'application/octet-stream',
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeName(path.slice(path.lastIndexOf('/') + 1))}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
  })
  res.send(content)
}

/** As RFC 8187 has it: of what `encodeURIComponent` leaves, these four are no `attr-char`. */
function encodeName(name: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(name).replaceAll(/['()*]/g, hex)
}
