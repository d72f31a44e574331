import type { Logger } from 'pino'
import type { Engine } from './engine.ts'
import { createLaunch, type Launch } from './launch.ts'
import { withOwnDevices } from './own-devices.ts'
import { withSocketMemory } from './socket-memory.ts'

/**
 * How a worker starts its sandboxes.
 * @param folder where sandboxes may connect to the worker; undefined: they are spoken to through the engine
 */
export const sandboxLaunch = (engine: Engine, folder: (() => Promise<string>) | undefined, log: Logger): Launch =>
  withSocketMemory(withOwnDevices(createLaunch(engine, folder, log), log), log)
