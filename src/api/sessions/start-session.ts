import { setTimeout as sleep } from 'node:timers/promises'
import type { Idempotency } from '../../shared/jobs/job-admission.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import { installingLanguage, type Language } from '../../shared/language.ts'
import type { SessionRequest } from '../../shared/sessions/requests.ts'
import type { Session, SessionSpec, SnapshotFile } from '../../shared/sessions/session.ts'
import type { Caller } from '../http/caller.ts'
import { ownEnvironment } from '../environments/environment-requests.ts'
import { idempotencyMismatch } from '../http/idempotency.ts'
import { whileKeyHolds } from '../http/open-responses.ts'
import { invalidRequest } from '../http/problems.ts'
import { checkSizes } from '../jobs/request/check-sizes.ts'
import { explicitly } from '../jobs/request/packages-asked.ts'
import { contentPointers, toSourceFile } from '../jobs/request/source-of-request.ts'
import { storedFiles } from '../jobs/request/stored-files.ts'
import { knownRuntimes } from '../load/check-workers.ts'
import { subjectOf } from '../screening/subject.ts'
import type { SessionNeeds, SessionStart } from './needs.ts'
import { buildSession, checkRoom, languageOf } from './session-request.ts'

/**
 * Makes a session of a request that is as its schema has it: complete and screened, and some worker has room for it now.
 * @param isRepeated whether such a session was accepted before: it has the room that there may be none of now
 * @param admit is called when it has to wait for its packages: counts the request among those that wait, and gives the signal that ends it
 * @throws Problem
 */
export async function prepareSession(
  { config, languages, screen, starting }: Pick<SessionNeeds, 'config' | 'languages' | 'screen' | 'starting'>,
  asked: SessionRequest,
  {
    caller,
    requestId,
    admit,
    isRepeated = false,
  }: { caller: Caller; requestId: string; admit: () => AbortSignal; isRepeated?: boolean },
): Promise<SessionSpec> {
  const { environments, files: kept } = starting
  const overview = await starting.overview()
  const runtimes = knownRuntimes(overview)
  const language = languageOf(asked, runtimes, languages)
  const files = (asked.files ?? []).flatMap(toSourceFile)
  const { webhook: _webhook, ...sized } = asked
  checkSizes(sized, files, config.http.maxCodeBytes)
  const installing = installingLanguage(languages, language)
  const packages = explicitly(asked.dependencies, asked.environment, language, installing.environments?.ecosystem)
  const pointers = contentPointers(asked.files)
  const subject = subjectOf({ language: language.id, files, dependencies: packages.named, pointers })
  const warnings = screen(subject, caller, requestId, asked.endUser)
  if (packages.errors.length > 0) throw invalidRequest(packages.errors)
  const fromStore = await storedFiles(asked.files ?? [], caller.tenant, (ids) => kept.readAll(ids))
  const spec = buildSession(asked, { caller, requestId, runtimes, warnings, fromStore }, { config, languages })
  if (!isRepeated) checkRoom(overview, spec.head.limits.memoryBytes)
  await pinFiles(kept, spec)
  if (asked.from !== undefined) spec.from = await ownSnapshot(kept, asked.from, spec)
  if (asked.environment !== undefined)
    return { ...spec, environment: await readyEnvironment(environments, installing, asked.environment, caller) }
  if (!packages.manifest) return spec
  const id = await environments.request(installing, runtimes, packages.manifest, caller)
  return { ...spec, environment: await installed(environments, id, caller, admit) }
}

/** How long a request waits for its packages, and how often it looks: less often when they take longer. */
const INSTALL_MS = 25 * SECOND
const INSTALL_LOOK_MS = 100
const INSTALL_LATER_LOOK_MS = 500
const AGAIN_SECONDS = 5

/**
 * The id of an environment that is asked for, once it is ready.
 * @throws Problem why it cannot be had; `unavailable` while it is built, or when nobody waits any more; `unauthenticated` as `whileKeyHolds`
 */
export async function installed(
  environments: Pick<SessionStart['environments'], 'stateOf'>,
  id: string,
  { tenant }: Caller,
  admit: () => AbortSignal,
): Promise<string> {
  const deadline = Date.now() + INSTALL_MS
  let signal: AbortSignal | undefined
  let lookMs = INSTALL_LOOK_MS
  for (;;) {
    const { state, error, progress } = await environments.stateOf(tenant, id)
    if (error) throw new Problem(error.code, error.detail)
    if (state === 'ready') return id
    signal ??= admit()
    if (Date.now() > deadline || signal.aborted) {
      const detail = `its packages are being installed (${progress ?? state}); send the request again in ${AGAIN_SECONDS} s`
      throw new Problem('unavailable', detail, { headers: { 'Retry-After': String(AGAIN_SECONDS) } })
    }
    await whileKeyHolds(
      signal,
      sleep(lookMs, undefined, { signal }).catch(() => undefined),
    )
    lookMs = Math.min(INSTALL_LATER_LOOK_MS, lookMs * 1.5)
  }
}

