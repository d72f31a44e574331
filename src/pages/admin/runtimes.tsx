import { useEffect, useRef, useState } from 'preact/hooks'
import { RunyardError } from '../../client/client.ts'
import { Badge, type Tone } from '../design/badge.tsx'
import { ProblemNotice } from '../design/problem-notice.tsx'
import { type EndFollower, followEnd } from '../playground/output/follow-end.ts'
import { shown } from '../playground/output/odd-characters.ts'
import { JumpToEnd } from '../playground/output/output-log.tsx'
import { useAction } from './act.ts'
import type { Api } from './api.ts'
import type { Installation, RuntimeRow } from './api-types.ts'
import { Live } from './live.tsx'
import { type Column, Table } from './table.tsx'
import { At } from './times.tsx'
import { usePolled } from './use-polled.ts'

const EVERY_MS = 3000

const STATES: Record<Installation['hosts'][string]['state'], { tone: Tone; words: string }> = {
  waiting: { tone: 'neutral', words: 'Waiting for a worker' },
  installing: { tone: 'busy', words: 'Installing' },
  installed: { tone: 'good', words: 'Installed' },
  failed: { tone: 'bad', words: 'Failed' },
  lost: { tone: 'warn', words: 'Worker lost' },
}

export function RuntimesPage({ api }: { api: Api }) {
  const polled = usePolled(api.runtimes, EVERY_MS, [api])
  const { value: runtimes, refresh } = polled
  const [followed, setFollowed] = useState<{ id: string; name: string }>()
  const follow = ({ name }: RuntimeRow, id: string) => setFollowed({ id, name })
  const columns: Column<RuntimeRow>[] = [
    ...COLUMNS,
    { title: 'Last installation', cell: (runtime) => <LastInstallation runtime={runtime} onFollow={follow} /> },
  ]
  return (
    <div class="page">
      <header class="head">
        <h1>Runtimes</h1>
      </header>
      {followed && <Progress key={followed.id} api={api} {...followed} onEnd={refresh} />}
      <Live of={[polled]}>
        {runtimes && (
          <section class="card listed" aria-label="Runtimes">
            <Table
              rows={runtimes}
              keyOf={({ language }) => language}
              columns={columns}
              actions={(runtime) => <InstallButton api={api} runtime={runtime} onFollow={follow} />}
            />
          </section>
        )}
      </Live>
    </div>
  )
}

type Follow = (runtime: RuntimeRow, installation: string) => void

const COLUMNS: Column<RuntimeRow>[] = [
  {
    title: 'Language',
    cell: ({ language, name }) => (
      <>
        {name} <span class="faint mono">{language}</span>
      </>
    ),
  },
  {
    title: 'Hosts',
    cell: ({ hosts }) => (
      <>
        {hosts.length === 0 && <span class="faint">no live worker</span>}
        <ul class="hosts">
          {hosts.map(({ host, version }) => (
            <li key={host}>
              <Badge tone={version === null ? 'neutral' : 'good'} words={version ?? 'not installed'} />{' '}
              <span class="faint">{host}</span>
            </li>
          ))}
        </ul>
      </>
    ),
  },
]

function LastInstallation({ runtime, onFollow }: { runtime: RuntimeRow; onFollow: Follow }) {
  const { name, installation } = runtime
  if (installation === null) return <span class="faint">–</span>
  return (
    <>
      {Object.entries(installation.hosts).map(([host, { state }]) => (
        <Badge key={host} {...STATES[state]} moving={state === 'installing'} />
      ))}{' '}
      <At at={installation.requestedAt} />{' '}
      <button type="button" class="button quiet" onClick={() => onFollow(runtime, installation.id)}>
        Show<span class="unseen"> the installation of {name}</span>
      </button>
    </>
  )
}

function InstallButton({ api, runtime, onFollow }: { api: Api; runtime: RuntimeRow; onFollow: Follow }) {
  const { language, name, hosts, installation } = runtime
  const { busy, run } = useAction()
  const install = async () => {
    onFollow(runtime, (await api.install(language)).id)
    return undefined
  }
  if (!hosts.some(({ installsOnRequest }) => installsOnRequest)) return null
  const isEverywhere = hosts.every(({ version }) => version !== null)
  return (
    <button
      type="button"
      class={`button${isEverywhere ? ' quiet' : ''}`}
      disabled={busy || installation?.over === false}
      onClick={() => void run(install)}
    >
      {isEverywhere ? 'Install again' : 'Install'}
      <span class="unseen"> {name}</span>
    </button>
  )
}

/** What the workers say while they install. */
function Progress({ api, id, name, onEnd }: { api: Api; id: string; name: string; onEnd: () => void }) {
  const log = useRef<HTMLPreElement>(null)
  const end = useRef<EndFollower>(null)
  const [follows, setFollows] = useState(true)
  const [isOver, setOver] = useState(false)
  const [hosts, setHosts] = useState<Installation['hosts']>({})
  const [problem, setProblem] = useState<RunyardError>()
  useEffect(() => {
    const pre = log.current
    if (!pre) return
    const controller = new AbortController()
    const follower = followEnd(pre, undefined, setFollows)
    end.current = follower
    const add = (text: string) => {
      pre.append(`${shown(text)}\n`)
      follower.stay()
    }
    const follow = async () => {
      for await (const event of api.installationEvents(id, { signal: controller.signal })) {
        if (event.type === 'line') add(event.data.text)
        if (event.type === 'host') {
          const { host, ...how } = event.data
          setHosts((now) => ({ ...now, [host]: how }))
          if (how.detail !== null) add(how.detail)
        }
        if (event.type === 'result') {
          setHosts(event.data.hosts)
          setOver(true)
          onEnd()
        }
      }
    }
    follow().catch((error: unknown) => {
      if (controller.signal.aborted) return
      if (!(error instanceof RunyardError)) throw error
      setProblem(error)
    })
    return () => {
      controller.abort()
      follower.close()
    }
  }, [api, id])
  return (
    <section class="card progress" aria-labelledby="progress">
      <header>
        <h2 id="progress">Installing {name}</h2>
        <span role="status">
          {Object.entries(hosts).map(([host, { state }]) => (
            <Badge
              key={host}
              tone={STATES[state].tone}
              words={`${STATES[state].words} on ${host}`}
              moving={state === 'installing'}
            />
          ))}
        </span>
      </header>
      {problem && <ProblemNotice problem={problem} />}
      <div class="output-frame">
        <pre ref={log} role="log" aria-label={`Progress of ${name}`} tabIndex={0} />
        {!follows && <JumpToEnd isLive={!isOver} onJump={() => end.current?.resume()} />}
      </div>
    </section>
  )
}
