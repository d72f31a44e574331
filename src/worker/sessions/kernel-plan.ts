/** How a kernel is started. */
export interface KernelPlan {
  argv: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string
  interrupt: 'signal' | 'message'
  /** `jupyter` when absent. */
  protocol?: 'jupyter' | 'lines' | undefined
  /** `ipc` when absent. */
  transport?: 'ipc' | 'tcp' | undefined
  /** Code that it runs before it is ready. */
  warmUp?: string | undefined
}
