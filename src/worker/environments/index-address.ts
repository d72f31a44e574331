import { execFile } from 'node:child_process'

const TOOL_MS = 20_000

/**
 * The index that pip of this machine is configured with, by its files or the environment, as images of languages are built with; undefined
 * when there is no pip, or it has its default.
 */
export const pipIndex = async (): Promise<string | undefined> =>
  indexOf(await said('python3', ['-m', 'pip', 'config', 'list']))

/** The same of npm: its registry, which is its default where nothing else is configured; undefined when there is no npm. */
export async function npmRegistry(): Promise<string | undefined> {
  const text = (await said('npm', ['config', 'get', 'registry', '--no-workspaces'])).trim()
  return /^https?:\/\/\S+$/.test(text) ? text : undefined
}

/** The same of Go: the first proxy, which is its default where nothing else is configured; undefined when there is no Go. */
export const goProxy = async (): Promise<string | undefined> =>
  /^https?:\/\/[^\s,|]+/.exec(await said('go', ['env', 'GOPROXY']))?.[0]

/** What a tool of this machine prints; empty when it fails or is not there. */
function said(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: TOOL_MS }, (error, stdout) => resolve(error ? '' : stdout))
  })
}

/** @param text what `pip config list` prints; what comes from the environment wins, and then the last file */
export function indexOf(text: string): string | undefined {
  const found = [...text.matchAll(/^(:env:|global|install|download)\.index-url='([^']+)'$/gm)]
  const chosen = found.find(([, where]) => where === ':env:') ?? found.at(-1)
  return chosen?.[2]
}
