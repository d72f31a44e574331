import { ACCESS_ROUTES } from './access/access-feature.ts'
import { OVERVIEW_ROUTES } from './admin/overview.ts'
import { BATCH_ROUTES } from './batches/batches-feature.ts'
import { DOCUMENTATION_ROUTES } from './documentation/documentation-feature.ts'
import { ENVIRONMENT_ROUTES } from './environments/environments-feature.ts'
import { FILE_ROUTES } from './files/files-feature.ts'
import { HEALTH_ROUTES } from './health/health-feature.ts'
import type { RouteDescription } from './http/route.ts'
import { JOB_ROUTES } from './jobs/jobs-feature.ts'
import { METRICS_ROUTES } from './metrics/metrics-feature.ts'
import { PROBLEM_ROUTES } from './problems/problems-feature.ts'
import { RUNTIME_ROUTES } from './runtimes/runtimes-feature.ts'
import { SESSION_ROUTES } from './sessions/sessions-feature.ts'
import { SECURITY_ROUTES } from './security/security-routes.ts'
import { WEBHOOK_ROUTES } from './webhooks/webhooks-feature.ts'

/** Every route of the API, feature by feature. A test holds them to those that the app has, in both directions. */
export const ROUTES: readonly RouteDescription[] = [
  ...JOB_ROUTES,
  ...BATCH_ROUTES,
  ...PROBLEM_ROUTES,
  ...FILE_ROUTES,
  ...ENVIRONMENT_ROUTES,
  ...SESSION_ROUTES,
  ...RUNTIME_ROUTES,
  ...WEBHOOK_ROUTES,
  ...OVERVIEW_ROUTES,
  ...ACCESS_ROUTES,
  ...SECURITY_ROUTES,
  ...HEALTH_ROUTES,
  ...METRICS_ROUTES,
  ...DOCUMENTATION_ROUTES,
]
