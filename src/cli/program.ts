import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Argument, Command, InvalidArgumentError, type Option } from 'commander'
import type { loadConfig } from '../shared/config/config.ts'
import { addAbuseCommands, addFormerAbuseCommands } from './abuse.ts'
import { addBenchCommand } from './bench/bench-command.ts'
import { SHELLS, type Shell } from './completion/shells.ts'
import type { CliContext } from './context.ts'
import { addExamples } from './examples.ts'
import { addEnvironmentCommands } from './environments.ts'
import { addFileCommands } from './files.ts'
import { addJobCommands, type JobCommandDeps } from './jobs/jobs.ts'
import { addKeyCommands } from './keys.ts'
import { addPackageCommands } from './packages.ts'
import { addLoginCommands } from './login/commands.ts'
import { addMcpCommand } from './mcp/mcp-command.ts'
import { plain, showsColour } from './paint.ts'
import { CONNECTION_OPTIONS } from './service/connection.ts'
import { addSessionCommands } from './sessions/sessions.ts'
import { terminalProgress } from './terminal-progress.ts'
import { addWebhookCommands } from './webhooks.ts'

export interface ProgramDeps extends JobCommandDeps {
  /** The folder of package.json. */
  root: string
  readonly loadConfig: () => ReturnType<typeof loadConfig>
  /** A line for the person at the terminal, or the command's result. */
  readonly print: (text: string) => void
}

type Json = { json?: boolean }

/**
 * The whole command `runyard`; nothing is done before it parses its arguments. What a command does is imported when it is called,
 * so that each loads what it needs itself.
 */
export function createProgram(deps: ProgramDeps): Command {
  const { root, print, context, setExitCode, signals, streams, stdout, env } = deps
  const program = new Command('runyard')
    .description('Runs code that strangers wrote, as queued jobs in sandboxes.')
    .version(versionOf(root), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
  const paint = streams.paint ?? plain
  program
    .configureHelp({
      styleTitle: (text) => paint('bold', text),
      styleCommandText: (text) => paint('cyan', text),
      styleSubcommandTerm: (text) => paint('cyan', text),
      styleOptionTerm: (text) => paint('cyan', text),
    })
    .configureOutput({ getOutHasColors: () => showsColour(stdout, env) })

  program.commandsGroup('Run programs:')
  addJobCommands(program, deps)
  addFileCommands(program, deps)
  addEnvironmentCommands(program, deps)
  addSessionCommands(program, deps)
  addBenchCommand(program, deps)
  addMcpCommand(program, deps)

  program.commandsGroup('Choose a service:')
  addLoginCommands(program, deps)

  program.commandsGroup('Operate a service, on its machine:')
  const services = {
    up: async () => (await import('./up/up.ts')).up,
    worker: async () => (await import('./up/worker.ts')).worker,
    gateway: async () => (await import('./up/gateway.ts')).gateway,
  }
  for (const [name, load, description] of [
    ['up', services.up, 'install missing parts, start everything, run one job, serve until Ctrl-C'],
    ['worker', services.worker, 'run a worker for the Redis of REDIS_URL, until Ctrl-C'],
    ['gateway', services.gateway, 'run a gateway for the Redis of REDIS_URL, until Ctrl-C'],
  ] as const) {
    program
      .command(name)
      .description(description)
      .action(async () => {
        const start = await load()
        const { stop, hurry } = signals()
        setExitCode(await start({ ...context(), progress: terminalProgress(), stop, hurry }))
      })
  }
  program
    .command('setup')
    .description('build the images and create the user id ranges that jobs need')
    .option('--languages <ids>', 'languages or groups, comma-separated; without it, the default languages')
    .option('--kernels <ids>', 'comma-separated; languages whose kernels, for sessions, are installed too')
    .option('--packages <ids>', 'comma-separated; languages whose installers of packages are installed too')
    .option('--json', 'print the result as JSON')
    .action(async (options: Json & { languages?: string; kernels?: string; packages?: string }) => {
      const { languages, kernels, packages, json = false } = options
      const { setUpLanguages } = await import('./languages.ts')
      const [ids, kernelIds, packageIds] = [languages, kernels, packages].map((list) => list?.split(','))
      return setUpLanguages(context(), ids, progressOf(json), json, kernelIds, packageIds)
    })
  program
    .command('doctor')
    .description('check this machine, and say how to fix problems')
    .option('--json', 'print the checks as JSON')
    .action(async ({ json = false }: Json) => {
      const { doctor } = await import('./doctor/doctor.ts')
      setExitCode(await doctor({ root, print, loadConfig: deps.loadConfig, json, paint }))
    })
  program
    .command('engine')
    .description("run only podman's service, for workers that you start separately, until Ctrl-C")
    .option('--folder <path>', 'folder of its socket, podman.sock; default /run/runyard, or the folder of a user')
    .option('--group <group>', 'who may use it beside this user; members get the rights of root on this machine')
    .action(async ({ folder, group }: { folder?: string; group?: string }) =>
      (await import('./engine.ts')).runEngine({ ...context(), folder, group, stop: signals().stop }),
    )
  addLanguageCommands(program, context)
  addImportCommand(program, deps)
  program
    .command('dashboard')
    .description('print a link that opens the dashboard once, without a key')
    .option('--json', 'print it as JSON')
    .action(async ({ json = false }: Json) => (await import('./dashboard.ts')).printDashboardLink(context(), json))
  addKeyCommands(program, context)
  addAbuseCommands(program, context)
  addPackageCommands(program, context)
  addFormerAbuseCommands(program, context, streams.note)
  addWebhookCommands(program, deps)

  program.commandsGroup('This command:')
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(
      new Argument('<shell>', SHELLS.join(', ')).argParser((text): Shell => {
        const known = SHELLS.find((shell) => shell === text)
        if (known === undefined) throw new InvalidArgumentError(`It must be one of ${SHELLS.join(', ')}.`)
        return known
      }),
    )
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion/script.ts')
      print(completionScript(shell, program, root))
    })
  addExamples(program, paint)
  finish(program)
  return program
}

