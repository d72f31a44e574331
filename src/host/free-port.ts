import { createServer } from 'node:net'

/** A port that cannot be listened on. The message says what to do too. */
export class PortError extends Error {
  override name = 'PortError'
  readonly fault: string
  readonly mend: string

  constructor(fault: string, mend: string, cause: unknown) {
    super(`${fault}; ${mend}`, { cause })
    this.fault = fault
    this.mend = mend
  }
}

/**
 * Makes sure that a port can be listened on.
 * @param port 0 for any that is free
 * @returns the port
 * @throws PortError when it is taken or may not be used
 */
export function freePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', (error: NodeJS.ErrnoException) => reject(new PortError(explain(error, host, port), MEND, error)))
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}

const MEND = 'set PORT to another one, e.g. PORT=3001 npm start'

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `port ${port} of ${host} is in use by another program`
  if (error.code === 'EACCES') return `port ${port} of ${host} needs more rights than this user has`
  return `cannot listen on ${host} port ${port}: ${error.message}`
}
