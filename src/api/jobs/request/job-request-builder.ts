import { v7 as uuid } from 'uuid'
import type { Config } from '../../../shared/config/config.ts'
import type { JobHead, JobSpec } from '../../../shared/job.ts'
import type { ProblemStore } from '../../../shared/judging/problem-store.ts'
import type { StoredProblem } from '../../../shared/judging/stored-problem.ts'
import { installingLanguage, type Language, versionsOf } from '../../../shared/language.ts'
import { effectiveLimits, type LimitOverrides, type Limits, lowerOf } from '../../../shared/limits.ts'
import { type FieldError, Problem } from '../../../shared/problems.ts'
import type { Runtimes } from '../../../shared/redis/worker-registry.ts'
import { CodeRequest, ContainerRequest, PRIORITIES } from '../../../shared/requests.ts'
import { subjectOf } from '../../screening/subject.ts'
import type { Caller } from '../../http/caller.ts'
import { invalidRequest } from '../../http/problems.ts'
import { bodyValidator } from '../../http/validate.ts'
import { checkJudging } from '../../../shared/judging/check-judging.ts'
import { judgingOf, withProblem } from '../../judging/judging-of-request.ts'
import {
  asPrinter,
  checkAllowed,
  checkHarness,
  checkLanguageLimits,
  limitsIn,
  withHarness,
} from '../../judging/prepare-submission.ts'
import { allowedImage, installedVersion, knownLanguage, versionMeeting } from '../../runtimes/installed.ts'
import type { EnvironmentRequests } from '../../environments/environment-requests.ts'
import { environmentOf, packageErrors, packagesAsked } from './packages-asked.ts'
import {
  checkArtifacts,
  checkFiles,
  checkFloors,
  checkLimits,
  checkStdin,
  checkVectors,
  checkWebhook,
} from './check-request.ts'
import { checkSizes } from './check-sizes.ts'
import { plainGlobs } from './glob-problem.ts'
import type { Screen } from './screen-with.ts'
import {
  checkCompilerArgs,
  checkSource,
  contentPointers,
  findEntrypoint,
  ofStore,
  ownSubmission,
  sourceFiles,
  toSourceFile,
} from './source-of-request.ts'
import { checkFit, type ReadFiles, storedFiles } from './stored-files.ts'
import { input, testsOf } from './tests-of-request.ts'
import { toUnixText } from './unix-text.ts'

/** Turns request bodies into jobs, complete and checked. */
export interface JobRequestBuilder {
  /**
   * @param as the version of the problem that is meant, for jobs that are all to have the same; the newest when absent
   * @throws Problem
   */
  code: (
    body: unknown,
    caller: Caller,
    requestId: string,
    as?: Pick<StoredProblem, 'id' | 'version'>,
  ) => Promise<JobSpec>
  /** @throws Problem */
  container: (body: unknown, caller: Caller, requestId: string) => Promise<JobSpec>
}

export interface JobRequestBuilderOptions {
  config: Config
  languages: readonly Language[]
  problems: Pick<ProblemStore, 'read' | 'content'>
  /** What can be run now. */
  runtimes: () => Promise<Runtimes>
  screen: Screen
  readFiles: ReadFiles
  environments: EnvironmentRequests
}

const codeRequest = bodyValidator(CodeRequest)
const containerRequest = bodyValidator(ContainerRequest)

