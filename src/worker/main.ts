import { loadConfig } from '../shared/config/config.ts'
import { createLog } from '../shared/log.ts'
import { packageRoot } from '../shared/package-root.ts'
import { stopSignal } from '../shared/signals.ts'
import { startWorker } from './start-worker.ts'

const signal = stopSignal()
try {
  const root = packageRoot()
  const config = loadConfig(root)
  const log = createLog(config.logLevel, 'worker')
  const worker = await startWorker(config, root, log)
  const stop = async () => {
    log.info({ reason: String(signal.reason) }, 'worker stopping')
    await worker.close()
    log.info('worker stopped')
    // Jobs that outlived the drain time still hold timers and sockets.
    process.exit(0)
  }
  if (signal.aborted) await stop()
  else signal.addEventListener('abort', () => void stop().catch(fail))
} catch (error) {
  fail(error)
}

function fail(error: unknown): void {
  process.stderr.write(`runyard worker: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
