import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Argument, Command, InvalidArgumentError, type Option } from 'commander'
import type { Config } from '../shared/config/config.ts'
import { SHELLS, type Shell } from './completion/shells.ts'
import { addExamples } from './examples.ts'
import type { JobCommandDeps } from './jobs/jobs.ts'
import { plain, showsColour } from './paint.ts'
import { CONNECTION_OPTIONS } from './service/connection.ts'

export interface ProgramDeps extends JobCommandDeps {
  /** The folder of package.json. */
  root: string
  readonly loadConfig: () => Config | Promise<Config>
  /** A line for the person at the terminal, or the command's result. */
  readonly print: (text: string) => void
}

/** Some of the commands, and the module that describes them. */
interface Part {
  /** First words of the command lines that need it. */
  commands: readonly string[]
  add: (program: Command, deps: ProgramDeps) => Promise<void>
}

/** Every command, by the headings of the help. */
const GROUPS: Readonly<Record<string, readonly Part[]>> = {
  'Run programs:': [
    {
      commands: ['run', 'submit', 'get', 'logs', 'cancel', 'list', 'batch', 'judge', 'problem', 'artifact'],
      add: async (program, deps) => (await import('./jobs/jobs.ts')).addJobCommands(program, deps),
    },
    {
      commands: ['files'],
      add: async (program, deps) => (await import('./files.ts')).addFileCommands(program, deps),
    },
    {
      commands: ['environments'],
      add: async (program, deps) => (await import('./environments.ts')).addEnvironmentCommands(program, deps),
    },
    {
      commands: ['session'],
      add: async (program, deps) => (await import('./sessions/sessions.ts')).addSessionCommands(program, deps),
    },
    {
      commands: ['bench'],
      add: async (program, deps) => (await import('./bench/bench-command.ts')).addBenchCommand(program, deps),
    },
    {
      commands: ['mcp'],
      add: async (program, deps) => (await import('./mcp/mcp-command.ts')).addMcpCommand(program, deps),
    },
  ],
  'Choose a service:': [
    {
      commands: ['login', 'whoami', 'logout'],
      add: async (program, deps) => (await import('./login/commands.ts')).addLoginCommands(program, deps),
    },
  ],
  'Operate a service, on its machine:': [
    {
      commands: ['up', 'worker', 'gateway', 'setup', 'doctor', 'engine', 'languages', 'import', 'dashboard'],
      add: async (program, deps) => (await import('./operate.ts')).addServiceCommands(program, deps),
    },
    {
      commands: ['keys'],
      add: async (program, { context }) => (await import('./keys.ts')).addKeyCommands(program, context),
    },
    {
      commands: ['abuse', 'events', 'blocks'],
      add: async (program, { context, streams }) => {
        const { addAbuseCommands, addFormerAbuseCommands } = await import('./abuse.ts')
        addAbuseCommands(program, context)
        addFormerAbuseCommands(program, context, streams.note)
      },
    },
    {
      commands: ['packages'],
      add: async (program, { context }) => (await import('./packages.ts')).addPackageCommands(program, context),
    },
    {
      commands: ['webhooks'],
      add: async (program, deps) => (await import('./webhooks.ts')).addWebhookCommands(program, deps),
    },
  ],
}

/**
 * The command `runyard`; nothing is done before it parses its arguments. What a command does is imported when it is called, so
 * that each loads what it needs itself.
 * @param only the first word of the command line: where it is a command, the others are not described, which saves loading them
 */
export async function createProgram(deps: ProgramDeps, only?: string): Promise<Command> {
  const { root, streams, stdout, env } = deps
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

  const isMeant = ({ commands }: Part) => only !== undefined && commands.includes(only)
  const isAlone = Object.values(GROUPS).flat().some(isMeant)
  for (const [heading, parts] of Object.entries(GROUPS)) {
    program.commandsGroup(heading)
    for (const part of parts) if (!isAlone || isMeant(part)) await part.add(program, deps)
  }
  program.commandsGroup('This command:')
  addCompletionCommand(program, deps)
  addExamples(program, paint)
  finish(program)
  return program
}

function addCompletionCommand(program: Command, { root, print }: ProgramDeps): void {
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
}

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
