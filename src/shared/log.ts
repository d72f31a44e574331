import { pino, type Logger } from 'pino'

/** The process's log: one JSON object a line on standard output, without a host name. */
export function createLog(level: string, name: 'api' | 'worker'): Logger {
  return pino({ level, name, base: { pid: process.pid } })
}
