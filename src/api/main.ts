import { runService } from '../shared/run-service.ts'
import { startApi } from './start.ts'

await runService('api', startApi)
