import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { packageRoot } from '../../src/shared/package-root.ts'
import { startPlatform } from '../support/platform.ts'

const run = promisify(execFile)

test('the tests of the Python client pass against a real service, none left out', async () => {
  const platform = await startPlatform()
  try {
    const env = { PATH: process.env['PATH'], RUNYARD_URL: platform.url, PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' }
    const folder = join(packageRoot(), 'clients/python')
    const { stderr } = await run('python3', ['-W', 'error', '-m', 'unittest', '-v'], { cwd: folder, env }).catch(
      (error: Error & { stderr?: string }) => ({ stderr: error.stderr ?? error.message }),
    )
    expect(stderr).toMatch(/\nRan \d\d tests in [\d.]+s\n\nOK\n$/)
  } finally {
    await platform.close()
  }
})
