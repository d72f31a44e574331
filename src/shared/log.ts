import { pino, stdSerializers, type Logger } from 'pino'

/**
 * The process's log: one JSON object a line on standard output, without a host name.
 * @param more what each line has beside its own
 */
export function createLog(level: string, name: 'api' | 'worker', more?: () => object): Logger {
  const options = { level, name, base: { pid: process.pid }, serializers: { err: serializeError } }
  return pino({ ...options, ...(more && { mixin: more }) })
}

/** An error of Redis carries the command it answers, and that the job: code, environment, output. */
export function serializeError(error: Error): Record<string, unknown> {
  const {
    command: _command,
    raw: _raw,
    aggregateErrors: _errors,
    ...rest
  } = stdSerializers.err(error) as Record<string, unknown>
  return rest
}
