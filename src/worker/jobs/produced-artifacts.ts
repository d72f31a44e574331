import { type ArtifactRequest, artifactUrl } from '../../shared/artifact.ts'
import type { Job, JobSpec } from '../../shared/job.ts'
import type { MissingFiles } from '../sandbox/artifact-frames.ts'
import type { JobOutcome } from './run-job.ts'

/** What the job tells of its artifacts. */
export function producedBy(
  { head, artifacts }: JobSpec,
  { gathered, message }: JobOutcome,
): Pick<Job, 'artifacts' | 'artifactsTruncated'> & { message?: string } {
  if (!artifacts) return {}
  if (!gathered) return { artifacts: [], artifactsTruncated: false }
  const missing = missingArtifacts(gathered.missing, artifacts)
  return {
    artifacts: gathered.files.map(({ path, content }) => ({
      path,
      bytes: content.length,
      url: artifactUrl(head.id, path),
    })),
    artifactsTruncated: missing !== null,
    ...(missing !== null && { message: message === null ? missing : `${message}; ${missing}` }),
  }
}

/** @returns which of the files that were asked for are not there, in a sentence for the job's owner; null when all are */
function missingArtifacts(missing: MissingFiles, { maxBytes, maxFiles }: ArtifactRequest): string | null {
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
    missing.stopped !== null && stopped[missing.stopped],
  ].filter((reason) => reason !== false)
  return reasons.length === 0 ? null : `artifacts are missing: ${reasons.join('; ')}`
}
