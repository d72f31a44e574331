import { type ArtifactRequest, artifactUrl } from '../../shared/artifact.ts'
import type { Job, JobSpec } from '../../shared/job.ts'
import type { JobArtifacts } from '../files/job-files.ts'
import type { JobOutcome } from './run-job.ts'

/**
 * What the job tells of its artifacts.
 * @param fileIds of those in the file store, by their paths; one that is missing could not be kept
 */
export function producedBy(
  { head, artifacts }: JobSpec,
  { gathered, message }: JobOutcome,
  fileIds: ReadonlyMap<string, string> = new Map(),
): Pick<Job, 'artifacts' | 'artifactsTruncated'> & { message?: string } {
  if (!artifacts) return {}
  if (!gathered) return { artifacts: [], artifactsTruncated: false }
  const lost = gathered.stored.filter(({ path }) => !fileIds.has(path)).length
  const { quota, room } = gathered.refused
  const missing = missingArtifacts({ ...gathered, refused: { quota, room: room + lost } }, artifacts)
  const files = [
    ...gathered.files.map(({ path, content }) => ({ path, bytes: content.length })),
    ...gathered.stored.flatMap(({ path, bytes }) => {
      const fileId = fileIds.get(path)
      return fileId === undefined ? [] : [{ path, bytes, fileId }]
    }),
  ]
  files.sort((a, b) => (a.path < b.path ? -1 : 1))
  return {
    artifacts: files.map((file) => ({ ...file, url: artifactUrl(head.id, file.path) })),
    artifactsTruncated: missing !== null,
    ...(missing !== null && { message: message === null ? missing : `${message}; ${missing}` }),
  }
}

/** @returns which of the files that were asked for are not there, in a sentence for the job's owner; null when all are */
function missingArtifacts(
  { missing, refused }: Pick<JobArtifacts, 'missing' | 'refused'>,
  { maxBytes, maxFiles }: ArtifactRequest,
): string | null {
  const stopped = {
    files: `all beyond the first ${maxFiles} found`,
    entries: 'files that the search did not reach, because there are too many',
    time: 'files that the search did not reach, because it took too long',
  }
  const reasons = [
    missing.tooLarge > 0 && `${missing.tooLarge} for which ${maxBytes} bytes in all were too few`,
    missing.unreadable > 0 && `${missing.unreadable} that the program could not read`,
    missing.unusable > 0 && `${missing.unusable} whose name is not UTF-8 or holds control characters`,
    missing.special > 0 && `${missing.special} that are links or other special files`,
    missing.deep > 0 && `${missing.deep} whose path is too long or too deep`,
    refused.quota > 0 && `${refused.quota} for which your quota of files has no room`,
    refused.room > 0 && `${refused.room} that the file store could not take`,
    missing.stopped !== null && stopped[missing.stopped],
  ].filter((reason) => reason !== false)
  return reasons.length === 0 ? null : `artifacts are missing: ${reasons.join('; ')}`
}
