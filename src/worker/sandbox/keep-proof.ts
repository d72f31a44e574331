import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import type { Logger } from 'pino'

const FILE = 'limits-proof'
/** Kept at most: workers of different images or engines may share a data directory. */
const MOST_KEPT = 32

/**
 * Runs a proof, unless the same one succeeded since this machine booted: same kernel, same subject.
 * @param dataDir keeps what was proved, one line each, the last one last; where it cannot be written the proof runs at every start
 * @param subject JSON values; all that the outcome depends on besides the kernel and how it was booted
 * @throws what `prove` throws; nothing is kept then
 */
export async function keepProof(
  dataDir: string,
  subject: unknown,
  prove: () => Promise<void>,
  log: Logger,
): Promise<void> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
  const key = createHash('sha256')
    .update(JSON.stringify([release(), boot, subject]))
    .digest('hex')
  const path = join(dataDir, FILE)
  const proved = (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
  if (proved.includes(key)) {
    log.debug('limits were proved since this machine booted')
    return
  }
  await prove()
  const fresh = `${path}.${randomUUID()}`
  try {
    await mkdir(dataDir, { recursive: true })
    await writeFile(
      fresh,
      [...proved, key]
        .slice(-MOST_KEPT)
        .map((line) => `${line}\n`)
        .join(''),
    )
    await rename(fresh, path)
  } catch (err) {
    log.warn({ err, path }, 'proof of limits cannot be kept; the next start makes it again')
  }
}
