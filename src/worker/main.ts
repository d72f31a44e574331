import { runService } from '../shared/run-service.ts'
import { startWorker } from './start-worker.ts'

await runService('worker', startWorker)
