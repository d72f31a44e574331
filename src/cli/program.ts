import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import type { loadConfig } from '../shared/config/config.ts'
import { addAbuseCommands, addBlocksCommand, addEventsCommand } from './abuse.ts'
import { addBenchCommand } from './bench/bench-command.ts'
import { addCompletionCommand } from './completion/completion.ts'
import { loadConfiguredLanguages, selectLanguages, type CliContext } from './context.ts'
import { printDashboardLink } from './dashboard.ts'
import { doctor } from './doctor/doctor.ts'
import { runEngine } from './engine.ts'
import { addExamples } from './examples.ts'
import { addJobCommands, type JobCommandDeps } from './jobs/jobs.ts'
import { addKeyCommands } from './keys.ts'
import { installLanguages, listLanguages, removeLanguages } from './languages.ts'
import { setUp } from './set-up.ts'
import { terminalProgress } from './terminal-progress.ts'
import { addUsageHints } from './usage-hints.ts'
import { gateway } from './up/gateway.ts'
import { up } from './up/up.ts'
import { worker } from './up/worker.ts'
import { addWebhookCommands } from './webhooks.ts'

export interface ProgramDeps extends JobCommandDeps {
  /** The folder of package.json. */
  root: string
  readonly loadConfig: () => ReturnType<typeof loadConfig>
  /** A line for the person at the terminal, or the command's result. */
  readonly print: (text: string) => void
}

type Json = { json?: boolean }

/** The whole command `runyard`; nothing is done before it parses its arguments. */
export function createProgram(deps: ProgramDeps): Command {
  const { root, print, context, setExitCode, signals } = deps
  const ids = () => loadConfiguredLanguages(root).map(({ id }) => id)
  const program = new Command('runyard')
    .description('Runs code that strangers wrote, as queued jobs in sandboxes.')
    .version(versionOf(root), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'say more; each command has its own')

  program.commandsGroup('Run programs:')
  addJobCommands(program, deps)

  program.commandsGroup('Look after a service, on its machine:')
  program
    .command('up')
    .description('set up what is missing, start everything, run one job, keep running until Ctrl-C')
    .action(async () => {
      const { stop, hurry } = signals()
      setExitCode(await up({ ...context(), progress: terminalProgress(), stop, hurry }))
    })
  for (const [name, start, description] of [
    ['worker', worker, 'run a worker on this machine, for the Redis of REDIS_URL, until Ctrl-C'],
    ['gateway', gateway, 'run a gateway on this machine, for the Redis of REDIS_URL, until Ctrl-C'],
  ] as const) {
    program
      .command(name)
      .description(description)
      .action(async () => {
        const { stop, hurry } = signals()
        setExitCode(await start({ ...context(), progress: terminalProgress(), stop, hurry }))
      })
  }
  program
    .command('setup')
    .description('make the images and user id ranges that jobs need')
    .option('--languages <ids>', 'comma-separated; the default languages otherwise')
    .option('--json', 'print what there is now as JSON')
    .action(async ({ languages: names, json = false }: Json & { languages?: string }) => {
      const languages = loadConfiguredLanguages(root)
      const wanted =
        names === undefined ? languages.filter((one) => one.default) : selectLanguages(languages, names.split(','))
      const built = await setUp(context(), wanted.map(({ id }) => id), progressOf(json)) // prettier-ignore
      if (json) print(JSON.stringify({ languages: wanted.map(({ id }) => id), built }, null, 2))
      else if (built === 0) print('everything is set up')
    })
  program
    .command('doctor')
    .description('check what Runyard needs of this machine, and say how to mend what is wrong')
    .option('--json', 'print the checks as JSON')
    .action(async ({ json = false }: Json) =>
      setExitCode(await doctor({ root, print, loadConfig: deps.loadConfig, json })),
    )
  program
    .command('engine')
    .description("run podman's service alone, for workers that are started otherwise, until Ctrl-C")
    .option('--folder <path>', "where its socket, podman.sock, is made; /run/runyard otherwise, or a user's own")
    .option('--group <group>', 'who may use it beside this user; whoever may has the rights of root on this machine')
    .action(({ folder, group }: { folder?: string; group?: string }) =>
      runEngine({ ...context(), folder, group, stop: signals().stop }),
    )
  addLanguageCommands(program, context)
  program
    .command('dashboard')
    .description('a link that opens the dashboard once, without a key')
    .option('--json', 'print it as JSON')
    .action(({ json = false }: Json) => printDashboardLink(context(), json))
  addKeyCommands(program, context)
  addEventsCommand(program, context)
  addBlocksCommand(program, context)
  addBenchCommand(program, deps)
  addAbuseCommands(program, context)
  addWebhookCommands(program, deps)

  program.commandsGroup('Of this command itself:')
  addCompletionCommand(program, ids, print)
  program.helpCommand('help [command]', 'say more about a command')
  addExamples(program)
  addUsageHints(program)
  return program
}

function addLanguageCommands(program: Command, context: () => CliContext): void {
  const languages = program.command('languages').description('list, install and remove the languages of jobs')
  languages
    .command('list')
    .description('which languages there are, and which are installed')
    .option('--json', 'print them as JSON')
    .action(({ json = false }: Json) => listLanguages(context(), json))
  languages
    .command('install <ids...>')
    .description('make the images of languages; a running worker takes them up by itself')
    .option('--details', 'without a terminal, print whatever it is at')
    .option('--json', 'print what was installed as JSON')
    .action((ids: string[], { details, json = false }: Json & { details?: boolean }) =>
      installLanguages(context(), ids, progressOf(json, details), json),
    )
  languages
    .command('remove <ids...>')
    .description('remove the images of languages')
    .option('--json', 'print what was removed as JSON')
    .action((ids: string[], { json = false }: Json) => removeLanguages(context(), ids, progressOf(json), json))
}

/** Where a result is for programs, it stands alone on standard output. */
const progressOf = (json: boolean, details = false) =>
  terminalProgress(json ? process.stderr : process.stdout, undefined, details)

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}
