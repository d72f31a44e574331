import type { Environment } from '../../shared/environments/environment.ts'

export const readyEnvironment: Environment = {
  id: '019d4f00-7a11-7c3e-9f27-4b5f0c7a9d20',
  language: 'python',
  version: '3.13.5',
  dependencies: ['tabulate>=0.9'],
  state: 'ready',
  progress: null,
  error: null,
  lock: 'tabulate==0.9.0 \\\n    --hash=sha256:024ca478df22e9340661486f85298cff5f6dcdba14f3813e8830015b9ed1948f\n',
  packages: [{ name: 'tabulate', version: '0.9.0' }],
  bytes: 163_840,
  files: 12,
  createdAt: '2027-01-31T12:00:00.000Z',
  finishedAt: '2027-01-31T12:00:04.000Z',
  evictedAt: null,
  ban: null,
}
