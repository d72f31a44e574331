import type { Operation } from '../http/route.ts'
import { adminDashboardOperations } from './routes/admin-dashboard.ts'
import { adminJobOperations } from './routes/admin-jobs.ts'
import { adminKeyOperations } from './routes/admin-keys.ts'
import { adminSecurityOperations } from './routes/admin-security.ts'
import { batchOperations } from './routes/batches.ts'
import { jobOperations } from './routes/jobs.ts'
import { runNowOperations } from './routes/run-now.ts'
import { runtimeOperations } from './routes/runtimes.ts'
import { serviceOperations } from './routes/service.ts'
import { webhookOperations } from './routes/webhooks.ts'

/** Every route of the API. A test holds them to those that the app has, in both directions. */
export const OPERATIONS: readonly Operation[] = [
  ...jobOperations,
  ...batchOperations,
  ...runNowOperations,
  ...runtimeOperations,
  ...webhookOperations,
  ...adminDashboardOperations,
  ...adminJobOperations,
  ...adminKeyOperations,
  ...adminSecurityOperations,
  ...serviceOperations,
]
