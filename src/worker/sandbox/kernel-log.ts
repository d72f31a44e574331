import { readFile, writeFile } from 'node:fs/promises'
import type { Logger } from 'pino'

/** Exists where the kernel can log faults of programs: x86 among others. */
const SWITCH = '/proc/sys/debug/exception-trace'

/**
 * Keeps programs that end by a fault of their own out of the kernel's log. A line of it shows the name of the program, which the
 * program chose, line ends included, and a job can end by a fault as often as it likes. Lasts until the machine boots again.
 * @param path of the kernel's switch
 */
export async function quietKernelLog(log: Logger, path = SWITCH): Promise<void> {
  const state = await readFile(path, 'utf8').catch(() => '0')
  if (state.trim() === '0') return
  try {
    await writeFile(path, '0', { flag: 'r+' })
    log.info({ path }, 'the kernel no longer logs faults of programs')
  } catch (err) {
    log.warn({ err, path }, 'the kernel logs faults of programs, and this worker may not change that')
  }
}
