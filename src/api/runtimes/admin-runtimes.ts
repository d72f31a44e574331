import Type from 'typebox'
import { findLanguage, type Language } from '../../shared/language.ts'
import type { LanguageGroup } from '../../shared/language-groups.ts'
import { Problem } from '../../shared/problems.ts'
import {
  AdminRuntime,
  AdminRuntimeGroup,
  Installation,
  type InstallationAction,
  InstallationEvent,
  type Installations,
} from '../../shared/redis/installations.ts'
import type { Overview, WorkerInfo } from '../../shared/redis/worker-registry.ts'
import { BEGINNING, type EventFeed, isEventId } from '../events/event-feed.ts'
import type { OpenResponses } from '../http/open-responses.ts'
import { PATH } from '../http/parameters.ts'
import { defineRoute } from '../http/route.ts'
import { eventStreamOf, sendEvents } from '../http/sse.ts'
import type { Audit } from '../security/audit.ts'

export interface HostsNeeds {
  languages: readonly Language[]
  groups: readonly LanguageGroup[]
  /** Bytes on the disk by id of a language. */
  sizes: ReadonlyMap<string, number>
  overview: () => Promise<Overview>
  installations: Installations
}

const AdminRuntimeList = Type.Object({
  runtimes: Type.Array(AdminRuntime),
  groups: Type.Array(AdminRuntimeGroup, { description: 'languages that are installed together' }),
})
const InstallationList = Type.Object({ installations: Type.Array(Installation) })

const common = { tag: 'Administration', scopes: ['admin'], cache: 'no-store' } as const

/** Which languages each host of workers has, and having them installed. */
export const adminRuntimeRoutes = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/runtimes',
    id: 'listHostRuntimes',
    summary: 'List the installed languages of each host',
    answers: { 200: { description: 'The languages.', schema: AdminRuntimeList } },
    schemas: { AdminRuntime, AdminRuntimeGroup, AdminRuntimeList },
    async handle({ languages, groups, sizes, overview, installations }: HostsNeeds, { send }) {
      const { workers } = await overview()
      const last = new Map(
        (await installations.latest(languages.map(({ id }) => id))).map((one) => [one.language, one] as const),
      )
      const runtimes = languages.map((language) => ({
        language: language.id,
        name: language.name,
        default: language.default,
        imageBytes: sizes.get(language.id) ?? null,
        hosts: hostsOf(workers).map(([host, there]) => ({
          host,
          workers: there.length,
          version: there.map(({ runtimes: { languages: versions } }) => versions[language.id]).find(Boolean) ?? null,
          installsOnRequest: there.some(({ installsOnRequest }) => installsOnRequest === true),
        })),
        installation: last.get(language.id) ?? null,
      }))
      send(200, { runtimes, groups: groups.map(({ id, ...group }) => ({ group: id, ...group })) })
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/runtimes/:language/install',
    id: 'installRuntime',
    summary: 'Install a language',
    description:
      'One worker on each host installs it. A second request joins the installation in progress; a removal in progress refuses it.',
    params: { language: PATH.language },
    answers: { 202: { description: 'The installation was requested.', schema: Installation } },
    problems: ['runtime-busy'],
    async handle(needs: HostsNeeds & { audit: Audit }, request) {
      const language = knownHere(needs.languages, request.params.language)
      request.send(202, await requestAction(needs, request, language, 'install'))
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/runtimes/:language/remove',
    id: 'removeRuntime',
    summary: 'Remove a language',
    description:
      'One worker on each host removes its image; jobs in it are refused from then on. A second request joins the removal in progress; an installation in progress refuses it.',
    params: { language: PATH.language },
    answers: { 202: { description: 'The removal was requested.', schema: Installation } },
    problems: ['runtime-busy'],
    async handle(needs: HostsNeeds & { audit: Audit }, request) {
      const language = knownHere(needs.languages, request.params.language)
      request.send(202, await requestAction(needs, request, language, 'remove'))
    },
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/v1/admin/runtime-groups/:group/install',
    id: 'installRuntimeGroup',
    summary: 'Install the languages of a group',
    description:
      'Each language of the group that a host lacks is installed, one after another; the list is empty when none lacks any.',
    params: { group: PATH.languageGroup },
    answers: { 202: { description: 'The installations were requested.', schema: InstallationList } },
    schemas: { InstallationList },
    problems: ['runtime-busy'],
    async handle(needs: HostsNeeds & { audit: Audit }, request) {
      const { languages, groups, overview } = needs
      const group = groups.find(({ id }) => id === request.params.group.toLowerCase())
      if (!group) throw new Problem('not-found', 'the group does not exist; GET /v1/admin/runtimes lists all')
      const { workers } = await overview()
      const missing = languages.filter(
        ({ id }) =>
          group.languages.includes(id) && workers.some(({ runtimes }) => runtimes.languages[id] === undefined),
      )
      const requested: Installation[] = []
      for (const language of missing) requested.push(await requestAction(needs, request, language, 'install'))
      request.send(202, { installations: requested })
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/installations/:id',
    id: 'readInstallation',
    summary: 'Read an installation',
    params: { id: PATH.installation },
    answers: { 200: { description: 'The installation.', schema: Installation } },
    async handle({ installations }: { installations: Installations }, { params, send }) {
      send(200, await readOne(installations, params.id))
    },
  }),
  defineRoute({
    ...common,
    method: 'get',
    path: '/v1/admin/installations/:id/events',
    id: 'streamInstallationEvents',
    summary: 'Follow an installation',
    description: 'Server-sent events: `state`, then `host` and `line`, and `result` as the last.',
    params: { id: PATH.installation },
    headers: ['Last-Event-ID'],
    answers: {
      200: eventStreamOf(InstallationEvent),
      204: { description: 'You have received `result`; no more events follow.' },
    },
    problems: ['invalid-header', 'too-many-open'],
    async handle(needs: { installations: Installations; feed: EventFeed; open: OpenResponses }, { req, res, params }) {
      const { installations, feed, open } = needs
      const { id } = await readOne(installations, params.id)
      const after = req.get('last-event-id') || BEGINNING
      if (!isEventId(after) || !(await feed.known(id, after))) {
        throw new Problem('invalid-header', 'Last-Event-ID must be the id of an event of this installation')
      }
      if ((await feed.rest(id, after)) === 'read' && (await readOne(installations, id)).over) {
        return void res.status(204).end()
      }
      if (req.method === 'HEAD') return void res.type('text/event-stream').end()
      const signal = open.admit(res)
      await sendEvents(res, feed.read(id, after, signal), signal)
    },
  }),
]

