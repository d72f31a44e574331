import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Batch, CodeRequest } from '../../client/client.ts'
import { EXIT, ExitError } from '../exit.ts'
import { type Connection, type ConnectionOptions, PATIENT_RETRIES, readFile } from './connection.ts'

interface BatchCommandDeps {
  addConnectionOptions: (command: Command) => Command
  /** Does something at the service; says what to do when that fails. */
  reach: (options: ConnectionOptions, what: string, work: (connection: Connection) => Promise<void>) => Promise<void>
  print: (text: string) => void
}

type Options = ConnectionOptions & { json?: boolean; wait?: boolean }

/** Adds `runyard batch submit|get|cancel`. */
export function addBatchCommands(program: Command, { addConnectionOptions, reach, print }: BatchCommandDeps): void {
  const batches = program.command('batch').description('submit many jobs in one call, wait for them, end them')
  const add = (name: string, description: string) =>
    addConnectionOptions(batches.command(name).description(description)).option('--json', 'print it as JSON')
  const show = (batch: Batch, { json }: Options) => print(json ? JSON.stringify(batch, null, 2) : portrait(batch))

  add(
    'submit <file>',
    'submit the jobs of a JSON file, all or none, and print the id of the batch; - for standard input',
  )
    .option('-w, --wait', 'until all have ended')
    .action(async (file: string, options: Options) =>
      reach(options, file, async ({ client }) => {
        const accepted = await client.batch(requestsOf(file))
        if (options.wait) show(await client.waitBatch(accepted.id, { retries: PATIENT_RETRIES }), options)
        else print(options.json ? JSON.stringify(accepted, null, 2) : accepted.id)
      }),
    )
  add('get <id>', 'show how far a batch is')
    .option('-w, --wait', 'until all of its jobs have ended')
    .action(async (id: string, options: Options) =>
      reach(options, id, async ({ client }) => {
        show(await (options.wait ? client.waitBatch(id, { retries: PATIENT_RETRIES }) : client.getBatch(id)), options)
      }),
    )
  add('cancel <id>', 'end the jobs of a batch, queued or running').action(async (id: string, options: Options) =>
    reach(options, id, async ({ client }) => show(await client.cancelBatch(id), options)),
  )
}

/** @throws ExitError when the file holds no list of requests */
function requestsOf(file: string): CodeRequest[] {
  const text = (file === '-' ? readFileSync(0) : readFile(file, 'the batch')).toString()
  const wrong = (why: string) =>
    new ExitError(EXIT.usage, `${file} ${why}; it must be a list of requests, or {"jobs": [...]}`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw wrong(`is not JSON: ${error instanceof Error ? error.message : ''}`)
  }
  const jobs = Array.isArray(value) ? value : (value as { jobs?: unknown } | null)?.jobs
  if (!Array.isArray(jobs)) throw wrong('has no jobs')
  return jobs as CodeRequest[]
}

function portrait({ id, counts, jobs }: Batch): string {
  const states = Object.entries(counts).flatMap(([state, count]) => (count > 0 ? [`${count} ${state}`] : []))
  const lines = jobs.map((job) => `${job.id}  ${job.status ?? job.state}`)
  return [`Batch ${id}: ${states.join(', ') || 'its jobs have expired'}`, ...lines].join('\n')
}
