import { spawnSync } from 'node:child_process'

/** Runs Prometheus's own checker. @returns its exit status and all it said. @throws Error when it is not installed */
export function promtool(args: readonly string[], input = ''): { status: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  if (error) throw new Error(`promtool does not run (${error.message}); apt-get install prometheus`)
  return { status, output: `${stdout}${stderr}` }
}
