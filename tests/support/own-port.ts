import { freePort } from '../../src/host/free-port.ts'

/** Below those that Linux gives out by itself, and above those that `fetch` refuses. */
const FIRST_PORT = 11_000
/** For each of jest's processes. */
const PORTS = 1000
const PROCESSES = 20

// Other runs of the tests on this machine begin elsewhere.
let next = (process.pid * 37) % PORTS

/**
 * A port of the loopback for a program that is told it and listens later. It is none that the system gives to whoever asks for any, since
 * it could give it to another meanwhile.
 * @throws Error when all of this process are in use
 */
export async function ownPort(): Promise<number> {
  const first = FIRST_PORT + PORTS * (Number(process.env['JEST_WORKER_ID'] ?? 0) % PROCESSES)
  for (let tried = 0; tried < PORTS; tried++) {
    const port = first + (next++ % PORTS)
    const isFree = await freePort('127.0.0.1', port).then(
      () => true,
      () => false,
    )
    if (isFree) return port
  }
  throw new Error(`all ports from ${first} on are in use`)
}
