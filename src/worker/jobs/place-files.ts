import type { JobStoredFile } from '../../shared/files/stored-file.ts'
import type { SourceFile } from '../../shared/job.ts'
import type { JobFiles } from '../files/job-files.ts'
import { type CompiledFile, EVERYTHING } from '../judging/compiled-programs.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** Writes submitted files into a cell. */
export function writeFiles(sandbox: Sandbox, files: readonly SourceFile[]): void {
  for (const file of files) {
    const content = Buffer.from(file.content, file.encoding === 'base64' ? 'base64' : 'utf8')
    sandbox.writeFile(file.path, modeOf(file, content), content)
  }
}

/** The permissions of a submitted file: its own, else by its content. A file that names its interpreter is there to be run. */
function modeOf({ mode }: SourceFile, content: Buffer): number {
  if (mode !== undefined) return parseInt(mode, 8)
  return content[0] === 0x23 && content[1] === 0x21 ? 0o755 : 0o644
}

/** Writes what a compiler left into a cell. */
export function writeCompiled(sandbox: Sandbox, files: readonly CompiledFile[]): void {
  for (const { path, content } of files) sandbox.writeFile(path, 0o755, content)
}

/** Brings stored files into a cell, until the signal aborts. @throws FilesUnavailable, FileGone, SandboxBroken */
export async function placeFiles(
  sandbox: Sandbox,
  storedFiles: readonly JobStoredFile[] = [],
  files: Pick<JobFiles, 'read'> | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const file of storedFiles) {
    if (signal.aborted) return
    if (!files) throw new Error('there is no file store to take files from')
    const mode = parseInt(file.mode ?? '644', 8)
    await files.read(file, (content) => sandbox.streamFile(file.path, mode, file.bytes, content, signal))
  }
}

/** The files of the job's folder, when they can be had whole. */
export async function wholeFolder(sandbox: Sandbox): Promise<readonly CompiledFile[] | undefined> {
  const { files, missing } = await sandbox.gather(EVERYTHING)
  const { stopped, ...counts } = missing
  return stopped === null && Object.values(counts).every((count) => count === 0) ? files : undefined
}