export function createJobRequestBuilder({
  config,
  languages,
  problems,
  runtimes,
  screen,
  readFiles,
  environments,
}: JobRequestBuilderOptions): JobRequestBuilder {
  const { defaults } = config.limits
  const ceilingsOf = (caller: Caller) => lowerOf(config.limits.ceilings, caller.ceilings)

  /** The owner asks for it, the operator may not allow it. */
  const isKept = (request: CodeRequest | ContainerRequest) => config.keepRequests && request.keepRequest === true

  /** Who may keep no files keeps no more than what stands beside the result. */
  const artifactBounds = ({ keyId, scopes }: Caller) => {
    const { maxBytes, maxFiles, inlineBytes } = config.artifacts
    const keepsFiles = keyId !== null || scopes.includes('files')
    return { maxFiles, maxBytes: keepsFiles ? maxBytes : Math.max(1, Math.min(maxBytes, inlineBytes)) }
  }

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
    ...(request.endUser !== undefined && { endUser: request.endUser }),
    ...(isKept(request) && { requestKept: true }),
    createdAt: new Date().toISOString(),
  })

  const base = (request: CodeRequest | ContainerRequest, caller: Caller, requestId: string) => ({
    tenant: caller.tenant,
    origin: {
      requestId,
      address: caller.address,
      keyId: caller.keyId,
      ...(request.endUser !== undefined && { endUser: request.endUser }),
    },
    shareable: caller.shareable,
    maxRunningJobs: caller.maxRunningJobs,
    rank: PRIORITIES.indexOf(request.priority ?? 'normal'),
    delayMs: request.delayMs ?? 0,
    webhook: request.webhook ?? caller.webhook,
    keptRequest: isKept(request) ? keptRequest(request) : null,
    artifacts: request.artifacts ? { globs: plainGlobs(request.artifacts), ...artifactBounds(caller) } : null,
    ...input({ stdin: request.stdin ?? '', stdinEncoding: request.stdinEncoding }),
    env: request.env ?? {},
  })

  const refuse = (errors: FieldError[]) => {
    if (errors.length > 0) throw invalidRequest(errors)
  }

  /** What is refused with other mistakes rather than before them. @returns nothing when it cannot be used */
  const noting = <T>(errors: FieldError[], read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== 'invalid-request') {
        refuse(errors)
        throw error
      }
      errors.push(...(error.errors ?? []))
      return undefined
    }
  }

  /** Which of its versions. What no worker can say now is said when all of the request is read. */
  const meeting = async (language: Language, range: string | undefined): Promise<Language> => {
    const there =
      versionsOf(languages, language).length > 1 && range !== undefined
        ? await runtimes().catch(() => undefined)
        : undefined
    return there ? versionMeeting(there, languages, language, range) : language
  }

  const builder: JobRequestBuilder = {
    async code(body, caller, requestId, as) {
      const asked = codeRequest(body)
      const whole = await withProblem(asked, caller.tenant, problems, as)
      const ceilings = ceilingsOf(caller)
      const printing = whole.outputOnly === true && whole.tests ? asPrinter(whole) : undefined
      const named = knownLanguage(languages, (printing?.request ?? whole).language)
      const language = await meeting(named, whole.version)
      if (!printing) checkAllowed(whole, language, languages)
      const { request: prepared, pointers, isCode } = printing ?? withHarness(whole, language, languages)
      const ownLimits = asked.problem === undefined ? {} : asked.limits
      const request = { ...prepared, ...limitsIn(prepared, language, languages, ownLimits) }
      const files = sourceFiles(request, language)
      checkSizes(request, files, config.http.maxCodeBytes)
      const installing = installingLanguage(languages, language)
      const packages = packagesAsked(request, files, language, installing)
      const dependencies = packages.named
      const subject = subjectOf({ language: language.id, files: isCode ? files : [], dependencies, pointers })
      const found = screen(subject, caller, requestId, request.endUser)
      const fromStore = await storedFiles(request.files ?? [], caller.tenant, readFiles)
      const limits = effectiveLimits(request.limits ?? {}, language.limits, defaults, ceilings)
      const errors = [
        ...checkSource(request),
        ...checkFiles(request.files ?? []),
        ...fromStore.errors,
        ...checkLimits(request.limits ?? {}, defaults, ceilings),
        ...checkFit(files, fromStore.stored, limits, ceilings),
        ...checkFloors(limits, language),
        ...checkVectors({ args: request.args, compilerArgs: request.compilerArgs, env: request.env }),
        ...checkStdin('', request.stdin, request.stdinEncoding),
        ...(request.tests ?? []).flatMap(({ args, stdin, stdinEncoding }, index) => [
          ...checkVectors({ [`tests/${index}/args`]: args }),
          ...checkStdin(`/tests/${index}`, stdin, stdinEncoding ?? request.stdinEncoding),
        ]),
        ...(request.tests ?? []).flatMap(({ limits: own = {} }, index) => {
          const limits = { ...effectiveLimits(request.limits ?? {}, language.limits, defaults, ceilings), ...own }
          const wrong = [...checkLimits(own, defaults, ceilings), ...checkFloors(limits, language, own)]
          return wrong.map(({ pointer, detail }) => ({ pointer: `/tests/${index}${pointer}`, detail }))
        }),
        ...checkJudging(request),
        ...checkHarness(request.harness, languages),
        ...checkLanguageLimits(request.languageLimits, languages),
        ...checkWebhook(request.webhook, config.webhooks),
        ...checkArtifacts(request.artifacts),
        ...checkCompilerArgs(request, language),
      ]
      const entrypoint = noting(errors, () => findEntrypoint(request, files, language)) ?? ''
      const there = await runtimes().catch((error: unknown) => {
        refuse([...errors, ...(packages.isExplicit ? packages.errors : [])])
        throw error
      })
      errors.push(...packageErrors(packages, environments, installing, there))
      const version = noting(errors, () => installedVersion(there, languages, language, request.version)) ?? ''
      refuse(errors)
      const environment = await environmentOf(environments, request, packages, installing, there, caller)
      const judging = await judgingOf(request, (judge) => builder.code(judge, caller, requestId))
      const texts = toUnixText(pointers, files, language, entrypoint)
      return {
        ...base(asked, caller, requestId),
        head: {
          ...head(request, language.limits, ceilings),
          warnings: [...found, ...texts.warnings],
          kind: 'code',
          language: language.id,
          version,
          ...(environment !== undefined && { environment: { id: environment } }),
        },
        ...(environment !== undefined && { environment }),
        files: texts.files,
        ...ofStore(fromStore),
        ...(asked.problem !== undefined && { submission: ownSubmission(asked) }),
        entrypoint,
        command: [],
        args: request.args ?? [],
        compilerArgs: request.compilerArgs ?? [],
        ...testsOf(request),
        ...(judging && { judging }),
        expectedOutput: request.expectedOutput ?? null,
        ...(request.terminal && { terminal: request.terminal }),
      }
    },
    async container(body, caller, requestId) {
      const request = containerRequest(body)
      const ceilings = ceilingsOf(caller)
      const files = (request.files ?? []).flatMap(toSourceFile)
      checkSizes({ files: [], ...request }, files, config.http.maxCodeBytes)
      const pointers = contentPointers(request.files)
      const subject = subjectOf({ language: undefined, files, command: request.command, pointers })
      const warnings = screen(subject, caller, requestId, request.endUser)
      const fromStore = await storedFiles(request.files ?? [], caller.tenant, readFiles)
      const limits = effectiveLimits(request.limits ?? {}, {}, defaults, ceilings)
      refuse([
        ...checkFiles(request.files ?? []),
        ...fromStore.errors,
        ...checkLimits(request.limits ?? {}, defaults, ceilings),
        ...checkFit(files, fromStore.stored, limits, ceilings),
        ...checkVectors({ command: request.command, env: request.env }),
        ...checkStdin('', request.stdin, request.stdinEncoding),
        ...checkWebhook(request.webhook, config.webhooks),
        ...checkArtifacts(request.artifacts),
      ])
      const image = allowedImage(await runtimes(), languages, request.image)
      return {
        ...base(request, caller, requestId),
        head: { ...head(request, {}, ceilings), warnings, kind: 'container', image },
        files,
        ...ofStore(fromStore),
        entrypoint: '',
        command: request.command,
        args: [],
        compilerArgs: [],
        tests: [],
        expectedOutput: null,
      }
    },
  }
  return builder
}

/**
 * What is kept of a request: what makes the program run as it did. Whom to tell, when to begin and what it was for are matters of
 * that one time, as is for whom.
 */
function keptRequest(request: CodeRequest | ContainerRequest): string {
  const {
    webhook: _webhook,
    delayMs: _delayMs,
    priority: _priority,
    metadata: _metadata,
    endUser: _endUser,
    ...kept
  } = request
  return JSON.stringify(kept)
}
