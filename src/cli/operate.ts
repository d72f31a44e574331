import { Argument, type Command } from 'commander'
import type { CliContext } from './context.ts'
import { plain } from './paint.ts'
import type { ProgramDeps } from './program.ts'
import { terminalProgress } from './terminal-progress.ts'

type Json = { json?: boolean }

/** Commands that set up a service, run its parts and look after it. */
export function addServiceCommands(program: Command, deps: ProgramDeps): void {
  const { root, print, context, setExitCode, signals, streams } = deps
  const paint = streams.paint ?? plain
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
        setExitCode(await start({ ...(await context()), progress: terminalProgress(), stop, hurry }))
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
      return setUpLanguages(await context(), ids, progressOf(json), json, kernelIds, packageIds)
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
      (await import('./engine.ts')).runEngine({ ...(await context()), folder, group, stop: signals().stop }),
    )
  addLanguageCommands(program, context)
  addImportCommand(program, deps)
  program
    .command('dashboard')
    .description('print a link that opens the dashboard once, without a key')
    .option('--json', 'print it as JSON')
    .action(async ({ json = false }: Json) =>
      (await import('./dashboard.ts')).printDashboardLink(await context(), json),
    )
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

function addLanguageCommands(program: Command, context: () => Promise<CliContext>): void {
  const load = () => import('./languages.ts')
  const languages = program.command('languages').description('list, install and remove the languages of jobs')
  languages
    .command('list')
    .description('list the languages, installed or not, and the groups')
    .option('--json', 'print them as JSON')
    .action(async ({ json = false }: Json) => (await load()).listLanguages(await context(), json))
  languages
    .command('install <ids...>')
    .description('build the images of languages, or of all in a group; running workers find them by themselves')
    .option('--kernel', 'install their Jupyter kernels too, for sessions')
    .option('--packages', 'install what installs their packages too, for environments')
    .option('--details', 'without a terminal, print each step of the build')
    .option('--json', 'print what was installed as JSON')
    .action(async (ids: string[], options: Json & { kernel?: true; packages?: true; details?: boolean }) => {
      const { details, json = false } = options
      return (await load()).installLanguages(await context(), ids, progressOf(json, details), json, options)
    })
  languages
    .command('remove <ids...>')
    .description('remove the images of languages, or of all in a group')
    .option('--json', 'print what was removed as JSON')
    .action(async (ids: string[], { json = false }: Json) =>
      (await load()).removeLanguages(await context(), ids, progressOf(json), json),
    )
}

/** With `--json`, standard output has the result alone. */
const progressOf = (json: boolean, details = false) =>
  terminalProgress(json ? process.stderr : process.stdout, undefined, details)
