import type { Redis, Result } from 'ioredis'
import { ADMIT, REMOVE, REORDER, REORDERED } from './admit.ts'
import type { ScriptArguments } from './common.ts'
import { FINISH } from './finish.ts'
import { APPEND, CANCEL, HOLD, PUT_BACK, RENEW, START } from './run.ts'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    runyardAdmit(...args: ScriptArguments): Result<[number, ...(number | string)[]], Context>
    runyardRemove(...args: ScriptArguments): Result<number, Context>
    runyardReorder(...args: ScriptArguments): Result<[number, ...(number | string)[]] | [], Context>
    runyardReordered(...args: ScriptArguments): Result<number, Context>
    runyardStart(...args: ScriptArguments): Result<[string, number?, string?, number?], Context>
    runyardAppend(...args: ScriptArguments): Result<number, Context>
    runyardFinish(...args: ScriptArguments): Result<[number, string, ...string[]], Context>
    runyardPutBack(...args: ScriptArguments): Result<[string, number?, ...string[]], Context>
    runyardCancel(...args: ScriptArguments): Result<string | null, Context>
    runyardHold(...args: ScriptArguments): Result<string[], Context>
    runyardRenew(...args: ScriptArguments): Result<number, Context>
  }
}

const SCRIPTS = {
  runyardAdmit: ADMIT,
  runyardRemove: REMOVE,
  runyardReorder: REORDER,
  runyardReordered: REORDERED,
  runyardStart: START,
  runyardAppend: APPEND,
  runyardFinish: FINISH,
  runyardPutBack: PUT_BACK,
  runyardCancel: CANCEL,
  runyardHold: HOLD,
  runyardRenew: RENEW,
}

/** Teaches a connection these commands. */
export function defineJobScripts(redis: Redis): void {
  for (const [name, lua] of Object.entries(SCRIPTS)) redis.defineCommand(name, { numberOfKeys: 1, lua })
}
