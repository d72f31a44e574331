import type { TestRun } from './global-setup.ts'

/** Once for each kind of test; what the first call has undone is not there for the second. */
export default async function globalTeardown(): Promise<void> {
  const undo = (globalThis as TestRun).runyardUndo ?? []
  for (let step = undo.pop(); step; step = undo.pop()) await step()
}
