import { runService } from '../shared/run-service.ts'
import { startWorker } from './start.ts'

await runService('worker', (config, root, log, tracing) => startWorker(config, root, log, { tracing }))
