import type { Command } from 'commander'
import type { JobCommandDeps } from '../jobs/jobs.ts'
import { addConnectionOptions, connect, type ConnectionOptions } from '../service/connection.ts'

/** Adds `runyard mcp`. */
export function addMcpCommand(program: Command, deps: JobCommandDeps): void {
  const { context, env, streams, stdin, signals } = deps
  const command = program
    .command('mcp')
    .description(
      'serve the tools of a service to a desktop client of the Model Context Protocol, over standard input and output',
    )
  addConnectionOptions(command).action(async (options: ConnectionOptions) => {
    const { forwardMessages } = await import('./forward-messages.ts')
    const { url, key } = await connect(options, env, context, streams.note)
    const write = (line: string) => void streams.stdout.write(`${line}\n`)
    const { stop } = signals()
    await forwardMessages(stdin(), write, { url, key }, stop)
  })
}
