import { type ChildProcess, spawn } from 'node:child_process'

/** Processes that do nothing but keep a machine busy. */
export interface Busy {
  /** While it is paused, none runs. */
  pause: (paused: boolean) => void
}

/** Each ends with this process, however that ends. */
export function keepBusy(processes: number): Busy {
  const spin = `for (let i = 0; ; i++) if (i % 1e8 === 0 && process.ppid !== ${process.pid}) process.exit()`
  let spinning: ChildProcess[] = []
  const pause = (paused: boolean) => {
    for (const one of spinning) one.kill('SIGKILL')
    spinning = paused
      ? []
      : Array.from({ length: processes }, () => spawn(process.execPath, ['-e', spin], { stdio: 'ignore' }))
  }
  pause(false)
  return { pause }
}
