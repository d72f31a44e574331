import Type from 'typebox'
import { Installation, InstallationEvent } from '../../../shared/redis/installations.ts'
import { AdminOverview, Series } from '../../admin/read-overview.ts'
import { SeriesQuery } from '../../admin/overview.ts'
import { AdminRuntimeList } from '../../runtimes/admin-runtimes.ts'
import { LoginRequest, SessionView } from '../../access/admin-session.ts'
import type { Operation } from '../../http/route.ts'
import { PATH } from '../../http/openapi/parameters.ts'

const common = { tag: 'Administration', scopes: ['admin'] } as const
const session = { tag: 'Administration', scopes: [], path: '/v1/admin/session' } as const

/** What the dashboard stands on: its session, how all of it stands, and what can be run. */
export const adminDashboardOperations: readonly Operation[] = [
  {
    ...session,
    method: 'post',
    id: 'logIn',
    summary: 'Log in to the dashboard',
    description:
      'With a key of the scope `admin`, or with the end of a link of `npx runyard dashboard`. A cookie then opens the ' +
      'routes of operators, for pages of this gateway itself.',
    body: {
      schema: LoginRequest,
      examples: {
        key: { summary: 'With a key', value: { key: 'ry_4f2a91c07b3e_...' }, refused: 401 },
        link: { summary: 'With a link', value: { link: 'q2Yp...' }, refused: 401 },
      },
    },
    answers: { 201: { description: 'Who is logged in.', schema: SessionView, headers: ['Set-Cookie'] } },
    problems: ['insufficient-scope'],
  },
  {
    ...session,
    method: 'get',
    id: 'readSession',
    summary: 'Read who is logged in',
    answers: { 200: { description: 'Who is; `null` when nobody is.', schema: SessionView } },
  },
  {
    ...session,
    method: 'delete',
    id: 'logOut',
    summary: 'Log out',
    answers: { 204: { description: 'Nobody is logged in.', headers: ['Set-Cookie'] } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/overview',
    id: 'readOverview',
    summary: 'Read how all of it stands',
    answers: { 200: { description: 'As of at most a second ago.', schema: AdminOverview } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/series',
    id: 'readSeries',
    summary: 'Read how it went lately',
    description: 'Figures of ten seconds each. A quantile is off by 2.5 % at most.',
    query: SeriesQuery,
    answers: { 200: { description: 'The figures.', schema: Series } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/runtimes',
    id: 'listHostRuntimes',
    summary: 'List which languages each host of workers has',
    answers: { 200: { description: 'The languages.', schema: AdminRuntimeList } },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/runtimes/{language}/install',
    id: 'installRuntime',
    summary: 'Have a language installed',
    description: 'By one worker on each host. One that is under way is not begun twice.',
    pathParameters: { language: PATH.language },
    answers: { 202: { description: 'It is asked for.', schema: Installation } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/installations/{id}',
    id: 'readInstallation',
    summary: 'Read how an installation goes',
    pathParameters: { id: PATH.installation },
    answers: { 200: { description: 'The installation.', schema: Installation } },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/installations/{id}/events',
    id: 'streamInstallationEvents',
    summary: 'Follow an installation',
    description: 'Server-sent events: `state` first, then `host` and `line`, and `result`, which is the last.',
    pathParameters: { id: PATH.installation },
    headers: ['Last-Event-ID'],
    answers: {
      200: {
        description: 'The events, as they come.',
        type: 'text/event-stream',
        schema: Type.String({ description: 'server-sent events' }),
        events: InstallationEvent,
      },
      204: { description: 'You have had `result`: there is nothing more to come.' },
    },
    problems: ['invalid-header', 'too-many-open'],
  },
]
