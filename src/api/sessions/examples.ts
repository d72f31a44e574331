import {
  type Command,
  type Context,
  type Execution,
  limitsOfSession,
  type Session,
} from '../../shared/sessions/session.ts'
import { DEFAULT_LIMITS } from '../../shared/limits.ts'

export const SESSION_ID = '0193f0a4-9c5e-7b21-8f0a-2d4c6b8e1f3a'
const AT = '2027-01-31T12:00:00.000Z'

export const runningSession: Session = {
  id: SESSION_ID,
  language: 'python',
  version: '3.13.5',
  kernel: true,
  limits: limitsOfSession(DEFAULT_LIMITS, 86_400_000),
  metadata: {},
  warnings: [],
  createdAt: AT,
  state: 'running',
  reason: null,
  message: null,
  idleTimeoutMs: 600_000,
  maxLifetimeMs: 3_600_000,
  startedAt: AT,
  lastActiveAt: AT,
  endsAt: '2027-01-31T13:00:00.000Z',
  endedAt: null,
}

export const context: Context = {
  id: 'default',
  state: 'idle',
  language: 'python',
  executionCount: 1,
  queued: 0,
  message: null,
  restarts: 0,
  createdAt: AT,
}

export const execution: Execution = {
  id: '0193f0a4-a1b2-7c3d-9e4f-5a6b7c8d9e0f',
  context: 'default',
  state: 'finished',
  status: 'succeeded',
  message: null,
  executionCount: 1,
  results: [{ data: { 'text/plain': '42' }, metadata: {}, isMainResult: true }],
  stdout: '',
  stderr: '',
  error: null,
  truncated: false,
  warnings: [],
  createdAt: AT,
  startedAt: AT,
  finishedAt: AT,
}

export const command: Command = {
  id: '0193f0a4-b3c4-7d5e-8f6a-7b8c9d0e1f2a',
  argv: ['sh', '-c', 'ls'],
  background: false,
  terminal: false,
  state: 'finished',
  status: 'succeeded',
  message: null,
  pid: 12,
  exitCode: 0,
  signal: null,
  stdout: 'data.csv\n',
  stderr: '',
  truncated: false,
  cpuMs: 1.2,
  memoryPeakBytes: 2_000_000,
  warnings: [],
  startedAt: AT,
  finishedAt: AT,
}
