import type { JobSummary } from '../../../shared/job.ts'
import type { CodeRequest } from '../../../shared/requests.ts'
import type { RunState } from './job-run.ts'

/** Why the packages of the last run could not be had, in words: refused at once, or found while they were installed. */
export function refusalOfPackages({ problem, packagesError, job }: RunState): string | undefined {
  if (problem && /^(?:package-|environment-)/.test(problem.code)) return sentence(problem.detail)
  if (packagesError) return sentence(packagesError.detail)
  if (job?.status !== 'environment-failed') return undefined
  return sentence(job.message ?? 'The packages could not be installed')
}

/** The package that would mend a failed import, as the message of the job names it; undefined once it is asked for. */
export function packageToAdd(job: Pick<JobSummary, 'message'> | null, packages: string): string | undefined {
  const name = /\badd "([^"]{1,214})" to "dependencies"/.exec(job?.message ?? '')?.[1]
  return name === undefined || packages.split('\n').some((line) => line.trim() === name) ? undefined : name
}

export const samePackages = (one: CodeRequest, other: CodeRequest): boolean =>
  JSON.stringify(one.dependencies) === JSON.stringify(other.dependencies) && one.environment === other.environment

const sentence = (text: string): string =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text.trimEnd()) ? '' : '.'}`
