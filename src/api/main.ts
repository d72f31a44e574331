import { loadConfig } from '../shared/config/config.ts'
import { createLog } from '../shared/log.ts'
import { packageRoot } from '../shared/package-root.ts'
import { stopSignal } from '../shared/signals.ts'
import { startApi } from './start-api.ts'

const signal = stopSignal()
try {
  const root = packageRoot()
  const config = loadConfig(root)
  const log = createLog(config.logLevel, 'api')
  const api = await startApi(config, root, log)
  const stop = async () => {
    log.info({ reason: String(signal.reason) }, 'gateway stopping')
    await api.close()
    log.info('gateway stopped')
    process.exit(0)
  }
  if (signal.aborted) await stop()
  else signal.addEventListener('abort', () => void stop().catch(fail))
} catch (error) {
  fail(error)
}

function fail(error: unknown): void {
  process.stderr.write(`runyard api: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
