import { type ArtifactFile, type ArtifactRequest, MAX_ARTIFACT_PATH_BYTES } from '../../shared/artifact.ts'
import { pathProblem } from '../../shared/path-problem.ts'
import { type MissingFiles, parseList, parsePiece } from './artifact-frames.ts'
import { ProtocolFault } from './frames.ts'

/** What a job left of what was asked for. */
export interface Gathered {
  /** In the order of their paths. */
  files: ArtifactFile[]
  /** Those that went elsewhere as they came, in the order of their paths. */
  spilled: SpilledFile[]
  missing: MissingFiles
}

export interface SpilledFile {
  /** Relative to the job's folder. */
  path: string
  spill: Spill
}

/** Where a file goes that is too large to be held. Nothing here throws; what becomes of it whoever made it knows. */
export interface Spill {
  /** Takes the next piece. The sender is held back elsewhere. */
  write(piece: Buffer): void
  /** It is complete. */
  end(): void
  /** It never will be. */
  abort(): void
}

/** What may be held, and where the rest goes. */
export interface GatherSpilling {
  /** Of all files together. */
  inlineBytes: number
  begin: () => Spill
}

/** Puts the files together that init sends, and holds it to what was asked for: whatever it says, memory is bounded. */
export interface Gathering {
  /** @throws ProtocolFault */
  piece(payload: Buffer): void
  /** @throws ProtocolFault */
  end(payload: Buffer): Gathered
  /** No more will come. */
  abort(): void
}

interface ComingFile {
  pieces: Buffer[]
  bytes: number
  spill?: Spill
}

export function createGathering(
  { maxBytes, maxFiles }: Pick<ArtifactRequest, 'maxBytes' | 'maxFiles'>,
  spilling?: GatherSpilling,
): Gathering {
  const files = new Map<string, ComingFile>()
  let last: string | undefined
  let begun = 0
  let bytes = 0
  let held = 0

  const begin = (path: string) => {
    const wrong = Buffer.byteLength(path) > MAX_ARTIFACT_PATH_BYTES ? 'is too long' : pathProblem(path)
    if (wrong !== undefined) throw new ProtocolFault(`the path of an artifact ${wrong}`)
    if (files.has(path)) throw new ProtocolFault('an artifact comes twice')
    if (++begun > maxFiles) throw new ProtocolFault(`more than ${maxFiles} artifacts`)
    endLast()
    files.set(path, { pieces: [], bytes: 0 })
  }

  const endLast = () => {
    if (last !== undefined) files.get(last)?.spill?.end()
  }

  const take = (file: ComingFile, content: Buffer) => {
    file.bytes += content.length
    if (file.spill) return file.spill.write(content)
    file.pieces.push(content)
    held += content.length
    if (!spilling || held <= spilling.inlineBytes) return
    file.spill = spilling.begin()
    for (const piece of file.pieces) file.spill.write(piece)
    held -= file.bytes
    file.pieces = []
  }

  const forget = (path: string) => {
    const file = files.get(path)
    if (file && !file.spill) held -= file.bytes
    file?.spill?.abort()
    files.delete(path)
  }

  return {
    piece(payload) {
      const { path, kind, content } = parsePiece(payload)
      if (kind === 'first') begin(path)
      else if (path !== last) throw new ProtocolFault('an artifact goes on that was not under way')
      bytes += content.length
      if (bytes > maxBytes) throw new ProtocolFault(`more than ${maxBytes} bytes of artifacts`)
      const file = files.get(path)
      if (kind === 'forget') forget(path)
      else if (file) take(file, content)
      last = kind === 'forget' ? undefined : path
    },
    end(payload) {
      const missing = parseList(payload)
      endLast()
      const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
      return {
        files: sorted.flatMap(([path, { pieces, spill }]) => (spill ? [] : [{ path, content: Buffer.concat(pieces) }])),
        spilled: sorted.flatMap(([path, { spill }]) => (spill ? [{ path, spill }] : [])),
        missing,
      }
    },
    abort() {
      for (const { spill } of files.values()) spill?.abort()
    },
  }
}
