import { readBatchRecord } from '../../shared/redis/batch-record.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import type { Core } from '../core.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { type BoundRoute, bindRoutes, type RouteRequest } from '../http/route.ts'
import type { Cancel } from '../jobs/cancellation.ts'
import type { JobSubmission } from '../jobs/job-submission.ts'
import type { JobRequestBuilder } from '../jobs/request/job-request-builder.ts'
import type { LimitEndUsers } from '../rate-limit/end-users.ts'
import { cancelBatch } from './cancel-batch.ts'
import { readBatch } from './read-batch.ts'
import { streamBatchEvents } from './stream-batch.ts'
import { submitBatch } from './submit-batch.ts'

export interface BatchesNeeds {
  records: JobReader
  submission: JobSubmission
  requests: JobRequestBuilder
  cancel: Cancel
  limitEndUsers: LimitEndUsers
  spendRest: (request: RouteRequest, tokens: number) => Promise<void>
  open: OpenResponses
}

export const BATCH_ROUTES = [submitBatch, readBatch, streamBatchEvents, cancelBatch]

/** `/v1/batches`: many jobs in one call. */
export function createBatchesFeature({ redis, keys }: Core, needs: BatchesNeeds): { routes: BoundRoute[] } {
  return { routes: bindRoutes({ ...needs, readBatch: (id) => readBatchRecord(redis, keys, id) }, BATCH_ROUTES) }
}
