import type {
  Allowed,
  AllowRequestBody,
  Block,
  Comparison,
  Delivery,
  EnvironmentDetails,
  EnvironmentRow,
  FileRow,
  FileStoreUse,
  Installation,
  InstallationEvent,
  Job,
  JobRow,
  JobTest,
  Key,
  NewKey,
  NewPackageBan,
  Overview,
  PackageBan,
  Page,
  Runtimes,
  SecurityEvent,
  Series,
  SessionRow,
  SessionUse,
} from './api-types.ts'
import {
  eventsOf,
  type StreamedEvent,
  type StreamedSessionEvent,
  type StreamOptions,
} from '../../client/event-stream.ts'
import type { Http } from '../../client/http.ts'

export type Watch = Pick<StreamOptions, 'signal' | 'onConnection'>
type Query = Record<string, string | undefined>

const query = (fields: Query): string => {
  const given = Object.entries(fields).filter((one): one is [string, string] => Boolean(one[1]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
const part = encodeURIComponent

/** What the dashboard asks of the gateway. Each throws a RunyardError when that refuses. */
export const createApi = (http: Http) => {
  const send = <T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    http.json<T>(path, { method, body })
  const page = async <Item>(path: string, name: string, fields: Query): Promise<Page<Item>> => {
    const { [name]: items, next } = await http.json<Record<string, Item[]> & { next: string | null }>(
      path + query(fields),
    )
    return { items: items ?? [], next }
  }
  /** Lost connections are sought without end: the page says so, and somebody looks on. */
  const follow = <Event extends { type: string; id: string }>(
    path: string,
    watch: Watch,
    isLast?: (event: Event) => boolean,
  ) => eventsOf<Event>(http, path, { ...watch, retries: Infinity }, isLast)
  return {
    overview: () => http.json<Overview>('/v1/admin/overview'),
    series: (seconds: number) => http.json<Series>(`/v1/admin/series?seconds=${seconds}`),
    jobs: (fields: Query) => page<JobRow>('/v1/admin/jobs', 'jobs', fields),
    job: (id: string) => http.json<Job>(`/v1/admin/jobs/${part(id)}`),
    jobTest: (id: string, index: number) => http.json<JobTest>(`/v1/admin/jobs/${part(id)}/tests/${index}`),
    compareSubmissions: (problem: string, tenant: string) =>
      send<Comparison>('POST', `/v1/admin/problems/${part(problem)}/similarity${query({ tenant })}`),
    /** The address of its page. */
    similarityReport: (problem: string, tenant: string) =>
      `/v1/admin/problems/${part(problem)}/similarity/report${query({ tenant })}`,
    cancel: (id: string) => send<Job>('DELETE', `/v1/admin/jobs/${part(id)}`),
    runAgain: (id: string) => send<JobRow>('POST', `/v1/admin/jobs/${part(id)}/run-again`),
    files: (fields: Query) => page<FileRow>('/v1/admin/files', 'files', fields),
    fileStore: (tenant?: string) => http.json<FileStoreUse>(`/v1/admin/files${query({ tenant, limit: '1' })}`),
    deleteFile: (id: string) => send<undefined>('DELETE', `/v1/admin/files/${part(id)}`),
    sessions: (fields: Query) => page<SessionRow>('/v1/admin/sessions', 'sessions', fields),
    sessionUse: (tenant?: string) => http.json<SessionUse>(`/v1/admin/sessions${query({ tenant, limit: '1' })}`),
    session: (id: string) => http.json<SessionRow>(`/v1/admin/sessions/${part(id)}`),
    endSession: (id: string) => send<SessionRow>('DELETE', `/v1/admin/sessions/${part(id)}`),
    environments: async () =>
      (await http.json<{ environments: EnvironmentRow[] }>('/v1/admin/environments')).environments,
    environment: (id: string) => http.json<EnvironmentDetails>(`/v1/admin/environments/${encodeURIComponent(id)}`),
    evictEnvironment: (id: string) => send<undefined>('DELETE', `/v1/admin/environments/${encodeURIComponent(id)}`),
    packageBans: async () => (await http.json<{ bans: PackageBan[] }>('/v1/admin/package-bans')).bans,
    banPackage: (ban: NewPackageBan) => send<PackageBan>('POST', '/v1/admin/package-bans', ban),
    unbanPackage: ({ ecosystem, name, version }: PackageBan) =>
      send<undefined>('DELETE', `/v1/admin/package-bans${query({ ecosystem, name, version: version ?? undefined })}`),
    events: (kind: string, cursor?: string) =>
      page<SecurityEvent>('/v1/admin/security-events', 'events', { kind, cursor, limit: '50' }),
    blocks: async () => (await http.json<{ blocks: Block[] }>('/v1/admin/blocks')).blocks,
    block: (subject: string, body: AllowRequestBody & { seconds?: number }) =>
      send<Block>('PUT', `/v1/admin/blocks/${part(subject)}`, body),
    unblock: (subject: string) => send<undefined>('DELETE', `/v1/admin/blocks/${part(subject)}`),
    allowed: async () => (await http.json<{ allowed: Allowed[] }>('/v1/admin/allowed')).allowed,
    allow: (subject: string, body: AllowRequestBody) =>
      send<Allowed>('PUT', `/v1/admin/allowed/${part(subject)}`, body),
    disallow: (subject: string) => send<undefined>('DELETE', `/v1/admin/allowed/${part(subject)}`),
    keys: async () => (await http.json<{ keys: Key[] }>('/v1/admin/keys')).keys,
    createKey: (fields: NewKey) => send<Key & { key: string }>('POST', '/v1/admin/keys', fields),
    revokeKey: (id: string) => send<Key>('DELETE', `/v1/admin/keys/${part(id)}`),
    deliveries: (fields: Query) => page<Delivery>('/v1/admin/webhook-deliveries', 'deliveries', fields),
    redeliver: (id: string) => send<Delivery>('POST', `/v1/admin/webhook-deliveries/${part(id)}/redeliver`),
    cancelDelivery: (id: string) => send<Delivery>('POST', `/v1/admin/webhook-deliveries/${part(id)}/cancel`),
    testWebhook: (tenant: string, url: string) =>
      send<Delivery>('POST', '/v1/admin/webhook-deliveries/test', { tenant, url }),
    runtimes: () => http.json<Runtimes>('/v1/admin/runtimes'),
    install: (language: string) => send<Installation>('POST', `/v1/admin/runtimes/${part(language)}/install`),
    uninstall: (language: string) => send<Installation>('POST', `/v1/admin/runtimes/${part(language)}/remove`),
    installGroup: (group: string) =>
      send<{ installations: Installation[] }>('POST', `/v1/admin/runtime-groups/${part(group)}/install`),
    jobEvents: (id: string, watch: Watch) => follow<StreamedEvent>(`/v1/admin/jobs/${part(id)}/events`, watch),
    sessionEvents: (id: string, watch: Watch) =>
      follow<StreamedSessionEvent>(`/v1/admin/sessions/${part(id)}/events`, watch, ({ type }) => type === 'ended'),
    installationEvents: (id: string, watch: Watch) =>
      follow<InstallationEvent>(`/v1/admin/installations/${part(id)}/events`, watch),
  }
}
export type Api = ReturnType<typeof createApi>
