import type { FileRecords } from '../../shared/files/file-records.ts'
import type { FileStore } from '../../shared/files/file-store.ts'
import { Problem } from '../../shared/problems.ts'
import type { ArtifactStore } from '../../shared/redis/artifact-store.ts'
import { CONTENT_ANSWERS, downloadHeaders, sendContent } from '../files/send-content.ts'
import { knows } from '../http/entity-tag.ts'
import { PATH } from '../http/parameters.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { defineRoute, type RouteDescription, type RouteRequest } from '../http/route.ts'
import { type FindJob, ownJobs } from './own-job.ts'
import { enterUntilSent, type OutputNeeds } from './with-output.ts'

export interface ArtifactNeeds extends OutputNeeds {
  artifacts: Pick<ArtifactStore, 'get'>
  /** Where artifacts lie that are too large to stand beside the job. */
  files: { records: Pick<FileRecords, 'read'>; store: FileStore }
  open: OpenResponses
}

/** What a route of artifacts is and answers. */
export const ARTIFACT_ANSWERS = {
  headers: ['Range', 'If-Range', 'If-None-Match'],
  answers: CONTENT_ANSWERS,
  problems: ['range-not-satisfiable', 'too-many-open'],
} as const satisfies Pick<RouteDescription, 'headers' | 'answers' | 'problems'>

export const readArtifact = defineRoute({
  method: 'get',
  path: '/v1/jobs/:id/artifacts/*path',
  id: 'readArtifact',
  tag: 'Jobs',
  summary: 'Download an artifact',
  description:
    'Returns the bytes of a file in `artifacts` of the job; its `url` is this address. Browsers save the file and never ' +
    'display it, because a program of a stranger wrote it. One that has a `fileId` is also a file of yours.',
  scopes: ['jobs', 'containers'],
  params: { id: PATH.job, path: PATH.artifact },
  ...ARTIFACT_ANSWERS,
  handle: (needs: ArtifactNeeds, request) => sendArtifact(needs, ownJobs(needs.records), request),
})

/**
 * A file the job produced: what a stranger's program wrote, so nothing a browser would show or run on this origin.
 * Artifacts never change, so that an attempt's number tells all versions of one apart.
 */
export async function sendArtifact(
  { artifacts, sending, files, open }: Pick<ArtifactNeeds, 'artifacts' | 'sending' | 'files' | 'open'>,
  find: FindJob,
  { req, res, params }: Pick<RouteRequest<'/:id/*path'>, 'req' | 'res' | 'params'>,
): Promise<void> {
  const { path } = params
  const { job, tenant } = await find(res, params.id)
  const known = job.artifacts?.find((artifact) => artifact.path === path)
  const tag = `"${job.id}.${job.attempt}"`
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (known?.fileId !== undefined) {
    const stored = await files.records.read(known.fileId)
    if (stored?.tenant !== tenant) throw noArtifact()
    const { blob, file } = stored
    return sendContent({ store: files.store, open }, { blob, bytes: file.bytes, name, tag }, req, res)
  }
  const headers = { ETag: tag, 'Cache-Control': 'private, no-cache' }
  if (known && knows(req.get('if-none-match'), tag)) return void res.set(headers).status(304).end()
  if (known) await enterUntilSent(sending, res, known.bytes)
  const content = known ? await artifacts.get(job.id, path) : undefined
  if (!content) throw noArtifact()
  res.set(downloadHeaders(name, tag)).send(content)
}

const noArtifact = () => new Problem('not-found', 'the job has no artifact at this path, or it has expired')