function knownHere(languages: readonly Language[], name: string): Language {
  const language = findLanguage(languages, name)
  if (language) return language
  throw new Problem('not-found', 'the language does not exist; GET /v1/admin/runtimes lists all')
}

/**
 * Asks the workers of each host that may, and notes who asked.
 * @throws Problem `unavailable` when none may, `runtime-busy` when the opposite is in progress
 */
async function requestAction(
  { overview, installations, audit }: Pick<HostsNeeds, 'overview' | 'installations'> & { audit: Audit },
  request: Parameters<Audit>[0],
  language: Language,
  action: InstallationAction,
): Promise<Installation> {
  const { workers } = await overview()
  const hosts = hostsOf(workers.filter(({ installsOnRequest }) => installsOnRequest)).map(([host]) => host)
  if (hosts.length === 0) {
    throw new Problem('unavailable', 'no worker that is alive installs languages on request (INSTALL_ON_REQUEST)')
  }
  const { installation, isNew } = await installations.request(language.id, action, hosts)
  if (installation.action !== action) {
    const current = `${language.name} is being ${installation.action === 'install' ? 'installed' : 'removed'}`
    throw new Problem('runtime-busy', `${current} (${installation.id}); ask again when that has ended`)
  }
  const what = action === 'install' ? 'installed on' : 'removed from'
  if (isNew) audit(request, `runtime-${action}`, `${language.name} is to be ${what} ${hosts.join(', ')}`)
  return installation
}

async function readOne(installations: Pick<Installations, 'read'>, id: string) {
  const found = await installations.read(id.toLowerCase())
  if (!found) throw new Problem('not-found', 'the installation does not exist, or its record has expired')
  return found
}

/** Workers by their host, in the order of its name. */
function hostsOf(workers: readonly WorkerInfo[]): [host: string, workers: WorkerInfo[]][] {
  const hosts = new Map<string, WorkerInfo[]>()
  for (const worker of workers) hosts.set(worker.host, [...(hosts.get(worker.host) ?? []), worker])
  return [...hosts].sort(([a], [b]) => (a < b ? -1 : 1))
}
