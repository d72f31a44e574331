import type { Command } from 'commander'
import { standingOf } from '../client/environment-standing.ts'
import { formatSpace } from '../shared/format-space.ts'
import { EXIT, ExitError } from './exit.ts'
import type { JobCommandDeps } from './jobs/jobs.ts'
import { liveLine } from './live-line.ts'
import { plain } from './paint.ts'
import { addConnectionOptions, connect, type Connection, type ConnectionOptions } from './service/connection.ts'
import { explain } from './service/explain.ts'
import { printable, table } from './table.ts'

type Json = { json?: boolean }

/** Adds `runyard environments install|list|remove`. */
export function addEnvironmentCommands(program: Command, { context, env, streams }: JobCommandDeps): void {
  const print = (text: string) => void streams.stdout.write(`${text}\n`)
  const printJson = (value: unknown) => print(JSON.stringify(value, null, 2))
  const environments = program.command('environments').description('install packages ahead of the jobs that use them')
  const add = (name: string, description: string) =>
    addConnectionOptions(environments.command(name).description(description))
  const reach = async (options: ConnectionOptions, what: string, work: (connection: Connection) => Promise<void>) => {
    const connection = await connect(options, env, context, streams.note)
    await work(connection).catch((error: unknown) => {
      throw explain(error, connection, what)
    })
  }

  add('install <sets...>', 'install sets of packages, e.g. python/data; jobs name them as their environment')
    .option('--json', 'print the environments as JSON')
    .action(async (sets: string[], options: ConnectionOptions & Json) => {
      const made: unknown[] = []
      for (const set of sets) {
        const language = /^([a-z][a-z0-9+-]*)\/[a-z][a-z0-9-]*$/.exec(set)?.[1]
        if (language === undefined)
          throw new ExitError(EXIT.usage, `${printable(set)} names no set of packages; such a name is like python/data`)
        await reach(options, set, async ({ client }) => {
          const line = liveLine(streams.stderr)
          const onProgress = (progress: string) => line.show(`${set}: ${printable(progress)}`)
          const isTerminal = 'isTTY' in streams.stderr && streams.stderr.isTTY === true
          const environment = await client.environments
            .create({ language, set }, isTerminal ? { onProgress } : {})
            .finally(() => line.clear())
          made.push(environment)
          const { packages, bytes } = environment
          if (!options.json) print(`${set}: ${packages.length} packages, ${formatSpace(bytes ?? 0)}  ${environment.id}`)
        })
      }
      if (options.json) printJson({ environments: made })
    })
  add('list', 'list the environments that you asked for, newest first')
    .option('--json', 'print them as JSON')
    .action(async (options: ConnectionOptions & Json) =>
      reach(options, 'environments', async ({ client }) => {
        const found = await client.environments.list()
        if (options.json) return printJson({ environments: found })
        const columns = [
          { title: 'ID' },
          { title: 'STATE' },
          { title: 'LANGUAGE' },
          { title: 'SIZE', align: 'right' as const },
          { title: 'PACKAGES' },
        ]
        const rows = found.map((one) => [
          one.id,
          standingOf(one),
          one.language,
          one.bytes === null ? '' : formatSpace(one.bytes),
          one.dependencies.join(' ').slice(0, SHOWN),
        ])
        print(table(columns, rows, plain))
      }),
    )
  add('remove <ids...>', 'take environments off your list')
    .option('--json', 'print what was removed as JSON')
    .action(async (ids: string[], options: ConnectionOptions & Json) => {
      for (const id of ids) await reach(options, id, async ({ client }) => client.environments.remove(id))
      if (options.json) printJson({ removed: ids })
    })
}

/** Characters of what was asked for. */
const SHOWN = 60
