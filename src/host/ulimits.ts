import { readFileSync } from 'node:fs'

/** What builds and probes get at most: ample, and below what podman allows itself on any machine. */
const LIMITS = [
  { title: 'Max open files', name: 'nofile', most: 65_536 },
  { title: 'Max processes', name: 'nproc', most: 16_384 },
] as const

/**
 * The `--ulimit` arguments for podman. It asks for limits of its own otherwise, and where this process may not raise
 * limits (a container, a hardened machine) any above ours make every container fail.
 * @param limits contents of /proc/self/limits
 */
export function ulimitArguments(limits = readFileSync('/proc/self/limits', 'utf8')): string[] {
  return hardLimits(limits).flatMap(({ name, value }) => ['--ulimit', `${name}=${value}:${value}`])
}

/** The limits to ask for: this process's hard ones, as far as they are below what is ample. */
export function hardLimits(limits: string): { name: string; value: number }[] {
  return LIMITS.map(({ title, name, most }) => {
    const line = limits.split('\n').find((candidate) => candidate.startsWith(title))
    const hard = Number(line?.slice(title.length).trim().split(/\s+/)[1])
    return { name, value: Number.isInteger(hard) ? Math.min(hard, most) : most }
  })
}