/** Has the content of stored files stay until the session has started. @throws Problem `invalid-request` */
async function pinFiles(
  files: SessionStart['files'],
  { head, tenant, storedFiles: stored = [] }: SessionSpec,
): Promise<void> {
  const missing = await files.pin(
    tenant,
    stored.map(({ blob }) => ({ job: head.id, blob })),
  )
  if (!missing) return
  const { path } = stored.find(({ blob }) => blob === missing.blob) ?? {}
  throw invalidRequest([{ pointer: '/files', detail: `has ${path}, which was deleted or has expired` }])
}

/** A file of the tenant, whose content stays until the session has started. @throws Problem `invalid-request` */
async function ownSnapshot(
  files: SessionStart['files'],
  id: string,
  { head, tenant }: SessionSpec,
): Promise<SnapshotFile> {
  const found = await files.read(id.toLowerCase())
  const isOwn = found?.tenant === tenant
  const missing = isOwn ? await files.pin(tenant, [{ job: head.id, blob: found.blob }]) : true
  if (isOwn && missing === undefined) return { fileId: found.file.id, blob: found.blob }
  throw invalidRequest([{ pointer: '/from', detail: 'is no file of yours; it does not exist, or it has expired' }])
}

/** The id of an environment that a session can begin with. @throws Problem `invalid-request` */
async function readyEnvironment(
  environments: SessionStart['environments'],
  language: Language,
  environment: string,
  { tenant }: Caller,
): Promise<string> {
  const found = await ownEnvironment(environments, environment, tenant)
  const pointer = '/environment'
  if (found.language !== language.id) throw invalidRequest([{ pointer, detail: `is one of ${found.language}` }])
  if (found.error) throw new Problem(found.error.code, found.error.detail)
  if (found.state === 'ready') return found.id
  const detail = `is ${found.state}; POST /v1/environments with "Prefer: wait=60" waits until it is ready`
  throw invalidRequest([{ pointer, detail }])
}

/**
 * Accepts a session. When this resolves it is on the queue, or it is the one that a repeated request made.
 * @throws Problem `too-many-sessions`, `idempotency-mismatch`; what Redis answered, when it fails
 */
export async function acceptSession(
  { config, records, starting }: Pick<SessionNeeds, 'config' | 'records' | 'starting'>,
  spec: SessionSpec,
  { maxSessions }: Pick<Caller, 'maxSessions'>,
  idempotency: Idempotency | undefined,
): Promise<{ id: string; replayed: boolean }> {
  const tenantMax = maxSessions ?? config.sessions.tenantMax
  const created = await records.create(spec, { tenantMax }, idempotency)
  if (created.kind === 'full') throw tooManySessions(tenantMax)
  if (created.kind === 'mismatch') throw idempotencyMismatch(`the session ${created.id}`)
  if (created.kind === 'replayed') return { id: created.id, replayed: true }
  const { id } = spec.head
  await starting.queue.add('start', spec, { jobId: id }).catch(async (error: unknown) => {
    await records.end(id, { reason: 'no-room', message: 'it could not be queued' }).catch(() => undefined)
    throw error
  })
  return { id, replayed: false }
}

function tooManySessions(most: number): Problem {
  return new Problem('too-many-sessions', `you have ${most} sessions, the most that is allowed; end one first`)
}

/** What a session has to end; a worker needs milliseconds. */
const END_MS = 5 * SECOND
const LOOK_MS = 20

/**
 * Ends a session, whoever is first, and waits at most 5 s until it has ended.
 * @param read the session as it is now
 * @returns the session as it is then
 */
export async function closeSession(
  { records, calls }: Pick<SessionNeeds, 'records' | 'calls'>,
  { id, tenant }: { id: string; tenant: string },
  read: () => Promise<Session>,
): Promise<Session> {
  const session = await read()
  if (session.state === 'ended') return session
  const deadline = Date.now() + END_MS
  if (session.state === 'starting') await records.end(id, { reason: 'deleted', message: null })
  else {
    const ending = calls.call({ id, tenant }, 'end', {}, { signal: AbortSignal.timeout(END_MS) })
    // Its end is looked for below, whoever brought it about.
    await ending.catch(() => undefined)
  }
  for (;;) {
    const now = await read()
    if (now.state === 'ended' || Date.now() > deadline) return now
    await sleep(LOOK_MS)
  }
}
