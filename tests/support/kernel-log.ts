import { execFileSync } from 'node:child_process'
import { MIB } from '../../src/shared/limits.ts'

const readLog = (): string =>
  execFileSync('dmesg', { encoding: 'utf8', maxBuffer: 64 * MIB, stdio: ['ignore', 'pipe', 'ignore'] })

/**
 * The lines of the kernel's log that match.
 * @throws Error where this user may not read it: `canReadKernelLog` says so before
 */
export function kernelLines(pattern: RegExp): string[] {
  return readLog()
    .split('\n')
    .filter((line) => pattern.test(line))
}

/** Whether this user may read the kernel's log. Where not, a test of it is to be skipped. */
export const canReadKernelLog = ((): boolean => {
  try {
    readLog()
    return true
  } catch {
    console.log('skipped: this user may not read the log of the kernel (dmesg), so nothing is tested of what it tells')
    return false
  }
})()

/**
 * Lines that the kernel writes of a program's crash where the machine has it so: that a helper for core files is not started
 * (`RLIMIT_CORE` is 1, which no program can change), where `core_pattern` is a pipe, and the record of a crash (1701), where audit is on.
 */
const OF_A_CRASH = /RLIMIT_CORE (?:is )?set to 1|\baudit: type=1701 /

/** Without what the machine is set up to tell of each crash. */
export const isUnasked = (line: string): boolean => !OF_A_CRASH.test(line)
