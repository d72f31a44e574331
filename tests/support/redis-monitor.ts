import { connect } from 'node:net'
import { createInterface } from 'node:readline'

export interface RedisMonitor {
  /** The commands that Redis was told since, whoever told them, each with its name in lower case. */
  readonly commands: readonly (readonly string[])[]
  close(): void
}

/**
 * Listens to all that a Redis is told (MONITOR), those of scripts too. ioredis' own fails where another client's command is told in one
 * piece with the answer to MONITOR.
 * @param path of its socket
 */
export async function monitorRedis(path: string): Promise<RedisMonitor> {
  const socket = connect(path)
  const commands: string[][] = []
  const lines = createInterface({ input: socket })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    lines.on('line', (line) => {
      if (line === '+OK') return resolve()
      const [name = '', ...args] = wordsOf(line)
      commands.push([name.toLowerCase(), ...args])
    })
    socket.write('MONITOR\r\n')
  })
  return {
    commands,
    close() {
      lines.close()
      socket.destroy()
    },
  }
}

/** `+1700000000.1 [0 lua] "GET" "a key"`: the words in quotation marks, in which those and backslashes have a backslash before them. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word.replaceAll(/\\(["\\])/g, '$1'))
}
