import type { ArtifactRequest } from '../../shared/artifact.ts'
import type { MissingFiles } from '../sandbox/artifact-frames.ts'

/** @returns which of the files that were asked for are not there, in a sentence for the job's owner; null when all are */
export function missingArtifacts(missing: MissingFiles, { maxBytes, maxFiles }: ArtifactRequest): string | null {
  const stopped = {
    files: `all beyond the first ${maxFiles} found`,
    entries: 'what the search did not come to: there are too many files',
    time: 'what the search did not come to: it took too long',
  }
  const reasons = [
    missing.tooLarge > 0 && `${missing.tooLarge} for which ${maxBytes} bytes in all were too few`,
    missing.unreadable > 0 && `${missing.unreadable} that the program itself could not read`,
    missing.unusable > 0 && `${missing.unusable} whose name is not UTF-8 or holds control characters`,
    missing.special > 0 && `${missing.special} that are links or other special files`,
    missing.deep > 0 && `${missing.deep} whose path is too long or too deep`,
    missing.stopped !== null && stopped[missing.stopped],
  ].filter((reason) => reason !== false)
  return reasons.length === 0 ? null : `artifacts are missing: ${reasons.join('; ')}`
}
