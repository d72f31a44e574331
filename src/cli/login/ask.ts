import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { EXIT, ExitError } from '../exit.ts'

export interface AskOptions {
  stdin: NodeJS.ReadStream
  /** Where the question is shown. */
  stderr: Writable
  /** What is typed is not shown. */
  secret?: boolean
}

/**
 * Asks at a terminal.
 * @returns the line, without spaces around it
 * @throws ExitError at Ctrl-C and Ctrl-D
 */
export async function ask(question: string, { stdin, stderr, secret = false }: AskOptions): Promise<string> {
  // Readline echoes what is typed to its output.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  if (secret) stderr.write(question)
  const lines = createInterface({ input: stdin, output: secret ? nowhere : stderr, terminal: true, historySize: 0 })
  try {
    const ended = once(lines, 'close').then(() => {
      throw new ExitError(EXIT.cancelled, 'cancelled; nothing was stored')
    })
    ended.catch(() => {})
    lines.on('SIGINT', () => lines.close())
    const line = new Promise<string>((resolve) => lines.question(secret ? '' : question, resolve))
    return (await Promise.race([line, ended])).trim()
  } finally {
    if (secret) stderr.write('\n')
    lines.close()
    stdin.pause()
  }
}
