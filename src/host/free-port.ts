import { createServer } from 'node:net'

/**
 * Makes sure that a port can be listened on.
 * @param port 0 for any that is free
 * @returns the port
 * @throws Error naming the port and what to do when it is taken or may not be used
 */
export function freePort(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(explain(error, host, port), { cause: error })),
    )
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): string {
  const mend = 'set PORT to another one, e.g. PORT=3001 npm start'
  if (error.code === 'EADDRINUSE') return `port ${port} of ${host} is in use by another program; ${mend}`
  if (error.code === 'EACCES') return `port ${port} of ${host} needs more rights than this user has; ${mend}`
  return `cannot listen on ${host} port ${port}: ${error.message}`
}
