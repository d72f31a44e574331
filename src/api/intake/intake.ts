import { v7 as uuid } from 'uuid'
import type { Config } from '../../shared/config/config.ts'
import type { JobHead, JobSpec, SourceFile } from '../../shared/job.ts'
import { findLanguage, type Language } from '../../shared/language.ts'
import { effectiveLimits, type LimitOverrides, type Limits, lowerOf } from '../../shared/limits.ts'
import type { FieldError } from '../../shared/problems.ts'
import { pathProblem } from '../../shared/path-problem.ts'
import type { Runtimes } from '../../shared/redis/worker-registry.ts'
import { CodeRequest, ContainerRequest, PRIORITIES, type RequestFile } from '../../shared/requests.ts'
import type { SecurityEvent } from '../../shared/security/security-event.ts'
import type { Screening } from '../screening/screening.ts'
import { subjectOf } from '../screening/subject.ts'
import type { Caller } from '../http/caller.ts'
import { invalidRequest } from '../http/invalid-request.ts'
import {
  checkArtifacts,
  checkCodeSize,
  checkFiles,
  checkLimits,
  checkMetadata,
  checkTexts,
  checkVectors,
  checkWebhook,
} from './check-request.ts'
import { allowedImage, installedVersion, unknownLanguage } from './installed.ts'
import { type Screened, screenWith } from './screen-with.ts'
import { bodyValidator } from './validate.ts'

/** Turns request bodies into jobs, complete and checked. */
export interface Intake {
  /** @throws Problem */
  code: (body: unknown, caller: Caller, requestId: string) => Promise<JobSpec>
  /** @throws Problem */
  container: (body: unknown, caller: Caller, requestId: string) => Promise<JobSpec>
}

export interface IntakeOptions {
  config: Config
  languages: readonly Language[]
  /** What can be run now. */
  runtimes: () => Promise<Runtimes>
  screening: Screening
  /** Told of every submission that screening refuses. */
  blocked: (event: SecurityEvent) => void
  /** Told of every screening. */
  screened: Screened
}

const codeRequest = bodyValidator(CodeRequest)
const containerRequest = bodyValidator(ContainerRequest)

export function createIntake({ config, languages, runtimes, screening, blocked, screened }: IntakeOptions): Intake {
  const { defaults } = config.limits
  const screen = screenWith(screening, blocked, screened)
  const ceilingsOf = (caller: Caller) => lowerOf(config.limits.ceilings, caller.ceilings)

  /** The owner asks for it, the operator may not allow it. */
  const isKept = (request: CodeRequest | ContainerRequest) => config.keepRequests && request.keepRequest === true

  const head = (
    request: CodeRequest | ContainerRequest,
    needs: LimitOverrides,
    ceilings: Limits,
  ): Omit<JobHead, 'kind' | 'warnings'> => ({
    id: uuid(),
    language: null,
    version: null,
    image: null,
    interactive: 'interactive' in request && request.interactive === true,
    limits: effectiveLimits(request.limits ?? {}, needs, defaults, ceilings),
    metadata: request.metadata ?? {},
    ...(isKept(request) && { requestKept: true }),
    createdAt: new Date().toISOString(),
  })

  const base = (request: CodeRequest | ContainerRequest, caller: Caller, requestId: string) => ({
    tenant: caller.tenant,
    origin: { requestId, address: caller.address, keyId: caller.keyId },
    shareable: caller.shareable,
    maxRunningJobs: caller.maxRunningJobs,
    rank: PRIORITIES.indexOf(request.priority ?? 'normal'),
    delayMs: request.delayMs ?? 0,
    webhook: request.webhook ?? caller.webhook,
    keptRequest: isKept(request) ? keptRequest(request) : null,
    artifacts: request.artifacts ? { globs: request.artifacts, ...config.artifacts } : null,
    stdin: request.stdin ?? '',
    env: request.env ?? {},
  })

  const refuse = (errors: FieldError[]) => {
    if (errors.length > 0) throw invalidRequest(errors)
  }

  return {
    async code(body, caller, requestId) {
      const request = codeRequest(body)
      const ceilings = ceilingsOf(caller)
      const language = findLanguage(languages, request.language)
      if (!language) throw unknownLanguage(request.language, languages)
      const files = sourceFiles(request, language)
      checkCodeSize(files, config.http.maxCodeBytes, request.files ? '/files' : '/code')
      const { dependencies } = request
      const pointers = request.files ? undefined : ['/code']
      const warnings = screen(subjectOf({ language: language.id, files, dependencies, pointers }), caller, requestId)
      refuse([
        ...checkSource(request),
        ...checkFiles(request.files ?? []),
        ...checkLimits(request.limits ?? {}, defaults, ceilings),
        ...checkVectors({ args: request.args, compilerArgs: request.compilerArgs, env: request.env }),
        ...checkTexts({ '/stdin': request.stdin, '/expectedOutput': request.expectedOutput }),
        ...(request.tests ?? []).flatMap(({ args, stdin, expectedOutput }, index) => [
          ...checkVectors({ [`tests/${index}/args`]: args }),
          ...checkTexts({ [`/tests/${index}/stdin`]: stdin, [`/tests/${index}/expectedOutput`]: expectedOutput }),
        ]),
        ...checkMetadata(request.metadata),
        ...checkWebhook(request.webhook, config.webhooks.allow),
        ...checkArtifacts(request.artifacts),
        ...checkCompilerArgs(request, language),
        ...checkDependencies(request, language),
      ])
      const entrypoint = findEntrypoint(request, files, language)
      const version = installedVersion(await runtimes(), language, request.version)
      return {
        ...base(request, caller, requestId),
        head: { ...head(request, language.limits, ceilings), warnings, kind: 'code', language: language.id, version },
        files,
        entrypoint,
        command: [],
        args: request.args ?? [],
        compilerArgs: request.compilerArgs ?? [],
        tests: request.tests ?? [],
        expectedOutput: request.expectedOutput ?? null,
        ...(request.terminal && { terminal: request.terminal }),
      }
    },
    async container(body, caller, requestId) {
      const request = containerRequest(body)
      const ceilings = ceilingsOf(caller)
      const files = (request.files ?? []).map(toSourceFile)
      checkCodeSize(files, config.http.maxCodeBytes, '/files')
      const subject = subjectOf({ language: undefined, files, command: request.command })
      const warnings = screen(subject, caller, requestId)
      refuse([
        ...checkFiles(request.files ?? []),
        ...checkLimits(request.limits ?? {}, defaults, ceilings),
        ...checkVectors({ command: request.command, env: request.env }),
        ...checkTexts({ '/stdin': request.stdin }),
        ...checkMetadata(request.metadata),
        ...checkWebhook(request.webhook, config.webhooks.allow),
        ...checkArtifacts(request.artifacts),
      ])
      const image = allowedImage(await runtimes(), languages, request.image)
      return {
        ...base(request, caller, requestId),
        head: { ...head(request, {}, ceilings), warnings, kind: 'container', image },
        files,
        entrypoint: '',
        command: request.command,
        args: [],
        compilerArgs: [],
        tests: [],
        expectedOutput: null,
      }
    },
  }
}

