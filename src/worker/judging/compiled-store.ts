import type { Logger } from 'pino'
import type { Config } from '../../shared/config/config.ts'
import { createFileStore } from '../../shared/files/create-file-store.ts'
import { createFileRecords } from '../../shared/files/file-records.ts'
import { ObjectMissing } from '../../shared/files/file-store.ts'
import { FileRefused, saveFile } from '../../shared/files/save-file.ts'
import { DEFAULT_CONTENT_TYPE } from '../../shared/files/stored-file.ts'
import { MIB, MINUTE, SECOND } from '../../shared/limits.ts'
import type { WorkerCore } from '../core.ts'
import type { CompiledProgram } from './compiled-programs.ts'
import { packProgram, unpackProgram } from './program-pack.ts'

/** Compiled programs that all workers have, in the file store, by keys that say whose they are. It may fail to have one at any time, and never throws. */
export interface CompiledStore {
  /** @returns undefined when it has none by this key, or does not answer */
  find: (key: string) => Promise<CompiledProgram | undefined>
  save: (key: string, program: CompiledProgram) => Promise<void>
  /**
   * Tells other workers that a program is being compiled.
   * @param leaseMs after which that is believed no more
   * @returns what is to be called when it is compiled; undefined when another is at it
   */
  begin: (key: string, leaseMs: number) => Promise<(() => Promise<void>) | undefined>
  /** Whether somebody is at it. */
  isBegun: (key: string) => Promise<boolean>
  close: () => Promise<void>
}

/** What all of them may take in the file store: so many bytes, but no more than a part of it. Those stored longest ago go first. */
const MAX_BYTES = 1024 * MIB
const PART = 1 / 4
const MAX_FILES = 10_000
/** Removed at a time, when there is no room. */
const EVICTED = 50
const KEPT_SECONDS = (24 * 60 * MINUTE) / SECOND
/** In whose name the file store keeps them. It is no name that a tenant can have. */
const STORE_TENANT = 'runyard/compiled'

export function createCompiledStore({
  config,
  redis,
  keys,
  log,
}: Pick<WorkerCore, 'config' | 'redis' | 'keys' | 'log'>): CompiledStore {
  const store = createFileStore(config)
  const records = createFileRecords(redis, keys, boundsOf(config))
  const unlessFails = <T>(otherwise: T, what: string, work: () => Promise<T>) => settled(work, otherwise, what, log)

  const evictOldest = async () => {
    const ids = await redis.zrange(keys.tenantFiles(STORE_TENANT), '-', '+', 'BYLEX', 'LIMIT', 0, EVICTED)
    for (const id of ids) await records.remove(STORE_TENANT, id)
  }

  return {
    find: (key) =>
      unlessFails(undefined, 'find', async () => {
        const id = await redis.get(keys.compiledProgram(key))
        const record = id === null ? undefined : await records.read(id)
        if (record?.tenant !== STORE_TENANT || record.file.name !== key) return undefined
        const pieces: Buffer[] = []
        const content = await store.open(record.blob).catch((error: unknown) => {
          // Hosts that share no file store have none of each other's.
          if (!(error instanceof ObjectMissing)) throw error
        })
        if (!content) return undefined
        for await (const piece of content) pieces.push(piece as Buffer)
        return unpackProgram(Buffer.concat(pieces), record.file.sha256)
      }),
    save: (key, program) =>
      unlessFails(undefined, 'save', async () => {
        const pack = packProgram(program)
        const file = { tenant: STORE_TENANT, name: key, contentType: DEFAULT_CONTENT_TYPE, ttlSeconds: KEPT_SECONDS }
        const options = { records, store, maxBytes: pack.length }
        const saved = () => saveFile(options, file, { pieces: only(pack), bytes: pack.length })
        const { record } = await saved().catch(async (error: unknown) => {
          if (!(error instanceof FileRefused) || error.refusal.kind === 'place') throw error
          await evictOldest()
          return saved()
        })
        await redis.set(keys.compiledProgram(key), record.file.id, 'EX', KEPT_SECONDS)
      }),
    begin: (key, leaseMs) =>
      unlessFails(NOTHING_TO_END, 'begin', async () => {
        const isFirst = (await redis.set(keys.compiling(key), '1', 'PX', Math.ceil(leaseMs), 'NX')) !== null
        if (!isFirst) return undefined
        return () => unlessFails(undefined, 'end', async () => void (await redis.del(keys.compiling(key))))
      }),
    isBegun: (key) => unlessFails(false, 'look', async () => (await redis.exists(keys.compiling(key))) === 1),
    close: () => store.close(),
  }
}

const NOTHING_TO_END: (() => Promise<void>) | undefined = () => Promise.resolve()

/** A program that is not shared is compiled again: that is no reason for a job to fail. */
async function settled<T>(work: () => Promise<T>, otherwise: T, step: string, log: Logger): Promise<T> {
  try {
    return await work()
  } catch (err) {
    log.warn({ err, step }, 'compiled program not shared by the file store')
    return otherwise
  }
}

async function* only(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes
}

const boundsOf = ({ files }: Config) => ({
  ttlSeconds: files.ttlSeconds,
  tenantMaxFiles: MAX_FILES,
  tenantMaxBytes: Math.min(MAX_BYTES, Math.floor(files.storeMaxBytes * PART)),
  maxBytes: files.storeMaxBytes,
})
