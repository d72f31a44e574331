import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import type { StoredFile } from '../client/client.ts'
import type { JobCommandDeps } from './jobs/jobs.ts'
import { EXIT, ExitError } from './exit.ts'
import { type Paint, plain } from './paint.ts'
import {
  addConnectionOptions,
  connect,
  type Connection,
  type ConnectionOptions,
  contentOf,
} from './service/connection.ts'
import { explain } from './service/explain.ts'
import { printable, second, table } from './table.ts'
import { wholeNumber } from './whole-number.ts'
import { written } from './written.ts'

type Json = { json?: boolean }

/** Adds `runyard files put|get|list|remove`. */
export function addFileCommands(program: Command, { context, env, streams }: JobCommandDeps): void {
  const print = (text: string) => void streams.stdout.write(`${text}\n`)
  const printJson = (value: unknown) => print(JSON.stringify(value, null, 2))
  const files = program.command('files').description('upload, download, list and delete files for jobs')
  const add = (name: string, description: string) => addConnectionOptions(files.command(name).description(description))
  const reach = async (options: ConnectionOptions, what: string, work: (connection: Connection) => Promise<void>) => {
    const connection = await connect(options, env, context, streams.note)
    await work(connection).catch((error: unknown) => {
      throw explain(error, connection, what)
    })
  }

  add('put <files...>', 'upload files and print their ids; a job takes one with run --file NAME=ID')
    .option('--name <name>', 'what to call it, of a single file; default: its own name')
    .option('--type <type>', 'content type, e.g. text/csv')
    .option('--ttl <seconds>', 'how long to keep it; default: as long as the service keeps files', wholeNumber(1, 1e9))
    .option('--json', 'print them as JSON')
    .action(
      async (paths: string[], options: ConnectionOptions & Json & { name?: string; type?: string; ttl?: number }) => {
        const { name, type, ttl, json } = options
        if (name !== undefined && paths.length > 1) {
          throw new ExitError(EXIT.usage, '--name is for a single file; these are several')
        }
        const stored: StoredFile[] = []
        for (const path of paths) {
          await reach(options, path, async ({ client }) => {
            const content = await contentOf(path, 'the file')
            const put = { name: name ?? basename(path), contentType: type, ttlSeconds: ttl }
            stored.push(await client.files.put(content, put))
          })
        }
        if (json) printJson({ files: stored })
        else for (const file of stored) print(paths.length === 1 ? file.id : `${file.id}  ${printable(file.name)}`)
      },
    )
  add('get <id>', 'print the content of a file')
    .option('-o, --output <file>', 'write it to this file instead')
    .option('--json', 'print what is known of the file as JSON instead of its content')
    .action(async (id: string, options: ConnectionOptions & Json & { output?: string }) =>
      reach(options, `file ${id}`, async ({ client }) => {
        if (options.json) return printJson(await client.files.get(id))
        const content = client.files.stream(id)
        if (options.output !== undefined) return save(content, options.output)
        for await (const piece of content) if (!(await written(streams.stdout, piece))) return
      }),
    )
  add('list', 'list your files, newest first')
    .option('-n, --limit <count>', 'how many at most', wholeNumber(1, 999_999), 20)
    .option('--json', 'print them as JSON')
    .action(async (options: ConnectionOptions & Json & { limit: number }) =>
      reach(options, 'list', async ({ client }) => {
        const found: StoredFile[] = []
        for await (const file of client.files.list()) {
          found.push(file)
          if (found.length === options.limit) break
        }
        if (options.json) printJson({ files: found })
        else print(fileTable(found, streams.paint))
      }),
    )
  add('remove <ids...>', 'delete files; jobs that were submitted with them still get them')
    .option('--json', 'print their ids as JSON')
    .action(async (ids: string[], options: ConnectionOptions & Json) => {
      for (const id of ids) await reach(options, `file ${id}`, ({ client }) => client.files.remove(id))
      if (options.json) printJson({ removed: ids })
      else for (const id of ids) print(`${id} is deleted`)
    })
}

/** The file is there when it is whole. @throws ExitError when it cannot be written */
async function save(content: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const partial = `${path}.part`
  const target = createWriteStream(partial)
  const cannot = (error: NodeJS.ErrnoException) => new ExitError(EXIT.cannotWrite, `--output ${path}: ${error.message}`)
  let failure: ExitError | undefined
  target.once('error', (error) => (failure = cannot(error)))
  try {
    await pipeline(content, target)
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw failure ?? ((error as NodeJS.ErrnoException).syscall === 'rename' ? cannot(error as Error) : error)
  }
}

function fileTable(files: readonly StoredFile[], paint: Paint = plain): string {
  if (files.length === 0) return 'You have no files.'
  const columns = [
    { title: 'ID' },
    { title: 'CREATED (UTC)' },
    { title: 'EXPIRES (UTC)' },
    { title: 'BYTES', align: 'right' as const },
    { title: 'NAME' },
  ]
  const rows = files.map(({ id, createdAt, expiresAt, bytes, name }) => [
    id,
    second(createdAt),
    second(expiresAt),
    String(bytes),
    name,
  ])
  return table(columns, rows, paint)
}
