import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A bash in which the commands of a page run one after the other: folder, variables and functions last. */
export interface DocShell {
  /** @returns its exit code, and what it wrote on both streams. @throws Error when bash has ended, as `set -e` lets it */
  run(command: string, stopAtFailure: boolean): Promise<{ exitCode: number; output: string }>
  close(): Promise<void>
}

const COMMAND_MS = process.env['SLOW_DOCS'] === '1' ? 500_000 : 20_000

/** @param prelude what bash reads first. */
export function openShell(cwd: string, env: NodeJS.ProcessEnv, prelude: string): DocShell {
  const bash = spawn('bash', ['--norc', '--noprofile'], {
    cwd,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const ended = once(bash, 'exit')
  const written = { text: '' }
  bash.stdout.setEncoding('utf8').on('data', (chunk: string) => (written.text += chunk))
  bash.stdin.on('error', () => undefined) // It ended: told by `run`.
  bash.stdin.write(`set -o pipefail\n${prelude}\n`)
  const kill = () => {
    try {
      if (bash.pid !== undefined) process.kill(-bash.pid, 'SIGKILL')
    } catch {
      // Nobody of its group is left.
    }
  }
  return {
    async run(command, stopAtFailure) {
      written.text = ''
      const code = Buffer.from(command).toString('base64')
      const [on, off] = stopAtFailure ? ['set -eu', 'set +eu'] : [':', ':']
      bash.stdin.write(
        `${on}; { eval "$(echo ${code} | base64 -d)"; } </dev/null 2>&1; status=$?; ${off}; printf '\\0%d\\0' $status\n`,
      )
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<string>((resolve) => (timer = setTimeout(resolve, COMMAND_MS, 'late')))
      try {
        for (;;) {
          const [, output, exitCode] = /^(.*)\0(\d+)\0$/s.exec(written.text) ?? []
          if (output !== undefined) return { exitCode: Number(exitCode), output }
          const next = await Promise.race([once(bash.stdout, 'data'), ended.then(() => 'ended'), late])
          if (next === 'ended') throw new Error(`a command failed:\n${command}\nIt wrote:\n${written.text}`)
          if (next === 'late') kill()
          if (next === 'late') throw new Error(`still running after ${COMMAND_MS} ms:\n${command}\n${written.text}`)
        }
      } finally {
        clearTimeout(timer)
      }
    },
    async close() {
      kill()
      await ended
    },
  }
}
