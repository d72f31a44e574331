import type { Redis } from 'ioredis'
import { isKeyName, keysInLua } from './keys.ts'

/**
 * A step in Redis that cannot be seen half done.
 *
 * Its Lua finds its scalars by name in the table `input`; what may be long (code, output, texts of events) comes as it is, so that
 * Redis does not parse it, in `bulk`. Keys are `keys.NAME` or `keys.NAME(argument)`, spelled as in `createKeys`.
 */
export interface LuaScript<Input extends ScriptInput, Answer> extends ScriptText {
  /** Types only. */
  readonly types?: { input: Input; answer: Answer }
}

/** What a connection is taught of a script. */
interface ScriptText {
  readonly name: `runyard${string}`
  readonly lua: string
}

type Scalar = string | number | boolean | undefined
/** What is undefined is absent, `nil` in Lua. */
export type ScriptInput = Readonly<Record<string, Scalar | readonly (Scalar | Readonly<Record<string, Scalar>>)[]>>

export type Bulk = readonly (string | Buffer)[]

/**
 * @param name as which the connection knows it
 * @throws Error when it names a key that there is not
 */
export function luaScript<Input extends ScriptInput, Answer>(
  name: `runyard${string}`,
  body: string,
): LuaScript<Input, Answer> {
  const named = [...new Set([...body.matchAll(/\bkeys\.(\w+)/g)].map(([, key = '']) => key))]
  const unknown = named.find((key) => !isKeyName(key))
  if (unknown !== undefined) throw new Error(`${name}: there is no key ${unknown}`)
  const lua = `${keysInLua(named.filter(isKeyName), 'KEYS[1]')}
local input, bulk = cjson.decode(table.remove(ARGV, 1)), ARGV
${body}`
  return { name, lua }
}

/** Teaches a connection these scripts. */
export function defineScripts(redis: Redis, scripts: readonly ScriptText[]): void {
  for (const { name, lua } of scripts) redis.defineCommand(name, { numberOfKeys: 1, lua })
}

/**
 * Runs a script that the connection was taught.
 * @param prefix of all keys
 * @throws what Redis answered, when it fails
 */
export function runScript<Input extends ScriptInput, Answer>(
  redis: Redis,
  prefix: string,
  script: LuaScript<Input, Answer>,
  input: Input,
  bulk: Bulk = [],
): Promise<Answer> {
  const commands = redis as unknown as Record<string, (...args: (string | Buffer)[]) => Promise<Answer>>
  const command = commands[script.name]
  if (!command) throw new Error(`${script.name} was not defined on this connection`)
  return command.call(redis, prefix, JSON.stringify(input), ...bulk)
}
