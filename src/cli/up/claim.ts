import { createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'

/** Who already runs on a data directory. */
export interface Holder {
  pid: number
  url: string
}

export type Claim = { mine: true; release(): void } | { mine: false; holder: Holder | undefined }

/**
 * Claims a data directory for this process, so that two never write to one Redis folder. The claim is an abstract socket:
 * it goes with the process, however that ends, and whoever finds it taken can ask it who holds it.
 * @param dataDir absolute
 */
export function claimDataDir(dataDir: string, holder: Holder): Promise<Claim> {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 32)
  const path = `\0runyard-${hash}`
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(JSON.stringify(holder))
    })
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') void askHolder(path).then((found) => resolve({ mine: false, holder: found }))
      else reject(error)
    })
    server.listen(path, () => resolve({ mine: true, release: () => void server.close() }))
    server.unref()
  })
}

function askHolder(path: string): Promise<Holder | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(path)
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', (data) => (text += data.toString('utf8')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(text === '' ? undefined : (JSON.parse(text) as Holder)))
  })
}
