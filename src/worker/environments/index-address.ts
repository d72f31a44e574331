import { execFile } from 'node:child_process'

const PIP_MS = 20_000

/**
 * The index that pip of this machine is configured with, by its files or the environment, as images of languages are built with; undefined
 * when there is no pip, or it has its default.
 */
export function pipIndex(): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile('python3', ['-m', 'pip', 'config', 'list'], { timeout: PIP_MS }, (error, stdout) => {
      resolve(error ? undefined : indexOf(stdout))
    })
  })
}

/** @param text what `pip config list` prints; what comes from the environment wins, and then the last file */
export function indexOf(text: string): string | undefined {
  const found = [...text.matchAll(/^(:env:|global|install|download)\.index-url='([^']+)'$/gm)]
  const chosen = found.find(([, where]) => where === ':env:') ?? found.at(-1)
  return chosen?.[2]
}
