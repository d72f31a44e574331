import { execFileSync } from 'node:child_process'
import { MIB } from '../../src/shared/limits.ts'

/** The lines of the kernel's log that match; none where this user may not read it. */
export function kernelLines(pattern: RegExp): string[] {
  return readLog()
    .split('\n')
    .filter((line) => pattern.test(line))
}

function readLog(): string {
  try {
    return execFileSync('dmesg', { encoding: 'utf8', maxBuffer: 64 * MIB, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
