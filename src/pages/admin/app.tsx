import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { messageOf } from '../design/plain-detail.ts'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { Toasts, toast } from '../design/toasts.tsx'
import { Topbar } from '../design/topbar.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import { type Api, createApi } from './api.ts'
import { EnvironmentsPage } from './environments.tsx'
import { FilesPage } from './files.tsx'
import { JobPage } from './job.tsx'
import { JobsPage } from './jobs.tsx'
import { KeysPage } from './keys.tsx'
import { Login } from './login.tsx'
import { OverviewPage } from './overview.tsx'
import { Link, type Route, useRoute } from './router.tsx'
import { RuntimesPage } from './runtimes.tsx'
import { SecurityPage } from './security.tsx'
import { createSessionHttp, type Session, sessions, takeLink } from '../client/session.ts'
import { SessionPage } from './session.tsx'
import { SessionsPage } from './sessions.tsx'
import { WebhooksPage } from './webhooks.tsx'

const PAGES = [
  { name: '', title: 'Overview' },
  { name: 'jobs', title: 'Jobs' },
  { name: 'files', title: 'Files' },
  { name: 'sessions', title: 'Sessions' },
  { name: 'environments', title: 'Packages' },
  { name: 'security', title: 'Security' },
  { name: 'keys', title: 'Keys' },
  { name: 'webhooks', title: 'Webhooks' },
  { name: 'runtimes', title: 'Runtimes' },
] as const

type State =
  | { at: 'start' }
  | { at: 'failed'; problem: RunyardError }
  | { at: 'login'; reason: string | undefined; problem: RunyardError | undefined }
  | { at: 'in'; session: Session }

/** The dashboard: a login, then its pages. */
export function App() {
  const [state, setState] = useState<State>({ at: 'start' })
  useEffect(() => {
    begin().then(setState, (error: unknown) => {
      if (!(error instanceof RunyardError)) throw error
      setState({ at: 'failed', problem: error })
    })
  }, [])
  const logOut = async () => {
    try {
      await sessions.close()
      setState({ at: 'login', reason: 'You are logged out.', problem: undefined })
    } catch (error) {
      if (!(error instanceof RunyardError)) throw error
      toast(messageOf(error), 'bad')
    }
  }
  const ended = () => {
    const reason = 'The session has ended: it was idle, it reached its maximum age, or its key was revoked.'
    setState((now) => (now.at === 'in' ? { at: 'login', reason, problem: undefined } : now))
  }
  return (
    <>
      <a class="button skip" href="#main">
        Skip to the content
      </a>
      {state.at === 'in' ? (
        <Pages session={state.session} onLogOut={() => void logOut()} onEnded={ended} />
      ) : (
        <>
          <Topbar>
            <span class="where">Dashboard</span>
            <span class="spacer" />
          </Topbar>
          {state.at === 'failed' && (
            <main class="login" id="main">
              <ProblemNotice problem={state.problem} />
            </main>
          )}
          {state.at === 'login' && (
            <Login
              reason={state.reason}
              problem={state.problem}
              onOpen={(session) => setState({ at: 'in', session })}
            />
          )}
        </>
      )}
      <Toasts />
    </>
  )
}

async function begin(): Promise<State> {
  const link = takeLink()
  let problem: RunyardError | undefined
  if (link !== undefined) {
    try {
      return { at: 'in', session: await sessions.open({ link }) }
    } catch (error) {
      if (!(error instanceof RunyardError) || error.status !== 401) throw error
      problem = error
    }
  }
  // Who is logged in has no need of a link.
  const session = await sessions.current()
  return session ? { at: 'in', session } : { at: 'login', reason: undefined, problem }
}

function Pages({ session, onLogOut, onEnded }: { session: Session; onLogOut: () => void; onEnded: () => void }) {
  const route = useRoute()
  const ended = useRef(onEnded)
  ended.current = onEnded
  const api = useMemo(() => createApi(createSessionHttp(() => ended.current())), [])
  const [name = '', id] = route
  const page = PAGES.find((one) => one.name === name)
  const isFirst = useRef(true)
  useLayoutEffect(() => {
    document.title = `${page?.title ?? 'Not found'} · Runyard`
    // Whoever came here by a link within the page is told where they are.
    if (!isFirst.current) document.getElementById('main')?.focus()
    isFirst.current = false
    scrollTo(0, 0)
    document.querySelector('.pages [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [name, id])
  return (
    <>
      <Topbar>
        <nav aria-label="Dashboard" class="pages">
          {PAGES.map((one) => (
            <Link
              key={one.name}
              to={one.name === '' ? '/admin' : `/admin/${one.name}`}
              aria-current={one.name === name ? 'page' : undefined}
            >
              {one.title}
            </Link>
          ))}
          <a href="/admin/queues">Queues</a>
        </nav>
        <span class="spacer" />
        <span class="who" title={session.key ? `key ${session.key.id}` : 'a link from the machine itself'}>
          {session.key ? shown(session.key.name) : 'local operator'}
        </span>
        <button type="button" class="button" onClick={onLogOut}>
          Log out
        </button>
      </Topbar>
      <main id="main" tabIndex={-1}>
        <Content api={api} route={route} />
      </main>
    </>
  )
}

function Content({ api, route: [name = '', id, ...rest] }: { api: Api; route: Route }) {
  if (rest.length === 0 && name === 'jobs' && id !== undefined) return <JobPage key={id} api={api} id={id} />
  if (rest.length === 0 && name === 'sessions' && id !== undefined) return <SessionPage key={id} api={api} id={id} />
  if (id === undefined) {
    if (name === '') return <OverviewPage api={api} />
    if (name === 'jobs') return <JobsPage api={api} />
    if (name === 'files') return <FilesPage api={api} />
    if (name === 'sessions') return <SessionsPage api={api} />
    if (name === 'environments') return <EnvironmentsPage api={api} />
    if (name === 'security') return <SecurityPage api={api} />
    if (name === 'keys') return <KeysPage api={api} />
    if (name === 'webhooks') return <WebhooksPage api={api} />
    if (name === 'runtimes') return <RuntimesPage api={api} />
  }
  return (
    <div class="empty">
      <h1>This page does not exist</h1>
      <p>
        <Link to="/admin">Go to the overview</Link>
      </p>
    </div>
  )
}
