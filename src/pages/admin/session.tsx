import type { ComponentChildren } from 'preact'
import { useCallback, useState } from 'preact/hooks'
import type { StreamedSessionEvent } from '../../client/client.ts'
import { Badge, type Tone } from '../design/badge.tsx'
import { formatBytes } from '../design/format.ts'
import { StopIcon } from '../design/icons.tsx'
import { shown } from '../playground/output/odd-characters.ts'
import type { OutputView } from '../playground/output/output-view.ts'
import type { Api, Watch } from './api.ts'
import type { SessionRow } from './api-types.ts'
import { Confirm, type Question } from './confirm.tsx'
import { FactList } from './fact-list.tsx'
import { Live } from './live.tsx'
import { FollowedOutput, type ShownEvent } from './output.tsx'
import { Link } from './router.tsx'
import { At } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 5_000

/** What asks before a session of a tenant is ended. @param done is called when it was */
export const questionToEnd = (api: Api, { id, tenant }: SessionRow, done: () => void): Question => ({
  title: 'End this session?',
  text: `The session ${id} of the tenant ${tenant} ends, and everything in it is gone. This cannot be undone.`,
  verb: 'End it',
  work: async () => {
    await api.endSession(id)
    done()
    return `The session ${id} has ended.`
  },
})

/** How each state of a session is told to people. */
export const SESSION_TONES: Record<SessionRow['state'], Tone> = { starting: 'busy', running: 'good', ended: 'neutral' }

/** One session: whose it is, what it writes as it comes, its end. */
export function SessionPage({ api, id }: { api: Api; id: string }) {
  const polled = usePolled(() => api.session(id), EVERY_MS, [api, id])
  const { value: session, problem, refresh } = polled
  const [question, setQuestion] = useState<Question>()
  const events = useCallback((watch: Watch) => api.sessionEvents(id, watch), [api, id])
  return (
    <div class="page">
      <p class="crumb">
        <Link to="/admin/sessions">Sessions</Link>
      </p>
      <header class="head">
        <h1 class="mono id">{id}</h1>
        {session && session.state !== 'ended' && (
          <div class="actions">
            <button
              type="button"
              class="button danger"
              onClick={() => setQuestion(questionToEnd(api, session, refresh))}
            >
              <StopIcon /> End
            </button>
          </div>
        )}
      </header>
      <Live of={[polled]}>
        {session && (
          <>
            {session.message !== null && <p class="notice">{shown(session.message)}</p>}
            <Facts session={session} />
          </>
        )}
        {(session || !problem) && (
          <FollowedOutput label="Output of the session" events={events} show={showSessionEvent} onChange={refresh} />
        )}
      </Live>
      {question && <Confirm question={question} onClose={() => setQuestion(undefined)} />}
    </div>
  )
}

/** Each execution and command under a line of its own, text in place of what else it shows. */
function showSessionEvent(view: OutputView, event: StreamedSessionEvent): ShownEvent {
  switch (event.type) {
    case 'stdout':
    case 'stderr':
      view.write(event.type, event.data.data)
      return 'output'
    case 'output':
    case 'output-updated': {
      const text = event.data.data['text/plain']
      view.write('stdout', `${typeof text === 'string' ? text : Object.keys(event.data.data).join(', ')}\n`)
      return 'output'
    }
    case 'error':
      view.write('stderr', `${[...event.data.traceback, `${event.data.name}: ${event.data.value}`].join('\n')}\n`)
      return 'output'
    case 'execution':
      if (event.data.state === 'running') view.heading(`code in ${shown(event.data.context)}`)
      return 'other'
    case 'command':
      if (event.data.state === 'running') view.heading(shown(event.data.argv.join(' ')))
      return 'other'
    case 'session':
    case 'ending':
      return 'state'
    case 'gap':
      return 'gap'
    case 'ended':
      return 'last'
    default:
      return 'other'
  }
}

function Facts({ session }: { session: SessionRow }) {
  const { state, reason, tenant, endUser, language, version, limits, worker } = session
  const time = (at: string | null) => (at === null ? '–' : <At at={at} />)
  const facts: [string, ComponentChildren][] = [
    [
      'State',
      <Badge key="state" tone={SESSION_TONES[state]} words={reason === null ? state : `${state}: ${reason}`} />,
    ],
    [
      'Tenant',
      <>
        {tenant} {endUser !== undefined && <span class="faint">{shown(endUser)}</span>}
      </>,
    ],
    ['Runs', `${language} ${version}`],
    ['Memory', formatBytes(limits.memoryBytes)],
    ['Created', time(session.createdAt)],
    ['Last used', time(session.lastActiveAt)],
    ['Ends', time(session.endedAt ?? session.endsAt)],
    ['Worker', worker ?? '–'],
  ]
  return <FactList label="About the session" facts={facts} />
}
