import { setTimeout as sleep } from 'node:timers/promises'
import Type, { type Static } from 'typebox'
import { Environment, ENVIRONMENT_FAULTS, isOver } from '../../shared/environments/environment.ts'
import type { EnvironmentOversight } from '../../shared/environments/environment-oversight.ts'
import { viewOf, viewsOf } from '../../shared/environments/environment-views.ts'
import type { EnvironmentRecords } from '../../shared/environments/environment-records.ts'
import { installingLanguage, type Language } from '../../shared/language.ts'
import { SECOND } from '../../shared/limits.ts'
import { Problem } from '../../shared/problems.ts'
import type { Overview } from '../../shared/redis/worker-registry.ts'
import type { Caller } from '../http/caller.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { preferredWait } from '../http/prefer.ts'
import { invalidRequest } from '../http/problems.ts'
import { defineRoute } from '../http/route.ts'
import { bodyValidator } from '../http/validate.ts'
import { knownRuntimes } from '../load/check-workers.ts'
import { installedVersion, knownLanguage } from '../runtimes/installed.ts'
import { type Subject, subjectOf } from '../screening/subject.ts'
import type { Audit } from '../security/audit.ts'
import type { EnvironmentRequests } from './environment-requests.ts'
import { readyEnvironment } from './examples.ts'
import { MANIFESTS } from './manifest.ts'
import { packageSet } from './package-set.ts'

export interface EnvironmentNeeds {
  languages: readonly Language[]
  records: EnvironmentRecords
  oversight: EnvironmentOversight
  requests: EnvironmentRequests
  overview: () => Promise<Overview>
  open: OpenResponses
  /** @throws Problem `submission-blocked` */
  screen: (subject: Subject, caller: Caller, requestId: string, endUser: string | undefined) => unknown
  audit: Audit
}

const PLACE = '/v1/environments'
const POLL_MS = 100
const LISTED = 100

export const EnvironmentRequest = Type.Object(
  {
    language: Type.String({ minLength: 1, maxLength: 32, description: 'id or alias, see GET /v1/runtimes' }),
    dependencies: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 214 }), {
        maxItems: 100,
        description: 'packages with versions, e.g. `numpy>=2` or `lodash@4`; either this, `manifest` or `set`',
      }),
    ),
    set: Type.Optional(
      Type.String({ minLength: 1, maxLength: 65, description: 'name of a set of packages, e.g. `python/data`' }),
    ),
    manifest: Type.Optional(
      Type.String({
        maxLength: 1024 * 1024,
        description:
          'the content of a `requirements.txt`, `package.json`, `go.mod`, `Cargo.toml`, `pom.xml` or `Gemfile`, or of a `lock` from before',
      }),
    ),
  },
  { additionalProperties: false },
)
const environmentRequest = bodyValidator(EnvironmentRequest)
const ready = { ready: { summary: 'An environment that is built', value: readyEnvironment } }
const common = { tag: 'Environments', scopes: ['jobs'] } as const

export const createEnvironment = defineRoute({
  ...common,
  method: 'post',
  path: PLACE,
  id: 'createEnvironment',
  summary: 'Install packages',
  description:
    'The same request within a day is the same environment, whoever asks: it is built once. ' +
    'Returns 202 while it is built, 200 once it is. `Prefer: wait=N` waits for that.',
  headers: ['Prefer'],
  body: {
    schema: EnvironmentRequest,
    examples: {
      python: { summary: 'A package for Python', value: { language: 'python', dependencies: ['tabulate>=0.9'] } },
    },
    checkedBy: 'handler',
  },
  answers: {
    200: {
      description: 'It is built.',
      schema: Environment,
      headers: ['Location', 'Preference-Applied'],
      examples: ready,
    },
    202: { description: 'It is being built.', schema: Environment, headers: ['Location', 'Preference-Applied'] },
  },
  problems: [
    'submission-blocked',
    'unknown-language',
    'language-not-installed',
    'too-many-open',
    'tenant-queue-full',
    ...ENVIRONMENT_FAULTS,
  ],
  schemas: { EnvironmentRequest, Environment },
  async handle(needs: EnvironmentNeeds, { req, res, body, caller, requestId, send }) {
    const { languages, requests, records, open, screen } = needs
    const asked = environmentRequest(body)
    const language = installingLanguage(languages, knownLanguage(languages, asked.language))
    const { manifest, pointer } = manifestOf(asked, language)
    screen(subjectOf({ language: language.id, files: [], dependencies: manifest.names }), caller, requestId, undefined)
    if (manifest.requirements.length === 0) throw invalidRequest([{ pointer, detail: 'names no packages' }])
    const runtimes = knownRuntimes(await needs.overview())
    installedVersion(runtimes, languages, language, undefined)
    const waitSeconds = preferredWait(req.get('prefer')) ?? 0
    const signal = waitSeconds > 0 ? open.admit(res) : undefined
    const id = await requests.request(language, runtimes, manifest, caller, asked.set)
    let record = await requests.own(caller.tenant, id)
    res.location(`${PLACE}/${record.view.id}`)
    if (signal) {
      res.set('Preference-Applied', `wait=${waitSeconds}`)
      const late = AbortSignal.any([signal, AbortSignal.timeout(waitSeconds * SECOND)])
      while (!isOver(record.view) && !late.aborted) {
        await sleep(POLL_MS, undefined, { signal: late }).catch(() => undefined)
        record = (await records.read(id)) ?? record
      }
    }
    const view = await viewOf(needs, record)
    if (view.error) {
      for (const name of ['Location', 'Preference-Applied']) res.removeHeader(name)
      throw new Problem(view.error.code, view.error.detail)
    }
    send(view.state === 'ready' ? 200 : 202, view)
  },
})

