import { type ArtifactFile, type ArtifactRequest, MAX_ARTIFACT_PATH_BYTES } from '../../shared/artifact.ts'
import { pathProblem } from '../../shared/path-problem.ts'
import { type MissingFiles, parseList, parsePiece } from './artifact-frames.ts'
import { ProtocolFault } from './frames.ts'

/** What a job left of what was asked for. */
export interface Gathered {
  /** In the order of their paths. */
  files: ArtifactFile[]
  missing: MissingFiles
}

/** Puts the files together that init sends, and holds it to what was asked for: whatever it says, memory is bounded. */
export interface Gathering {
  /** @throws ProtocolFault */
  piece(payload: Buffer): void
  /** @throws ProtocolFault */
  end(payload: Buffer): Gathered
}

export function createGathering({ maxBytes, maxFiles }: Pick<ArtifactRequest, 'maxBytes' | 'maxFiles'>): Gathering {
  const files = new Map<string, Buffer[]>()
  let last: string | undefined
  let begun = 0
  let bytes = 0

  const begin = (path: string) => {
    const wrong = Buffer.byteLength(path) > MAX_ARTIFACT_PATH_BYTES ? 'is too long' : pathProblem(path)
    if (wrong !== undefined) throw new ProtocolFault(`the path of an artifact ${wrong}`)
    if (files.has(path)) throw new ProtocolFault('an artifact comes twice')
    if (++begun > maxFiles) throw new ProtocolFault(`more than ${maxFiles} artifacts`)
    files.set(path, [])
  }

  return {
    piece(payload) {
      const { path, kind, content } = parsePiece(payload)
      if (kind === 'first') begin(path)
      else if (path !== last) throw new ProtocolFault('an artifact goes on that was not under way')
      bytes += content.length
      if (bytes > maxBytes) throw new ProtocolFault(`more than ${maxBytes} bytes of artifacts`)
      if (kind === 'forget') files.delete(path)
      else files.get(path)?.push(content)
      last = kind === 'forget' ? undefined : path
    },
    end(payload) {
      const missing = parseList(payload)
      const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
      return { files: sorted.map(([path, pieces]) => ({ path, content: Buffer.concat(pieces) })), missing }
    },
  }
}
