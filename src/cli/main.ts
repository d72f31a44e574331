#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { loadConfig } from '../shared/config/config.ts'
import { packageRoot } from '../shared/package-root.ts'
import { addAbuseCommands } from './abuse.ts'
import { addCompletionCommand } from './completion.ts'
import { loadConfiguredLanguages, selectLanguages, type CliContext } from './context.ts'
import { printDashboardLink } from './dashboard.ts'
import { addExamples } from './examples.ts'
import { doctor } from './doctor/doctor.ts'
import { runEngine } from './engine.ts'
import { EXIT, ExitError } from './jobs/exit.ts'
import { addJobCommands } from './jobs/jobs.ts'
import { addKeyCommands } from './keys.ts'
import { installLanguages, listLanguages, removeLanguages } from './languages.ts'
import { setUp } from './set-up.ts'
import { terminalProgress } from './terminal-progress.ts'
import { addWebhookCommands } from './webhooks.ts'
import { gateway } from './up/gateway.ts'
import { up } from './up/up.ts'
import { worker } from './up/worker.ts'

const ONE_PRESS_MS = 500

const root = packageRoot()
const note = (text: string) => void process.stderr.write(`runyard: ${text}\n`)
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

for (const [name, start, description] of [
  ['worker', worker, 'run a worker on this machine, for the Redis of REDIS_URL, until Ctrl-C'],
  ['gateway', gateway, 'run a gateway on this machine, for the Redis of REDIS_URL, until Ctrl-C'],
] as const) {
  program
    .command(name)
    .description(description)
    .action(async () => {
      const { stop, hurry } = stopSignals()
      process.exitCode = await start({ ...context(), progress: terminalProgress(), stop, hurry })
    })
}

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

program
  .command('engine')
  .description("run podman's service alone, for workers that are started otherwise, until Ctrl-C")
  .option('--folder <path>', "where its socket, podman.sock, is made; /run/runyard otherwise, or a user's own")
  .option('--group <group>', 'who may use it beside this user; whoever may has the rights of root on this machine')
  .action(({ folder, group }: { folder?: string; group?: string }) =>
    runEngine({ ...context(), folder, group, stop: stopSignals().stop }),
  )

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
addJobCommands(program, {
  context,
  env: process.env,
  streams: { stdout: process.stdout, stderr: process.stderr, note },
  stdin: () => process.stdin,
  signals: stopSignals,
  setExitCode: (code) => (process.exitCode = code),
})
addCompletionCommand(program, () => loadConfiguredLanguages(root).map(({ id }) => id), print)
addExamples(program)

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    // What is wrong stands there already, or the help that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage
  } else {
    note(error instanceof Error ? error.message : String(error))
    process.exitCode = error instanceof ExitError ? error.exitCode : 1
  }
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