/** @throws Problem `invalid-request` */
function manifestOf({ dependencies, manifest, set }: Static<typeof EnvironmentRequest>, language: Language) {
  const manifests = MANIFESTS[language.environments?.ecosystem ?? 'pypi']
  if ([dependencies, manifest, set].filter((one) => one !== undefined).length !== 1) {
    throw invalidRequest([
      { pointer: '/dependencies', detail: 'must be there, or /manifest, or /set, and only one of them' },
    ])
  }
  if (set !== undefined) return { manifest: packageSet(language, set, '/set').manifest, pointer: '/set' }
  if (manifest !== undefined) {
    const pointer = '/manifest'
    const read = manifests.read(manifest, pointer)
    if (read.errors.length > 0) throw invalidRequest(read.errors)
    return { manifest: read.manifest, pointer }
  }
  const errors = (dependencies ?? []).flatMap((text, index) => {
    const detail = manifests.requirementFault(text)
    return detail === undefined ? [] : [{ pointer: `/dependencies/${index}`, detail }]
  })
  if (errors.length > 0) throw invalidRequest(errors)
  return { manifest: manifests.fromRequirements(dependencies ?? []), pointer: '/dependencies' }
}

const EnvironmentList = Type.Object({ environments: Type.Array(Environment) })

export const environmentRoutes = [
  createEnvironment,
  defineRoute({
    ...common,
    method: 'get',
    path: PLACE,
    id: 'listEnvironments',
    summary: 'List your environments',
    description: 'The last 100 that you asked for, newest first.',
    answers: {
      200: {
        description: 'Your environments.',
        schema: EnvironmentList,
        examples: { list: { summary: 'One environment', value: { environments: [readyEnvironment] } } },
      },
    },
    cache: 'private, no-cache',
    schemas: { EnvironmentList },
    async handle(needs: EnvironmentNeeds, { caller, send }) {
      send(200, { environments: await viewsOf(needs, await needs.records.list(caller.tenant, LISTED)) })
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: `${PLACE}/:id`,
    id: 'readEnvironment',
    summary: 'Read an environment',
    params: { id: PATH.environment },
    answers: { 200: { description: 'The environment.', schema: Environment, examples: ready } },
    cache: 'private, no-cache',
    async handle(needs: EnvironmentNeeds, { caller, params, send }) {
      send(200, await viewOf(needs, await needs.requests.own(caller.tenant, params.id)))
    },
  }),
  defineRoute({
    ...common,
    method: 'delete',
    path: `${PLACE}/:id`,
    id: 'deleteEnvironment',
    summary: 'Delete an environment',
    description: 'Takes it off your list. What is installed goes by itself when nobody uses it.',
    params: { id: PATH.environment },
    answers: { 204: { description: 'It is off your list.' } },
    async handle({ requests, records }: EnvironmentNeeds, { caller, params, send }) {
      const { view } = await requests.own(caller.tenant, params.id)
      await records.remove(caller.tenant, view.id)
      send(204)
    },
  }),
]
