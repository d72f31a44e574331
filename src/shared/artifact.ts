import Type, { type Static } from 'typebox'

export const MAX_GLOBS = 16
/** Names between slashes, in a glob as in the path of an artifact. */
export const MAX_GLOB_PARTS = 32
/** The longest path of an artifact, in bytes. */
export const MAX_ARTIFACT_PATH_BYTES = 512

/** Which of its files a job's owner wants, and the most that is kept of them. */
export interface ArtifactRequest {
  globs: string[]
  maxBytes: number
  maxFiles: number
}

/** A file a job has made. */
export interface ArtifactFile {
  /** Relative to the job's folder. */
  path: string
  content: Buffer
}

/** One of a job's artifacts, as its owner sees it in the job. */
export const Artifact = Type.Object({
  path: Type.String({ description: "relative to the job's folder" }),
  bytes: Type.Integer(),
  url: Type.String({ description: 'its address' }),
  fileId: Type.Optional(
    Type.String({ format: 'uuid', description: 'of the file that it is as well; absent for small artifacts' }),
  ),
})
export type Artifact = Static<typeof Artifact>

/** Where an artifact of a job can be read: a path on the gateway. */
export function artifactUrl(jobId: string, path: string): string {
  return `/v1/jobs/${jobId}/artifacts/${path.split('/').map(encodeURIComponent).join('/')}`
}
