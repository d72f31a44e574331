import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'

test('parts of the bridge do what they say by clocks and sockets of their own', () => {
  const [program, bridge] = ['tests/sessions/bridge_parts.py', 'languages/kernel-bridge.py'].map((path) =>
    join(packageRoot(), path),
  )
  // What fails is in the error.
  execFileSync('python3', [program ?? '', bridge ?? ''], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
})
