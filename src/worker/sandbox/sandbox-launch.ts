import type { Logger } from 'pino'
import type { Engine } from './engine.ts'
import { createLaunch, type Launch } from './launch.ts'
import { withDiskReads } from './disk-reads.ts'
import { withOwnDevices } from './own-devices.ts'
import { withSocketMemory } from './socket-memory.ts'

/**
 * How a worker starts its sandboxes.
 * @param folder where sandboxes may connect to the worker; undefined: they are spoken to through the engine
 * @param diskReadBytes what one may read from each disk in a second; 0: no bound
 */
export const sandboxLaunch = (
  engine: Engine,
  folder: (() => Promise<string>) | undefined,
  diskReadBytes: number,
  log: Logger,
): Launch =>
  withDiskReads(withSocketMemory(withOwnDevices(createLaunch(engine, folder, log), log), log), diskReadBytes, log)
