import { CommanderError } from 'commander'
import { ConfigError } from '../shared/config/config-error.ts'
import { packageRoot } from '../shared/package-root.ts'
import { UsageError } from './context.ts'
import { EXIT, ExitError } from './exit.ts'
import { type Format, paintFor } from './paint.ts'
import { createProgram, type ProgramDeps } from './program.ts'
import { printableLines } from './table.ts'

const ONE_PRESS_MS = 500

const root = packageRoot()
const paint = paintFor(process.stdout, process.env)
const paintError = paintFor(process.stderr, process.env)
const say = (format: Format, text: string) =>
  void process.stderr.write(`${paintError(format, 'runyard:')} ${printableLines(text)}\n`)
const note = (text: string) => say('yellow', text)
const print = (text: string) => void process.stdout.write(`${text}\n`)

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read this may have seen enough (`| head`); what the command does goes on all the same.
  if (error.code === 'EPIPE') return
  note(`standard output cannot be written: ${error.message}`)
  process.exit(EXIT.cannotWrite)
})
// There is nobody left to tell.
process.stderr.on('error', () => {})

/** Read only by commands that need settings: most talk with a service, which has its own. */
const settings = async () => (await import('../shared/config/config.ts')).loadConfig(root)

const deps: ProgramDeps = {
  root,
  loadConfig: settings,
  context: async () => ({ root, config: await settings(), print, paint }),
  print,
  env: process.env,
  streams: { stdout: process.stdout, stderr: process.stderr, note, paint },
  stdin: () => process.stdin,
  stdout: process.stdout,
  signals: stopSignals,
  setExitCode: (code) => (process.exitCode = code),
}

try {
  const program = await createProgram(deps, process.argv[2])
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // What is wrong stands there already, or the help that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage
  } else {
    say('red', error instanceof Error ? error.message : String(error))
    process.exitCode = exitCodeFor(error)
  }
}

// Node would go on for a while: it compiles the parser of `fetch` to the end, which nobody waits for.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))))
// An error of such a write is emitted after its callback, and ends the process itself.
setImmediate(() => process.exit())

function exitCodeFor(error: unknown): number {
  if (error instanceof ExitError) return error.exitCode
  if (error instanceof UsageError) return EXIT.usage
  return error instanceof ConfigError ? EXIT.setting : 1
}

/**
 * The first SIGINT, SIGTERM or SIGHUP asks to stop, the second to hurry. One Ctrl-C can come twice at once: from the terminal
 * and from npm, which passes it on.
 */
function stopSignals(): { stop: AbortSignal; hurry: AbortSignal } {
  const stop = new AbortController()
  const hurry = new AbortController()
  let first = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!stop.signal.aborted) {
        first = performance.now()
        stop.abort()
      } else if (performance.now() - first > ONE_PRESS_MS) {
        hurry.abort()
      }
    })
  }
  return { stop: stop.signal, hurry: hurry.signal }
}
