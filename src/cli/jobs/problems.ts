import type { Command } from 'commander'
import type { StoredProblem } from '../../client/client.ts'
import { plain } from '../paint.ts'
import { addConnectionOptions, type ConnectionOptions, writeFile } from '../service/connection.ts'
import { printable, second, table } from '../table.ts'
import { wholeNumber } from '../whole-number.ts'
import type { JobCommandDeps, Reach } from './jobs.ts'
import type { SimilarityOptions } from './similarity.ts'
import type { StoreOptions } from './store-problem.ts'

type Json = { json?: boolean }

/** Adds `runyard problem check|store|list|export|delete|rejudge|similarity`. */
export function addProblemCommands(program: Command, deps: JobCommandDeps, reach: Reach): void {
  const { streams } = deps
  const print = (text: string) => void streams.stdout.write(`${text}\n`)
  const printJson = (value: unknown) => print(JSON.stringify(value, null, 2))
  const problem = program.command('problem').description('problems: try and store them, judge submissions again')
  const add = (name: string, description: string) =>
    addConnectionOptions(problem.command(name).description(description))

  add('check <folder>', 'judge the example submissions of a problem, and hold them to what they claim')
    .option('--json', 'print the report as JSON')
    .action(async (folder: string, options: ConnectionOptions & Json) =>
      reach(options, folder, async (connection) => {
        const { checkProblem } = await import('./check-problem.ts')
        deps.setExitCode(await checkProblem(folder, options, connection, streams, deps.signals()))
      }),
    )
  add('store <path>', 'store a folder, or a zip, tar or tar.gz of one, and print the id of the problem')
    .option(
      '--name <name>',
      'its name; when absent, that of the version before, of the package, or of the file or folder',
    )
    .option('--id <id>', 'store it as a new version of this problem')
    .option('--validate', 'store nothing: say what it is, or all that is wrong with it')
    .option('--json', 'print what is known of it as JSON')
    .action(async (path: string, options: ConnectionOptions & StoreOptions) =>
      reach(options, path, async (connection) => {
        const { storeProblem } = await import('./store-problem.ts')
        await storeProblem(path, options, connection, streams)
      }),
    )
  add('list', 'list your stored problems, newest first')
    .option('--json', 'print them as JSON')
    .action(async (options: ConnectionOptions & Json) =>
      reach(options, 'problem list', async ({ client }) => {
        const problems = await client.problems.list()
        if (options.json) printJson({ problems })
        else print(problemTable(problems))
      }),
    )
  add('export <id>', 'write a stored problem, with its tests, as a tar.gz of a plain folder')
    .option('-o, --output <file>', 'where to; ID.tar.gz when absent')
    .option('--json', 'print the file and its bytes as JSON')
    .action(async (id: string, options: ConnectionOptions & Json & { output?: string }) =>
      reach(options, `problem ${id}`, async ({ client }) => {
        const { output = `${id}.tar.gz` } = options
        const archive = await client.problems.export(id)
        writeFile(output, Buffer.from(archive), '--output')
        if (options.json) printJson({ id, output, bytes: archive.length })
        else streams.note(`wrote ${output}`)
      }),
    )
  add('delete <id>', 'delete a stored problem; jobs that wait are still judged with it')
    .option('--json', 'print its id as JSON')
    .action(async (id: string, options: ConnectionOptions & Json) =>
      reach(options, `problem ${id}`, async ({ client }) => {
        await client.problems.remove(id)
        if (options.json) printJson({ id })
        else streams.note(`deleted ${id}`)
      }),
    )
  add('rejudge <id>', 'judge all submissions of a stored problem again, and show how their verdicts changed')
    .option('--no-wait', 'print the id of the batch and return')
    .option('--json', 'print the batch as JSON')
    .action(async (id: string, options: ConnectionOptions & Json & { wait: boolean }) =>
      reach(options, `problem ${id}`, async (connection) => {
        const { rejudge } = await import('./rejudge.ts')
        await rejudge(id, options, connection, streams)
      }),
    )
  add('similarity <id>', 'compare the submissions of a stored problem with each other')
    .option('--least <percent>', 'least similarity of a pair', wholeNumber(0, 100), 50)
    .option('--html <file>', 'write a page with the lines that are alike')
    .option('--json', 'print the pairs as JSON')
    .action(async (id: string, options: SimilarityOptions & ConnectionOptions) =>
      reach(options, `problem ${id}`, async (connection) => {
        const { similarity } = await import('./similarity.ts')
        await similarity(id, options, connection, streams)
      }),
    )

  function problemTable(problems: readonly StoredProblem[]): string {
    if (problems.length === 0) return 'No problems are stored.'
    const columns = [
      { title: 'ID' },
      { title: 'NAME' },
      { title: 'VERSION', align: 'right' as const },
      { title: 'TESTS', align: 'right' as const },
      { title: 'POINTS', align: 'right' as const },
      { title: 'UPDATED (UTC)' },
    ]
    const rows = problems.map(({ id, name, version, tests, points, updatedAt }) => [
      id,
      printable(name),
      String(version),
      String(tests),
      String(points),
      second(updatedAt),
    ])
    return table(columns, rows, streams.paint ?? plain)
  }
}
