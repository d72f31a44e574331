import { type Command, Redis, ReplyError } from 'ioredis'

/** The code of an error for which Redis gave no answer: it is away, or the connection was lost or closed. */
const AWAY = 'REDIS_AWAY'

/** Whether a command failed without an answer of Redis. Only those of a `CodedRedis` can tell. */
export const isRedisAway = (error: unknown): boolean => (error as { code?: unknown } | undefined)?.code === AWAY

/** Of a connector that was told to end while it connected. BullMQ knows the words for a connection that is closed. */
export const closedMeanwhile = (): Error => Object.assign(new Error('Connection is closed.'), { code: AWAY })

/**
 * A connection whose commands fail with a code where Redis did not answer. ioredis has an error of its own for what Redis answered, and tells all others
 * (a timeout, a lost connection, a pipeline cut short) by their words alone.
 */
export class CodedRedis extends Redis {
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    withCode(command)
    return super.sendCommand(command, stream)
  }
}

function withCode(command: Command): void {
  const { reject } = command
  command.reject = (error) => reject(error instanceof ReplyError ? error : away(error))
}

/** One error may end many commands, and have a code of the connection's own, which stays. */
const away = (error: Error): Error => Object.assign(new Error(error.message, { cause: error }), { code: AWAY })
