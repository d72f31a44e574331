import { Argument, type Command } from 'commander'
import type { PackageBan } from '../shared/environments/environment.ts'
import { PACKAGE_RULES } from '../shared/environments/package-rules.ts'
import type { CliContext } from './context.ts'

type Json = { json?: boolean }
type Ecosystem = PackageBan['ecosystem']

const load = () => import('./manage-packages.ts')

/** Adds `runyard packages list|show|evict|ban|unban|bans`. */
export function addPackageCommands(program: Command, context: () => Promise<CliContext>): void {
  const packages = program.command('packages').description('look at the packages of all tenants; evict and ban them')
  const ofPackage = (name: string, description: string) =>
    packages
      .command(name)
      .description(description)
      .addArgument(new Argument('<index>', 'where the package comes from').choices(Object.keys(PACKAGE_RULES)))
      .argument('<name>', 'of the package')
      .argument('[version]', 'one version; without it, every version')
  packages
    .command('list')
    .description('list the environments of all tenants, the last used first')
    .option('--json', 'print them as JSON')
    .action(async (options: Json) => (await load()).listPackages(await context(), options))
  packages
    .command('show')
    .description('print who asked for an environment, what it has, and the log of its build')
    .argument('<id>', 'of the environment')
    .option('--json', 'print it as JSON')
    .action(async (id: string, options: Json) => (await load()).showPackages(await context(), id, options))
  packages
    .command('evict')
    .description('remove environments from every host; whoever uses one next has it installed again')
    .argument('<ids...>', 'of the environments')
    .option('--json', 'print the ids as JSON')
    .action(async (ids: string[], options: Json) => (await load()).evictPackages(await context(), ids, options))
  ofPackage('ban', 'refuse a package to everybody, and evict every environment that has it')
    .option('--reason <text>', 'why: shown to whoever asks for it', '')
    .option('--json', 'print the ban as JSON')
    .action(async (index: Ecosystem, name: string, version: string | undefined, options: Json & { reason: string }) =>
      (await load()).banPackage(await context(), { ecosystem: index, name, version: version ?? null }, options),
    )
  ofPackage('unban', 'lift a ban')
    .option('--json', 'print whether it was banned as JSON')
    .action(async (index: Ecosystem, name: string, version: string | undefined, options: Json) =>
      (await load()).unbanPackage(await context(), { ecosystem: index, name, version: version ?? null }, options),
    )
  packages
    .command('bans')
    .description('list the banned packages')
    .option('--json', 'print them as JSON')
    .action(async (options: Json) => (await load()).listBans(await context(), options))
}
