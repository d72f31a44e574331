import { constants } from 'node:os'
import type { Job, Stage, StageSummary, Status } from '../../../shared/job.ts'
import type { LimitOverrides } from '../../../shared/limits.ts'
import { heldStatus } from '../system/held-limits.ts'
import type { Execution } from './execute-request.ts'

/** What Piston tells of a stage. */
export interface StageResult {
  signal: string | null
  stdout: string
  stderr: string
  code: number | null
  output: string
  /** Bytes. */
  memory: number | null
  message: string | null
  status: 'RE' | 'SG' | 'TO' | 'OL' | 'EL' | 'XX' | null
  /** Milliseconds. */
  cpu_time: number | null
  wall_time: number | null
}

/** How a stage ended. */
export type StageEnd = Pick<StageResult, 'signal' | 'code' | 'message' | 'status'>

const KILLED = { signal: 'SIGKILL', code: null }

/** @param held what its program had to keep to */
export function stageEnd(stage: Stage | StageSummary, held: LimitOverrides): StageEnd {
  const { exitCode, signal, stdoutBytes, stderrBytes } = stage
  const status: Status = heldStatus(stage, held)
  switch (status) {
    case 'wall-time-limit':
      return { ...KILLED, message: 'Time limit exceeded (wall clock)', status: 'TO' }
    case 'cpu-time-limit':
      return { ...KILLED, message: 'Time limit exceeded', status: 'TO' }
    case 'output-limit':
      return stderrBytes > stdoutBytes
        ? { ...KILLED, message: 'stderr length exceeded', status: 'EL' }
        : { ...KILLED, message: 'stdout length exceeded', status: 'OL' }
    case 'memory-limit':
      return { ...KILLED, message: 'Memory limit exceeded', status: 'SG' }
    case 'cancelled':
    case 'internal-error':
      return { ...KILLED, message: 'The program was not run to its end', status: 'XX' }
    default: {
      if (signal !== null) {
        const number = (constants.signals as Record<string, number>)[signal] ?? signal
        return { signal, code: null, message: `Caught fatal signal ${number}`, status: 'SG' }
      }
      const failed = exitCode !== 0
      const message = failed ? `Exited with error status ${exitCode}` : null
      return { signal: null, code: exitCode, message, status: failed ? 'RE' : null }
    }
  }
}

function stageResult(stage: Stage, held: LimitOverrides): StageResult {
  const { stdout, stderr, output, memoryPeakBytes, cpuMs, wallMs } = stage
  const { signal, code, message, status } = stageEnd(stage, held)
  const times = { cpu_time: Math.round(cpuMs), wall_time: Math.round(wallMs) }
  return { signal, stdout, stderr, code, output, memory: memoryPeakBytes, message, status, ...times }
}

/** The answer to `POST /execute`. A compiler that failed is told of in place of the program, too. */
export function executeResult(
  job: Job,
  { runtime, held }: Pick<Execution, 'runtime' | 'held'>,
): { compile?: StageResult; run: StageResult; language: string; version: string } {
  const compile = job.stages.find(({ name }) => name === 'compile')
  const run = job.stages.find(({ name }) => name === 'run')
  const compiled = compile && stageResult(compile, held)
  const ran = run ? stageResult(run, held) : (compiled ?? notRun(job))
  return { ...(compiled && { compile: compiled }), run: ran, ...runtime }
}

const notRun = ({ message }: Job): StageResult => ({
  signal: null,
  stdout: '',
  stderr: '',
  code: null,
  output: '',
  memory: null,
  message: message ?? 'The program could not be run',
  status: 'XX',
  cpu_time: null,
  wall_time: null,
})
