import type { Job, Stage, Status } from '../../../src/shared/job.ts'
import type { LimitOverrides } from '../../../src/shared/limits.ts'
import type { Threat } from './threats.ts'

/** What a row's program must come to. What is not said is the ordinary: nothing written, nothing cut, exit code 0. */
export interface Expected {
  status: Status
  stdout?: string | RegExp
  stderr?: string | RegExp
  /** What is said beside the status; the usual sentence of that status when absent. */
  message?: string
  /** 0 when it succeeded; else null unless said. */
  exitCode?: number
  signal?: string
  truncated?: boolean
  /** What was written, where the text is not all of it. */
  stdoutBase64?: string
  stderrBase64?: string
  /** Names of the stages; `run` alone unless said. */
  stages?: string[]
  /** The stage the outcome above is of; the first one unless said. */
  of?: string
  /** Whatever else must hold. */
  check?(job: Job, stage: Stage): void
}

/** A neighbour: runs in another sandbox from before a row's program begins until after it has ended, and is then cancelled. */
export interface Beside {
  program: string
  args?: string[]
  env?: Record<string, string>
  /** What it writes when it has begun; `ready` and a line end unless said. */
  begins?: string
  /** All it must have written in the end; not looked at when absent. */
  says?: string
}

export interface ProgramRow {
  /** A sentence of behaviour. */
  title: string
  /** File under `tests/programs/`; its extension tells the language. */
  program: string
  /** Path of the program within the job; the language's own when absent. */
  path?: string
  files?: { path: string; content: string; encoding?: 'utf-8' | 'base64'; mode?: string }[]
  stdin?: string
  /** The input is what a program must not find: names, addresses and paths of the platform, one on each line. */
  secretsAsInput?: boolean
  args?: string[]
  compilerArgs?: string[]
  /** Ports of the host that answer there are put behind the arguments. */
  hostPorts?: boolean
  env?: Record<string, string>
  limits?: LimitOverrides
  tests?: { stdin?: string; args?: string[]; expectedOutput?: string }[]
  expectedOutput?: string
  artifacts?: string[]
  beside?: Beside
  expect: Expected
}

/** A row of a program that means harm. */
export interface HostileRow extends ProgramRow {
  /** What it stands for. */
  threat: Threat | readonly Threat[]
}
