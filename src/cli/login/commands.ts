import type { Command } from 'commander'
import { addConnectionOptions, type ConnectionOptions } from '../service/connection.ts'
import type { JobCommandDeps } from '../jobs/jobs.ts'

type Options = ConnectionOptions & { json?: boolean }

const load = () => import('./login.ts')

/** Adds `runyard login|whoami|logout`. */
export function addLoginCommands(program: Command, deps: JobCommandDeps): void {
  const add = (name: string, description: string) => program.command(name).description(description)
  addConnectionOptions(add('login', 'choose a service, check a key there and store both for later commands'))
    .option('--json', 'print the result as JSON')
    .action(async (options: Options) => (await load()).login(options, deps))
  addConnectionOptions(add('whoami', 'show which service and key commands use, and whether the key is valid'))
    .option('--json', 'print it as JSON')
    .action(async (options: Options) => (await load()).whoami(options, deps))
  add('logout', 'forget the stored service and key')
    .option('--json', 'print what was forgotten as JSON')
    .action(async (options: { json?: boolean }) => (await load()).logout(options, deps))
}
