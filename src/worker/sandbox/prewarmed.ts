import type { StageStart } from './frames.ts'

/**
 * An interpreter or compiler that can be started before its job is there, and waits for its program: a sandbox that has one is *prewarmed*.
 * It is always the language's own command and environment, never what a job brought, so nothing of a job runs ahead of it.
 */
export interface PrewarmProgram {
  /** The file it waits for, directly in the job's folder. */
  file: string
  /** The first stage of a job that it is for. Whether standard input follows is left to the forecast. */
  start: Omit<StageStart, 'stdin'>
  /** What is started in the place of its arguments: a launcher, which then does as they would. */
  launcher?: readonly string[]
  /** A program that holds one of these texts would notice that its interpreter is older than its job. */
  unless: readonly string[]
}

export interface JobFile {
  path: string
  mode: number
  content: Uint8Array
}

/**
 * Whether the first stage of a job with these files could be what is prewarmed, were standard input as it is. What can be given
 * to a running process, most limits, may differ.
 */
export function fitsPrewarmed(
  { file, start, unless }: PrewarmProgram,
  files: readonly JobFile[],
  stage: StageStart,
): boolean {
  const [only] = files
  if (stage.terminal || files.length !== 1 || only?.path !== file) return false
  if (stage.stackBytes !== start.stackBytes || !sameList(stage.args, start.args)) return false
  if (!sameList(environment(stage.env), environment(start.env))) return false
  const { buffer, byteOffset, length } = only.content
  const text = Buffer.from(buffer, byteOffset, length)
  return !unless.some((word) => text.includes(word))
}

const environment = (env: Record<string, string>) => Object.entries(env).map((entry) => entry.join('='))

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}

/** What a job is to prewarming: whether standard input comes with it, or `undefined` where nothing can be prewarmed for it. */
export type JobShape = boolean | undefined

/** Expects of a sandbox's next job that it is like the last: the jobs of one tenant tend to be. */
export interface Forecast {
  expected(): JobShape
  /**
   * @param job as it came
   * @param prewarmed what had been prewarmed for, if anything
   */
  saw(job: JobShape, prewarmed: JobShape): void
}

/** Once the expectation was wrong, so many jobs in a row have to be alike before there is another: to prewarm in vain costs a start. */
const WARY = 3

export function createForecast(): Forecast {
  let last: JobShape = false
  let alike = 1
  let needed = 1
  return {
    expected: () => (alike >= needed ? last : undefined),
    saw(job, prewarmed) {
      alike = job === last ? alike + 1 : 1
      last = job
      if (prewarmed !== undefined) needed = prewarmed === job ? 1 : WARY
    },
  }
}
