import type { StageReport } from '../../src/worker/sandbox/stage-report.ts'
import type { Sandbox } from '../../src/worker/sandbox/sandbox.ts'

/** A sandbox that runs nothing and answers at once: the double behind the one seam. */
export interface NullSandbox extends Sandbox {
  /** As when its container is killed. */
  die(): void
  readonly destroyed: boolean
  jobs: number
  prewarmed: boolean
}

export const SUCCESS: StageReport = {
  reason: 'exit',
  exitCode: 0,
  signal: null,
  wallUs: 1000,
  cpuUs: 1000,
  instructions: null,
  memoryPeakBytes: 1,
  oomKills: 0,
  stdoutBytes: 0,
  stderrBytes: 0,
  truncated: false,
  error: null,
  reached: [],
  refusedCalls: [],
}

let count = 0

export function nullSandbox(): NullSandbox {
  let markGone = () => {}
  let destroyed = false
  const gone = new Promise<void>((resolve) => (markGone = resolve))
  const sandbox: NullSandbox = {
    id: `null-${++count}`,
    createdAt: Date.now(),
    jobs: 0,
    gone,
    prewarmed: false,
    prewarm() {
      sandbox.prewarmed = true
    },
    discardPrewarmed() {
      sandbox.prewarmed = false
    },
    begin() {
      sandbox.prewarmed = false
      sandbox.jobs++
    },
    writeFile: () => undefined,
    streamFile: async () => undefined,
    renew: async () => undefined,
    run: async () => SUCCESS,
    input: () => undefined,
    endInput: () => undefined,
    resize: () => undefined,
    signal: () => undefined,
    kill: () => undefined,
    gather: async () => ({
      files: [],
      spilled: [],
      missing: { tooLarge: 0, unreadable: 0, unusable: 0, special: 0, deep: 0, stopped: null },
    }),
    end: async () => undefined,
    destroy: async () => {
      destroyed = true
      markGone()
    },
    die: () => markGone(),
    get destroyed() {
      return destroyed
    },
  }
  return sandbox
}
