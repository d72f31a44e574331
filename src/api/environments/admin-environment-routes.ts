import Type from 'typebox'
import {
  Environment,
  EnvironmentOrigin,
  type EnvironmentRecord,
  PackageBan,
} from '../../shared/environments/environment.ts'
import { operatorDetailsOf, operatorViewsOf } from '../../shared/environments/environment-views.ts'
import { findLanguage } from '../../shared/language.ts'
import { Problem } from '../../shared/problems.ts'
import { orNull } from '../../shared/schema.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { bodyValidator } from '../http/validate.ts'
import type { EnvironmentNeeds } from './environment-routes.ts'
import { readyEnvironment } from './examples.ts'

const LISTED = 100

const AdminEnvironment = Type.Object({
  ...Environment.properties,
  firstAsked: EnvironmentOrigin,
  usedAt: Type.String({ format: 'date-time', description: 'when it was last asked for or used' }),
  tenants: Type.Array(Type.String(), { description: 'who asked for it, the last one first, at most 100' }),
})
const AdminEnvironmentDetails = Type.Object({
  ...AdminEnvironment.properties,
  log: orNull(Type.String({ description: 'what the installer did and said, the last 64 KiB' })),
})
const example = {
  ...readyEnvironment,
  firstAsked: { tenant: 'acme', keyId: null, address: '192.0.2.1' },
  usedAt: '2027-01-31T12:30:00.000Z',
  tenants: ['shop', 'acme'],
}

/** @throws Problem `not-found` */
async function anyEnvironment({ records }: EnvironmentNeeds, id: string): Promise<EnvironmentRecord> {
  const record = await records.read(id.toLowerCase())
  if (!record) throw new Problem('not-found', 'the environment does not exist, or its record has expired')
  return record
}

const AdminEnvironmentList = Type.Object({ environments: Type.Array(AdminEnvironment) })
const NewPackageBan = Type.Object(
  {
    ...Type.Pick(PackageBan, ['ecosystem', 'name']).properties,
    version: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'when absent every version' })),
    reason: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
)
const PackageBanList = Type.Object({ bans: Type.Array(PackageBan) })
const ban = {
  ecosystem: 'pypi' as const,
  name: 'example',
  version: null,
  reason: 'malware',
  bannedAt: '2027-01-31T12:00:00.000Z',
}
const administration = { tag: 'Administration', scopes: ['admin'], cache: 'no-store' } as const
const newBan = bodyValidator(NewPackageBan)

/** What operators see and do of packages. */
export const adminEnvironmentRoutes = [
  defineRoute({
    ...administration,
    method: 'get',
    path: '/v1/admin/environments',
    id: 'listAllEnvironments',
    summary: 'List the environments of all tenants',
    description: 'The last 100 that were asked for or used, the last one first, with who first asked for each.',
    answers: {
      200: {
        description: 'The environments.',
        schema: AdminEnvironmentList,
        examples: {
          list: {
            summary: 'One environment',
            value: { environments: [example] },
          },
        },
      },
    },
    schemas: { AdminEnvironment, AdminEnvironmentList },
    async handle(needs: EnvironmentNeeds, { send }) {
      send(200, { environments: await operatorViewsOf(needs, await needs.records.listAll(LISTED)) })
    },
  }),
  defineRoute({
    ...administration,
    method: 'get',
    path: '/v1/admin/environments/:id',
    id: 'readAnyEnvironment',
    summary: 'Read an environment of any tenant',
    description: 'With the log of its build.',
    params: { id: PATH.environment },
    answers: {
      200: {
        description: 'The environment.',
        schema: AdminEnvironmentDetails,
        examples: { ready: { summary: 'One that is built', value: { ...example, log: null } } },
      },
    },
    schemas: { AdminEnvironmentDetails },
    async handle(needs: EnvironmentNeeds, { params, send }) {
      send(200, await operatorDetailsOf(needs, await anyEnvironment(needs, params.id)))
    },
  }),
  defineRoute({
    ...administration,
    method: 'delete',
    path: '/v1/admin/environments/:id',
    id: 'evictEnvironment',
    summary: 'Evict an environment',
    description:
      'Removes what is installed of it from every host and from the file store: within seconds, and where a job or session has it once that has ' +
      'ended. Its record stays: whoever uses it next has the same packages installed again. A ban keeps them away.',
    params: { id: PATH.environment },
    answers: { 204: { description: 'It is being removed.' } },
    async handle(needs: EnvironmentNeeds, request) {
      const record = await anyEnvironment(needs, request.params.id)
      const isInstalled = await needs.oversight.evict(record)
      if (!isInstalled)
        throw new Problem('not-found', `nothing of the environment is installed: it is ${record.view.state}`)
      const { id, dependencies } = record.view
      needs.audit(
        request,
        'environment-evicted',
        `the environment ${id} (${dependencies.join(', ').slice(0, 200)}) was evicted`,
      )
      request.send(204)
    },
  }),
  defineRoute({
    ...administration,
    method: 'get',
    path: '/v1/admin/package-bans',
    id: 'listPackageBans',
    summary: 'List the banned packages',
    answers: {
      200: {
        description: 'The bans.',
        schema: PackageBanList,
        examples: { list: { summary: 'One ban', value: { bans: [ban] } } },
      },
    },
    schemas: { PackageBan, PackageBanList },
    async handle({ records }: EnvironmentNeeds, { send }) {
      send(200, { bans: await records.bans() })
    },
  }),
  defineRoute({
    ...administration,
    method: 'post',
    path: '/v1/admin/package-bans',
    id: 'banPackage',
    summary: 'Ban a package',
    description:
      'Nobody can have it installed from then on, and jobs whose environment has it end with `environment-failed`: every host removes such environments, where a job has one once that has ended.',
    body: {
      schema: NewPackageBan,
      examples: { all: { summary: 'Every version', value: { ecosystem: 'pypi', name: 'example', reason: 'malware' } } },
      checkedBy: 'handler',
    },
    answers: {
      201: { description: 'It is banned.', schema: PackageBan, examples: { ban: { summary: 'The ban', value: ban } } },
    },
    async handle({ records, oversight, languages, audit }: EnvironmentNeeds, request) {
      const { ecosystem, name, version = null, reason = '' } = newBan(request.body)
      const made = { ecosystem, name, version, reason, bannedAt: new Date().toISOString() }
      await records.ban(made)
      await oversight.evictBanned(made, (language) => findLanguage(languages, language)?.environments?.ecosystem)
      audit(request, 'package-banned', `the package ${name}${version === null ? '' : ` ${version}`} was banned`)
      request.send(201, made)
    },
  }),
  defineRoute({
    ...administration,
    method: 'delete',
    path: '/v1/admin/package-bans',
    id: 'unbanPackage',
    summary: 'Lift the ban of a package',
    query: Type.Object(
      {
        ecosystem: PackageBan.properties.ecosystem,
        name: PackageBan.properties.name,
        version: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'as in the ban' })),
      },
      { additionalProperties: false },
    ),
    answers: { 204: { description: 'It is not banned any more.' } },
    async handle({ records, audit }: EnvironmentNeeds, request) {
      const { ecosystem, name, version } = request.query
      if (!(await records.unban(ecosystem, name, version ?? null))) {
        throw new Problem('not-found', 'there is no such ban; GET /v1/admin/package-bans lists all')
      }
      audit(
        request,
        'package-unbanned',
        `the ban of the package ${name}${version === undefined ? '' : ` ${version}`} was lifted`,
      )
      request.send(204)
    },
  }),
]