/**
 * What is kept of a request: what makes the program run as it did. Whom to tell, when to begin and what it was for are matters of
 * that one time.
 */
function keptRequest(request: CodeRequest | ContainerRequest): string {
  const { webhook: _webhook, delayMs: _delayMs, priority: _priority, metadata: _metadata, ...kept } = request
  return JSON.stringify(kept)
}

function checkSource({ code, files, tests, expectedOutput, interactive, terminal }: CodeRequest): FieldError[] {
  const errors: FieldError[] = []
  if (code === undefined && files === undefined)
    errors.push({ pointer: '/code', detail: 'is missing, and so is /files' })
  if (code !== undefined && files !== undefined) errors.push({ pointer: '/code', detail: 'cannot be used with /files' })
  if (tests !== undefined && expectedOutput !== undefined) {
    errors.push({ pointer: '/expectedOutput', detail: 'cannot be used with /tests; each test has its own' })
  }
  if (tests !== undefined && interactive === true) {
    errors.push({ pointer: '/interactive', detail: 'cannot be used with /tests' })
  }
  if (terminal !== undefined && interactive !== true) {
    errors.push({ pointer: '/terminal', detail: 'needs /interactive to be true' })
  }
  return errors
}

function sourceFiles(request: CodeRequest, language: Language): SourceFile[] {
  if (request.files) return request.files.map(toSourceFile)
  return [{ path: language.fileName, content: request.code ?? '', encoding: 'utf-8' }]
}

const toSourceFile = ({ path, content, encoding = 'utf-8', mode }: RequestFile): SourceFile => ({
  path,
  content,
  encoding,
  ...(mode !== undefined && { mode }),
})

function findEntrypoint(request: CodeRequest, files: readonly SourceFile[], language: Language): string {
  const paths = files.map(({ path }) => path)
  const { entrypoint } = request
  if (entrypoint === undefined) {
    if (paths.includes(language.fileName)) return language.fileName
    const [only, second] = paths
    if (only !== undefined && second === undefined) return only
    const detail = `is missing: none of the files is ${language.fileName}`
    throw invalidRequest([{ pointer: '/entrypoint', detail }])
  }
  if (pathProblem(entrypoint) !== undefined || !paths.includes(entrypoint)) {
    throw invalidRequest([{ pointer: '/entrypoint', detail: `must be one of ${paths.join(', ')}` }])
  }
  return entrypoint
}

function checkCompilerArgs({ compilerArgs }: CodeRequest, language: Language): FieldError[] {
  if (compilerArgs === undefined || compilerArgs.length === 0) return []
  if (language.compile?.argv.includes('{compilerArgs}')) return []
  return [{ pointer: '/compilerArgs', detail: `cannot be used: ${language.name} has no compiler options here` }]
}

/** A job has no network, so what it depends on must be in the image. */
function checkDependencies({ dependencies = [] }: CodeRequest, language: Language): FieldError[] {
  const packages = language.packages ?? []
  return dependencies.flatMap((name, index) => {
    if (packages.includes(name)) return []
    const there = packages.length > 0 ? `has ${packages.join(', ')}` : 'has no packages beside the standard library'
    return [{ pointer: `/dependencies/${index}`, detail: `is "${name}"; the image of ${language.name} ${there}` }]
  })
}
