import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MINUTE } from '../../shared/limits.ts'
import type { InstallationAction } from '../../shared/redis/installations.ts'

export interface InstallResult {
  ok: boolean
  /** The end of what was said, when it failed. */
  detail: string | null
}

export interface RunInstallOptions {
  /** Folder with `dist/`. */
  root: string
  env: NodeJS.ProcessEnv
  action: InstallationAction
  /** Id of a language that is defined here. */
  language: string
  /** Gets each line as it comes. */
  tell: (line: string) => void
  signal: AbortSignal
}

const TIMEOUT_MS = 60 * MINUTE
const MAX_LINE = 500
const TOLD_AT_THE_END = 5

/**
 * Makes or removes the image of a language with the command that people use for it, as a process of its own: it may take minutes, and what
 * it does to this machine is that command's matter. Never rejects.
 */
export function runInstall({ root, env, action, language, tell, signal }: RunInstallOptions): Promise<InstallResult> {
  const command = join(root, 'dist/cli/main.js')
  if (!existsSync(command)) return Promise.resolve({ ok: false, detail: `${command} is not there; npm run build` })
  return new Promise((resolve) => {
    const options = action === 'install' ? ['--details'] : []
    const child = spawn(process.execPath, [command, 'languages', action, ...options, language], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
      cwd: root,
      signal,
      timeout: TIMEOUT_MS,
    })
    const last: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      const take = (line: string) => {
        const text = line.trimEnd().slice(0, MAX_LINE)
        if (text === '') return
        last.push(text)
        if (last.length > TOLD_AT_THE_END) last.shift()
        tell(text)
      }
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split(/\r?\n|\r/)
        rest = lines.pop() ?? ''
        lines.forEach(take)
      })
      stream.on('end', () => take(rest))
    }
    child.on('error', (error) => last.push(error.message))
    child.on('close', (code) => {
      if (code === 0) return resolve({ ok: true, detail: null })
      const how = signal.aborted ? 'the worker was closed' : code === null ? 'it was ended' : `it exited with ${code}`
      resolve({ ok: false, detail: [how, ...last].join('\n') })
    })
  })
}
