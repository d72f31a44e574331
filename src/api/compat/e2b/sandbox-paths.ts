import { posix } from 'node:path'
import { invalidRequest } from '../../http/problems.ts'

/** The working folder of a session. */
export const HOME = '/job'
/** What clients and what they were written for call it. */
const THEIR_HOME = '/home/user'

/**
 * A path of a sandbox, absolute and without `.` and `..`. A relative one is in the home folder, and so is what stands behind `~` or
 * `/home/user`.
 * @param pointer names it in a refusal
 * @throws Problem `invalid-request`
 */
export function pathIn(path: string, pointer: string): string {
  if (path.includes('\0')) throw invalidRequest([{ pointer, detail: 'must not contain a NUL character' }])
  const whole = posix.resolve(HOME, path === '~' || path.startsWith('~/') ? `.${path.slice(1)}` : path)
  const isTheirs = whole === THEIR_HOME || whole.startsWith(`${THEIR_HOME}/`)
  return isTheirs ? HOME + whole.slice(THEIR_HOME.length) : whole
}