function addImportCommand(program: Command, { root, print }: ProgramDeps): void {
  program
    .command('import')
    .description('print the settings that the configuration of Judge0 or Piston stands for')
    .addArgument(new Argument('<system>', 'whose configuration it is').choices(['judge0', 'piston']))
    .argument('<file>', 'judge0.conf, a file with the environment of Piston, or a compose file; - is standard input')
    .option('--json', 'print them as JSON')
    .action(async (system: 'judge0' | 'piston', file: string, { json = false }: Json) =>
      (await import('./import/import-command.ts')).importSettings({ root, system, file, json, print }),
    )
}

function addLanguageCommands(program: Command, context: () => CliContext): void {
  const load = () => import('./languages.ts')
  const languages = program.command('languages').description('list, install and remove the languages of jobs')
  languages
    .command('list')
    .description('list the languages, installed or not, and the groups')
    .option('--json', 'print them as JSON')
    .action(async ({ json = false }: Json) => (await load()).listLanguages(context(), json))
  languages
    .command('install <ids...>')
    .description('build the images of languages, or of all in a group; running workers find them by themselves')
    .option('--kernel', 'install their Jupyter kernels too, for sessions')
    .option('--packages', 'install what installs their packages too, for environments')
    .option('--details', 'without a terminal, print each step of the build')
    .option('--json', 'print what was installed as JSON')
    .action(async (ids: string[], options: Json & { kernel?: true; packages?: true; details?: boolean }) => {
      const { details, json = false } = options
      return (await load()).installLanguages(context(), ids, progressOf(json, details), json, options)
    })
  languages
    .command('remove <ids...>')
    .description('remove the images of languages, or of all in a group')
    .option('--json', 'print what was removed as JSON')
    .action(async (ids: string[], { json = false }: Json) =>
      (await load()).removeLanguages(context(), ids, progressOf(json), json),
    )
}

/** With `--json`, standard output has the result alone. */
const progressOf = (json: boolean, details = false) =>
  terminalProgress(json ? process.stderr : process.stdout, undefined, details)

function versionOf(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

/**
 * Has each command throw instead of ending the process, and name its help below what is wrong: the whole help there would hide what
 * is wrong. Options of the connection stand behind a command's own.
 */
function finish(command: Command, path = command.name()): void {
  command
    .exitOverride()
    .showHelpAfterError(`(see ${path} --help)`)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'runyard: ')) })
  if (command.commands.length > 0) command.helpCommand('help [command]', 'show help for a command')
  const isLast = ({ helpGroupHeading }: Option) => Number(helpGroupHeading === CONNECTION_OPTIONS)
  ;(command.options as Option[]).sort((a, b) => isLast(a) - isLast(b))
  for (const one of command.commands) finish(one, `${path} ${one.name()}`)
}
