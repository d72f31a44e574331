import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownPort } from './own-port.ts'
import { packageRoot } from '../../src/shared/package-root.ts'
import type { DocBlock } from './doc-blocks.ts'

const START_MS = 120_000

/**
 * Starts a Runyard as the block does, in a data directory and namespace and on a port of its own unless the block names them,
 * waits until it has run its first job, and stops it.
 * @throws Error with all that was printed
 */
export async function startOnce({ code, language }: DocBlock): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'runyard-docs-'))
  const command = language === 'console' ? code.replaceAll(/^\$ /gm, '') : code
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    RUNYARD_DATA_DIR: dataDir,
    RUNYARD_NAMESPACE: `docs-${randomBytes(4).toString('hex')}`,
    PORT: String(await ownPort()),
  }
  const child = spawn('bash', ['-euc', command], {
    cwd: packageRoot(),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (text += data.toString()))
  const ended = once(child, 'close')
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  try {
    for (const deadline = Date.now() + START_MS; !/Ctrl-C/.test(text); await sleep(100)) {
      if (isOver() || Date.now() > deadline) throw new Error(`it did not get to running:\n${text}`)
    }
  } finally {
    if (!isOver() && child.pid !== undefined) process.kill(-child.pid, 'SIGINT')
    await ended
    rmSync(dataDir, { recursive: true, force: true })
  }
}
