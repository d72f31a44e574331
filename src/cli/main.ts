#!/usr/bin/env node
import { Command } from 'commander'
import { CommandError } from '../host/command.ts'
import { loadConfig, ConfigError } from '../shared/config/config.ts'
import { packageRoot } from '../shared/package-root.ts'
import { addAbuseCommands } from './abuse.ts'
import { loadConfiguredLanguages, selectLanguages, UsageError, type CliContext } from './context.ts'
import { printDashboardLink } from './dashboard.ts'
import { doctor } from './doctor/doctor.ts'
import { addKeyCommands } from './keys.ts'
import { installLanguages, listLanguages, removeLanguages } from './languages.ts'
import { setUp } from './set-up.ts'
import { terminalProgress } from './terminal-progress.ts'
import { addWebhookCommands } from './webhooks.ts'
import { up } from './up/up.ts'

const ONE_PRESS_MS = 500

const root = packageRoot()
const print = (text: string) => void process.stdout.write(`${text}\n`)
const context = (): CliContext => ({ root, config: loadConfig(root), print })

// Whoever read this may have seen enough (`| head`); what the command does goes on all the same.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const program = new Command('runyard').description('Runs untrusted code as queued jobs').showHelpAfterError()

program
  .command('up')
  .description('set up what is missing, start everything, run one job, keep running until Ctrl-C')
  .action(async () => {
    const { stop, hurry } = stopSignals()
    process.exitCode = await up({ ...context(), progress: terminalProgress(), stop, hurry })
  })

program
  .command('setup')
  .description('make the images and user id ranges that jobs need')
  .option('--languages <ids>', 'comma-separated; the default languages otherwise')
  .action(async ({ languages: ids }: { languages?: string }) => {
    const languages = loadConfiguredLanguages(root)
    const wanted =
      ids === undefined ? languages.filter((one) => one.default) : selectLanguages(languages, ids.split(','))
    const built = await setUp(context(), wanted.map(({ id }) => id), terminalProgress()) // prettier-ignore
    if (built === 0) print('everything is set up')
  })

program
  .command('doctor')
  .description('check what Runyard needs of this machine, and say how to mend what is wrong')
  .option('--json', 'print the checks as JSON')
  .action(async ({ json = false }: { json?: boolean }) => {
    process.exitCode = await doctor({ root, print, loadConfig: () => loadConfig(root), json })
  })

const languages = program.command('languages').description('list, install and remove the languages of jobs')
languages
  .command('list')
  .description('which languages there are, and which are installed')
  .option('--json', 'print them as JSON')
  .action(({ json = false }: { json?: boolean }) => listLanguages(context(), json))
languages
  .command('install <ids...>')
  .description('make the images of languages; a running worker takes them up by itself')
  .option('--details', 'without a terminal, print whatever it is at')
  .action((ids: string[], { details }: { details?: boolean }) =>
    installLanguages(context(), ids, terminalProgress(process.stdout, undefined, details)),
  )
languages
  .command('remove <ids...>')
  .description('remove the images of languages')
  .action((ids: string[]) => removeLanguages(context(), ids, terminalProgress()))

program
  .command('dashboard')
  .description('a link that opens the dashboard once, without a key')
  .action(() => printDashboardLink(context()))

addKeyCommands(program, context)
addWebhookCommands(program, context)
addAbuseCommands(program, context)

try {
  await program.parseAsync()
} catch (error) {
  const plain = error instanceof UsageError || error instanceof ConfigError || error instanceof CommandError
  process.stderr.write(`runyard: ${plain ? error.message : error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
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
