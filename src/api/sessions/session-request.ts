import { v7 as uuid } from 'uuid'
import type { Config } from '../../shared/config/config.ts'
import { findLanguage, type Language } from '../../shared/language.ts'
import { effectiveLimits, LEAST_OPEN_FILES, type Limits, MINUTE, lowerOf } from '../../shared/limits.ts'
import { type FieldError, Problem } from '../../shared/problems.ts'
import type { Overview, Runtimes } from '../../shared/redis/worker-registry.ts'
import type { Finding } from '../../shared/security/finding.ts'
import type { SessionRequest } from '../../shared/sessions/requests.ts'
import { limitsOfSession, type SessionSpec } from '../../shared/sessions/session.ts'
import type { Caller } from '../http/caller.ts'
import { invalidRequest } from '../http/problems.ts'
import { checkFiles, checkFloors, checkLimits, checkVectors, checkWebhook } from '../jobs/request/check-request.ts'
import { ofStore, toSourceFile } from '../jobs/request/source-of-request.ts'
import { checkFit, type storedFiles } from '../jobs/request/stored-files.ts'
import { installedVersion, knownLanguage, versionMeeting } from '../runtimes/installed.ts'

/** What a session lives that asks for no other time, unless that is more than it may. */
const LIFETIME_MS = 60 * MINUTE
const DEFAULT_LANGUAGES = ['python', 'bash']
const ROOM_SECONDS = 10

/**
 * Makes a session of a request: complete and checked.
 * @param warnings what screening found in its files
 * @param fromStore its files that are given by id
 * @throws Problem
 */
export function buildSession(
  request: SessionRequest,
  {
    caller,
    requestId,
    runtimes,
    warnings,
    fromStore,
  }: {
    caller: Caller
    requestId: string
    runtimes: Runtimes
    warnings: Finding[]
    fromStore: Awaited<ReturnType<typeof storedFiles>>
  },
  { config, languages }: { config: Pick<Config, 'sessions' | 'limits' | 'webhooks'>; languages: readonly Language[] },
): SessionSpec {
  const { sessions } = config
  const language = languageOf(request, runtimes, languages)
  const ceilings = lowerOf(config.limits.ceilings, caller.ceilings)
  const { cpuMs = sessions.maxLifetimeMs, ...asked } = request.limits ?? {}
  const limits = effectiveLimits(asked, language.limits, config.limits.defaults, ceilings)
  const maxLifetimeMs = request.maxLifetimeMs ?? Math.min(LIFETIME_MS, sessions.maxLifetimeMs)
  const files = (request.files ?? []).flatMap(toSourceFile)
  const errors = [
    ...checkFiles(request.files ?? []),
    ...fromStore.errors,
    ...checkFit(files, fromStore.stored, limits, ceilings),
    ...checkLimits(asked, config.limits.defaults, ceilings),
    ...checkFloors(limits, language),
    ...checkOpenFiles(limits),
    ...checkVectors({ env: request.env }),
    ...checkWebhook(request.webhook, config.webhooks),
    ...checkTimes(request, sessions.maxLifetimeMs),
    ...checkCpu(cpuMs, sessions.maxLifetimeMs),
  ]
  if (errors.length > 0) throw invalidRequest(errors)
  const version = installedVersion(runtimes, languages, language, request.version)
  const hasKernel = language.kernel !== undefined && (runtimes.kernels ?? []).includes(language.id)
  if (request.kernel === true && !hasKernel) throw invalidRequest([kernelFault(language)])
  return {
    head: {
      id: uuid(),
      language: language.id,
      version,
      kernel: hasKernel && request.kernel !== false,
      limits: limitsOfSession(limits, cpuMs),
      metadata: request.metadata ?? {},
      warnings,
      ...(request.endUser !== undefined && { endUser: request.endUser }),
      createdAt: new Date().toISOString(),
    },
    tenant: caller.tenant,
    origin: {
      requestId,
      address: caller.address,
      keyId: caller.keyId,
      ...(request.endUser !== undefined && { endUser: request.endUser }),
    },
    idleTimeoutMs: request.idleTimeoutMs ?? Math.min(sessions.idleTimeoutMs, maxLifetimeMs),
    maxLifetimeMs,
    files,
    ...ofStore(fromStore),
    env: request.env ?? {},
    ...(request.webhook && { webhook: request.webhook }),
  }
}

/** The language that is asked for, or else the first of the usual ones that is installed. @throws Problem `unknown-language` */
export function languageOf(
  { language, version }: Pick<SessionRequest, 'language' | 'version'>,
  runtimes: Runtimes,
  languages: readonly Language[],
): Language {
  if (language !== undefined) return versionMeeting(runtimes, languages, knownLanguage(languages, language), version)
  const usual = [...DEFAULT_LANGUAGES, ...Object.keys(runtimes.languages)].find((id) => id in runtimes.languages)
  const found = findLanguage(languages, usual ?? 'python')
  if (!found) throw new Problem('language-not-installed', 'no language is installed')
  return found
}

function checkOpenFiles({ openFiles }: Limits): FieldError[] {
  if (openFiles >= LEAST_OPEN_FILES) return []
  return [{ pointer: '/limits/openFiles', detail: `is ${openFiles}; a session needs at least ${LEAST_OPEN_FILES}` }]
}

function checkCpu(cpuMs: number, mostMs: number): FieldError[] {
  if (cpuMs <= mostMs) return []
  return [{ pointer: '/limits/cpuMs', detail: `is ${cpuMs}; the most this service allows is ${mostMs}` }]
}

/** Times that are more than a session may have. */
export function checkTimes(times: { idleTimeoutMs?: number; maxLifetimeMs?: number }, mostMs: number): FieldError[] {
  return (['idleTimeoutMs', 'maxLifetimeMs'] as const).flatMap((name) => {
    const value = times[name]
    if (value === undefined || value <= mostMs) return []
    return [{ pointer: `/${name}`, detail: `is ${value}; the most this service allows is ${mostMs}` }]
  })
}

function kernelFault({ id, name, kernel }: Language): FieldError {
  const detail = kernel
    ? `needs the kernel of ${name}, which is not installed; the operator can install it with: npx runyard languages install ${id} --kernel`
    : `cannot be true: ${name} has no kernel`
  return { pointer: '/kernel', detail }
}

/**
 * Refuses a session for which no worker has room now. With no worker at all it is accepted: it waits for one for a while.
 * @throws Problem `sessions-full`
 */
export function checkRoom({ workers }: Overview, memoryBytes: number): void {
  const loads = workers.flatMap(({ sessions }) => (sessions ? [sessions] : []))
  if (workers.length === 0 || loads.some((load) => load.memoryBytes - load.usedBytes >= memoryBytes)) return
  throw new Problem(
    'sessions-full',
    `no worker has ${memoryBytes} bytes left for another session; try again in ${ROOM_SECONDS} s`,
    { headers: { 'Retry-After': String(ROOM_SECONDS) } },
  )
}
