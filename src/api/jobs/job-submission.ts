import type { Logger } from 'pino'
import type { JobSpec, JobSummary } from '../../shared/job.ts'
import type { FileRecords } from '../../shared/files/file-records.ts'
import type { Batch } from '../../shared/redis/batch-record.ts'
import type { JobQueue } from '../../shared/redis/job-queue.ts'
import type { Idempotency, JobAdmission, QueueBounds, Submission } from '../../shared/jobs/job-admission.ts'
import type { JobReader } from '../../shared/jobs/job-reader.ts'
import { judgesOf } from '../../shared/judging/judging-spec.ts'
import { Problem } from '../../shared/problems.ts'
import type { LiveEvents } from '../events/live-events.ts'
import type { EndedJob } from '../events/end-watch.ts'
import type { Replies } from '../events/replies.ts'
import { watchForEnd } from '../events/end-watch.ts'
import { invalidRequest } from '../http/problems.ts'
import { idempotencyMismatch } from '../http/idempotency.ts'
import { queueFull } from '../load/queue-full.ts'
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts'
import type { Replicas } from './replicas.ts'

/** A job that is on the queue. */
export interface Accepted {
  id: string
  /** Whether it was there already: the request was a repeated one. */
  replayed: boolean
}

export interface JobSubmission {
  /**
   * Accepts a job. When this resolves it is on the queue.
   * @throws Problem when the queue is full, nobody can run jobs, or the idempotency key was used for something else; what
   * Redis answered, when it fails. The job is not accepted then
   */
  submit(spec: JobSpec, idempotency: Idempotency | undefined): Promise<Accepted>
  /**
   * Accepts all jobs of a batch, or none.
   * @returns the batch, or the one that a repeated request made before
   * @throws as `submit`
   */
  submitBatch(
    specs: readonly JobSpec[],
    batch: Batch,
    idempotency: Idempotency | undefined,
  ): Promise<{ batch: Batch; replayed: boolean }>
  /**
   * Accepts a job and waits for its end.
   * @returns with the finished job, unless it did not end in time
   * @throws as `submit`
   */
  submitAndWait(
    spec: JobSpec,
    idempotency: Idempotency | undefined,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<Accepted & { job: EndedJob | undefined }>
  /** The job, once it has ended; undefined when it does not in time or the signal aborts. */
  waitForEnd(id: string, waitMs: number, signal: AbortSignal): Promise<EndedJob | undefined>
}

export interface JobSubmissionOptions {
  queue: JobQueue
  admission: JobAdmission
  records: Pick<JobReader, 'read'>
  readBatch: (id: string) => Promise<Batch | undefined>
  /** What tells of the end of a job. */
  events: { live: LiveEvents; replies: Replies }
  bounds: QueueBounds
  replicas: Replicas
  others: AcceptedByOthers
  metrics: Pick<GatewayMetrics, 'submitted' | 'refused'>
  log: Logger
}

/** What other capabilities do when jobs are accepted. */
export interface AcceptedByOthers {
  /** @throws Problem when no worker could run jobs now; these are so many */
  checkWorkers: (jobs: number) => Promise<void>
  pinFiles: FileRecords['pin']
  /** Before they are accepted: one that is noted and not there is left out later. */
  noteSubmissions: (specs: readonly JobSpec[]) => Promise<void>
  /** Has those whose packages are still being installed told how far that is. Never fails: a worker does it too. */
  followPackages: (specs: readonly JobSpec[]) => Promise<void>
}

export function createJobSubmission(options: JobSubmissionOptions): JobSubmission {
  const { queue, admission, records, readBatch, events, bounds, replicas, others, metrics, log } = options
  const { live, replies } = events

  /** @returns what a repeated request made before; undefined when these jobs are on the queue now */
  const accept = async (
    specs: readonly JobSpec[],
    idempotency: Idempotency | undefined,
    batch?: Batch,
  ): Promise<{ id: string } | undefined> => {
    await others.checkWorkers(specs.length)
    await keepFiles(specs, others.pinFiles)
    await others.noteSubmissions(specs)
    const submission: Submission = {
      jobs: specs.map((spec) => ({ ...spec, size: sizeOf(spec) })),
      bounds,
      idempotency,
      ...(batch && { batch: { id: batch.id, json: JSON.stringify(batch) } }),
    }
    const answer = await admission.admit(submission)
    if (answer.kind === 'full') {
      const bytes = submission.jobs.reduce((sum, { size }) => sum + size, 0)
      const problem = queueFull(answer.load, bounds, { jobs: specs.length, bytes })
      const { full } = answer.load
      metrics.refused(problem.code === 'queue-full' ? full : `tenant-${full}`, specs.length)
      throw problem
    }
    if (answer.kind === 'known') {
      const own = answer.id === (batch?.id ?? specs[0]?.head.id)
      if (!own && answer.fingerprint !== idempotency?.fingerprint) {
        throw idempotencyMismatch(`the ${batch ? 'batch' : 'job'} ${answer.id}`)
      }
      metrics.submitted('replayed', specs.length)
      return { id: answer.id }
    }
    const entries = specs.map((spec, index) => {
      const { head, delayMs } = spec
      const priority = answer.priorities[index] ?? 1
      return { name: 'run' as const, data: withoutRequest(spec), opts: { jobId: head.id, priority, delay: delayMs } }
    })
    try {
      await Promise.all([queue.addBulk(entries), others.followPackages(specs)])
      await replicas.confirm()
    } catch (error) {
      // They may have got there all the same; the order on the connection is kept. A request that can be repeated will be, and
      // by then somebody may count on what the first one made.
      if (!idempotency) {
        const removals = specs.map(({ head }) => queue.remove(head.id))
        await Promise.allSettled([...removals, admission.remove(submission)])
      }
      throw error
    }
    metrics.submitted('accepted', specs.length)
    for (const { head, tenant, origin } of specs) {
      const { id: jobId, language, image } = head
      log.info({ jobId, tenant, requestId: origin.requestId, keyId: origin.keyId, language, image }, 'job accepted')
    }
    return undefined
  }

  const submit = async (spec: JobSpec, idempotency: Idempotency | undefined): Promise<Accepted> => {
    const known = await accept([spec], idempotency)
    if (!known) return { id: spec.head.id, replayed: false }
    await queueAgain(known.id, spec)
    await replicas.confirm()
    return { id: known.id, replayed: known.id !== spec.head.id }
  }

  /**
   * Puts a job on the queue that has a record and may be nowhere else: the gateway that made the record was killed then, or
   * Redis was. The queue leaves alone a job that it has.
   */
  const queueAgain = async (id: string, spec: JobSpec): Promise<void> => {
    const waiting = await admission.waiting(id)
    if (!waiting) return
    const { head, priority } = waiting
    const delay = Math.max(0, Date.parse(head.createdAt) + spec.delayMs - Date.now())
    await queue.add('run', { ...withoutRequest(spec), head }, { jobId: id, priority, delay })
  }

  const finished = (id: string): Promise<JobSummary | undefined> => readEnded(records, id)

  const waitForEnd = async (id: string, waitMs: number, signal: AbortSignal): Promise<EndedJob | undefined> => {
    const watched = await watchForEnd(live, id, () => finished(id))
    const job = await finished(id).catch((error: unknown) => {
      watched.cancel()
      throw error
    })
    if (!job) return (await watched.wait(waitMs, signal)) ?? finished(id)
    watched.cancel()
    return job
  }

  return {
    submit,
    async submitBatch(specs, batch, idempotency) {
      const known = await accept(specs, idempotency, batch)
      if (!known) return { batch, replayed: false }
      const first = await readBatch(known.id)
      if (!first) throw idempotencyMismatch(`the job ${known.id}`)
      for (const [index, id] of first.jobIds.entries()) {
        const spec = specs[index]
        if (spec) await queueAgain(id, spec)
      }
      await replicas.confirm()
      return { batch: first, replayed: known.id !== batch.id }
    },
    waitForEnd,
    async submitAndWait(spec, idempotency, waitMs, signal) {
      // A client that is gone by now wants no job.
      if (signal.aborted) throw new Problem('unavailable', 'the request ended before the job was accepted')
      // Before the job is queued, so that its end is not missed. Where there is none, the job is told as it is.
      const watched = replies.watch(spec.head.id)
      try {
        const accepted = await submit(watched ? { ...spec, replyTo: replies.address } : spec, idempotency)
        if (accepted.replayed) return { ...accepted, job: await waitForEnd(accepted.id, waitMs, signal) }
        return { ...accepted, job: (await watched?.wait(waitMs, signal)) ?? (await finished(accepted.id)) }
      } finally {
        watched?.cancel()
      }
    },
  }
}

/** The job, if it has ended. */
export async function readEnded(records: Pick<JobReader, 'read'>, id: string): Promise<JobSummary | undefined> {
  const record = await records.read(id)
  return record && record.job.status !== null ? record.job : undefined
}

/** Before the jobs have records, so that no file they need goes in between. @throws Problem when one has gone */
async function keepFiles(specs: readonly JobSpec[], pin: FileRecords['pin']): Promise<void> {
  const files = specs.flatMap(({ head, storedFiles = [], judging }) => {
    const ofJudges = judgesOf(judging).flatMap((judge) => judge.storedFiles ?? [])
    return [...storedFiles, ...ofJudges].map((file) => ({ job: head.id, ...file }))
  })
  const gone = await pin(
    specs[0]?.tenant ?? '',
    files.map(({ job, blob }) => ({ job, blob })),
  )
  if (!gone) return
  const { path } = files.find(({ job, blob }) => job === gone.job && blob === gone.blob) ?? {}
  throw invalidRequest([{ pointer: '/files', detail: `has ${path}, which was deleted or has expired` }])
}

/** The request is kept with the record; a worker has no use for it. */
const withoutRequest = (spec: JobSpec): JobSpec => ({ ...spec, keptRequest: null })

/** What a job takes while it waits, in bytes: what its owner sent, and a little for what stands around it. */
function sizeOf(spec: JobSpec): number {
  const { keptRequest, files, stdin, args, compilerArgs, env, tests, expectedOutput, head, judging } = spec
  const texts = [
    ...files.flatMap(({ path, content }) => [path, content]),
    stdin,
    expectedOutput ?? '',
    keptRequest ?? '',
    ...args,
    ...compilerArgs,
    ...Object.entries(env).flat(),
    ...tests.flatMap((one) => [one.name ?? '', one.stdin ?? '', one.expectedOutput ?? '', ...(one.args ?? [])]),
    JSON.stringify(head),
    judging ? JSON.stringify(judging) : '',
  ]
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), JOB_BYTES)
}

/** What a job takes in Redis beside what its owner sent, roughly. */
const JOB_BYTES = 2048
