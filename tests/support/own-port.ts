import { createServer } from 'node:net'
import { freePort } from '../../src/host/free-port.ts'

/** Below those that Linux gives out by itself, and above those that `fetch` refuses. */
const FIRST_PORT = 11_000
const PORTS = 20_000

/**
 * A port of the loopback for a program that is told it and listens later. It is none that the system gives to whoever asks for any, since
 * it could give it to another meanwhile, and none that this function gives to another as long as this process lives.
 * @throws Error when all are in use
 */
export async function ownPort(): Promise<number> {
  // Processes that look at once begin elsewhere.
  const start = (process.pid * 37) % PORTS
  for (let tried = 0; tried < PORTS; tried++) {
    const port = FIRST_PORT + ((start + tried) % PORTS)
    if ((await lock(port)) && (await isFree(port))) return port
  }
  throw new Error(`all ports from ${FIRST_PORT} on are in use`)
}

const isFree = (port: number): Promise<boolean> =>
  freePort('127.0.0.1', port).then(
    () => true,
    () => false,
  )

/** By an abstract socket, which goes with the process. @returns false when it is taken */
function lock(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
    server.listen(`\0runyard-test-port-${port}`, () => resolve(true))
    server.unref()
  })
}
